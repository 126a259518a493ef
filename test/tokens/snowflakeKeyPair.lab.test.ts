import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';

import { type Credential, tokenOf } from '../../src/core/credential.ts';
import type { PassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { snowflakeKeyPair } from '../../src/tokens/snowflakeKeyPair.ts';
import { type LabSnowflakeKeyPair, startSnowflakeKeyPair } from '../lab/tokenServices/snowflakeKeyPair.ts';
import { path as settingsPath, type RunningSource, startSource } from './harness.ts';

const endpoint = 'abc123-coffee-lab.snowflakecomputing.app';
const passphrase = 'CANARY horse staple';

describe('A key pair for Snowflake', () => {
  let folder: string;
  let keyFile: string;
  let encryptedFile: string;
  let publicKey: KeyObject;
  let fingerprint: string;
  let snowflake: LabSnowflakeKeyPair;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'data-passport-snowflake-'));
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    publicKey = pair.publicKey;
    fingerprint = fingerprintOf(publicKey);
    keyFile = path.join(folder, 'rsa_key.p8');
    encryptedFile = path.join(folder, 'encrypted.p8');
    const form = { type: 'pkcs8', format: 'pem' } as const;
    await writeFile(keyFile, pair.privateKey.export(form), { mode: 0o600 });
    const closed = pair.privateKey.export({ ...form, cipher: 'aes-256-cbc', passphrase });
    await writeFile(encryptedFile, closed, { mode: 0o600 });
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    snowflake = await startSnowflakeKeyPair({ account: 'COFFEE-LAB', endpoint });
    snowflake.addPublicKey('alice', pemOf(publicKey));
  });
  afterEach(() => snowflake.close());

  const start = (settings: object = {}, secrets = {}): RunningSource =>
    startSource(snowflakeKeyPair, {
      name: 'snowflakeKeyPair',
      settings: { account: 'coffee-lab', user: 'alice', privateKeyFile: keyFile, ...settings },
      secrets,
    });

  const exchange = (more: object = {}): object => ({
    exchange: { endpoint, host: snowflake.host, protocol: 'http', ...more },
  });

  /** As whom the SQL API takes it, or the reason why not. */
  async function login(credential: Credential): Promise<string | undefined> {
    const response = await fetch(`${snowflake.url}/api/v2/statements`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenOf(credential.reveal())}`,
        'x-snowflake-authorization-token-type': 'KEYPAIR_JWT',
        'user-agent': 'test',
      },
      body: '{}',
    });
    const body = (await response.json()) as { readonly data: readonly (readonly string[])[] | null };
    return body.data?.[0]?.[0] ?? snowflake.requests.at(-1)?.problem;
  }

  function assertNoSecret(source: RunningSource, error: PassportError): void {
    const told = JSON.stringify([error.facts(), error.message, error.fix, String(error.cause)]);
    for (const secret of source.known) assert.equal(told.includes(secret), false);
    assert.doesNotMatch(told, /CANARY|eyJ|PRIVATE KEY/);
  }

  it('signs a JWT by which Snowflake lets its user in', async () => {
    const source = start();
    const credential = await source.get();
    const token = tokenOf(credential.reveal()) ?? '';
    const { header, claims } = decodeJwt(token) ?? { header: {}, claims: {} };
    const { iat, exp, ...named } = claims as { iat: number; exp: number };
    assert.deepEqual(
      {
        kind: credential.kind,
        who: await login(credential),
        header,
        named,
        life: exp - iat,
        isInThePast: iat * 1000 < source.now(),
        known: source.known.includes(token),
        asked: source.asked,
      },
      {
        kind: 'keyPairJwt',
        who: 'ALICE',
        header: { alg: 'RS256', typ: 'JWT' },
        named: { iss: `COFFEE-LAB.ALICE.${fingerprint}`, sub: 'COFFEE-LAB.ALICE' },
        life: 300,
        isInThePast: true,
        known: true,
        asked: [],
      },
    );
  });

  it('names the account as Snowflake wants it in a JWT, however it is written', async () => {
    const names: Record<string, string> = {
      'coffee-lab': 'COFFEE-LAB',
      'coffee.lab': 'COFFEE-LAB',
      'Coffee-lab_eu': 'COFFEE-LAB_EU',
      xy12345: 'XY12345',
      'xy12345.us-east-1': 'XY12345',
      'xy12345.west-europe.azure': 'XY12345',
      'xy12345.us-gov-west-1.fhplus.aws': 'XY12345',
      'xy12345.us-east-1.privatelink': 'XY12345',
      'coffee-lab.privatelink': 'COFFEE-LAB',
      'sales-coffee123.global': 'SALES',
    };
    const found = await Promise.all(
      Object.keys(names).map(async (account) => {
        const token = tokenOf((await start({ account }).get()).reveal()) ?? '';
        return [account, decodeJwt(token)?.claims['sub']];
      }),
    );
    assert.deepEqual(
      found,
      Object.entries(names).map(([account, name]) => [account, `${name}.ALICE`]),
    );
  });

  it('sends secrets to the host of the account alone, and only for an exchange', () => {
    const hosts = (account: string, more: object = {}): readonly string[] | undefined =>
      snowflakeKeyPair.hosts?.(
        snowflakeKeyPair.settings.parse({ account, user: 'alice', privateKeyFile: keyFile, ...more }),
      );
    assert.deepEqual(
      [
        hosts('coffee-lab'),
        hosts('Coffee-lab_eu', { exchange: { endpoint } }),
        hosts('coffee.lab', { exchange: { endpoint } }),
        hosts('xy12345.us-east-1', { exchange: { endpoint } }),
        hosts('coffee-lab.privatelink', { exchange: { endpoint } }),
        hosts('coffee-lab', { exchange: { endpoint, host: 'coffee-lab.snowflakecomputing.cn' } }),
      ],
      [
        [],
        ['coffee-lab-eu.snowflakecomputing.com'],
        ['coffee-lab.snowflakecomputing.com'],
        ['xy12345.us-east-1.snowflakecomputing.com'],
        ['coffee-lab.privatelink.snowflakecomputing.com'],
        ['coffee-lab.snowflakecomputing.cn'],
      ],
    );
  });

  it('refuses settings that would send a secret in the clear, elsewhere or for too long', () => {
    const own = { account: 'coffee-lab', user: 'alice', privateKeyFile: keyFile };
    const bad: readonly object[] = [
      { exchange: { endpoint, protocol: 'http' } },
      { exchange: { endpoint, protocol: 'http', host: 'coffee-lab.snowflakecomputing.com' } },
      { exchange: { endpoint, protocol: 'http', host: '127.0.0.1.evil.example' } },
      { exchange: { endpoint, host: 'user@evil.example' } },
      { exchange: { endpoint, host: 'coffee.example/path' } },
      { exchange: { endpoint: `${endpoint} session:role:ADMIN` } },
      { exchange: { endpoint: `https://${endpoint}` } },
      { exchange: { endpoint, role: 'ANALYST other.example' } },
      { lifetimeSeconds: 3601 },
      { lifetimeSeconds: 59 },
      { account: 'coffee.example/x' },
      { passphrase },
    ];
    assert.deepEqual(
      bad.map((settings) => snowflakeKeyPair.settings.safeParse({ ...own, ...settings }).success),
      bad.map(() => false),
    );
  });

  it('mints the next JWT before Snowflake would find one too old, and uses one for a burst of calls', async () => {
    const source = start({ lifetimeSeconds: 3600 });
    const first = await source.get();
    const burst = await source.get();
    source.later(25);
    snowflake.shiftClock(25);
    const second = await source.get();
    assert.deepEqual(
      { burst: burst.id === first.id, renewed: second.id !== first.id, who: await login(second) },
      { burst: true, renewed: true, who: 'ALICE' },
    );
    // What the cache would have kept: good for an hour by its own word, and refused.
    snowflake.shiftClock(65);
    assert.equal(await login(first), '394302');
  });

  it('is let in while the clocks differ by some seconds, to both sides', async () => {
    const outcomes: (string | undefined)[] = [];
    for (const seconds of [-8, 0, 20, 45, -30, 90]) {
      snowflake.shiftClock(seconds);
      outcomes.push(await login(await start().get()));
    }
    assert.deepEqual(outcomes, ['ALICE', 'ALICE', 'ALICE', 'ALICE', '394302', '394302']);
  });

  it('mints anew after a rejection, with the key that is in the file by then', async () => {
    const rotated = generateKeyPairSync('rsa', { modulusLength: 3072 });
    const file = path.join(folder, 'rotating.p8');
    await writeFile(file, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8), {
      mode: 0o600,
    });
    const source = start({ privateKeyFile: file });
    const first = await source.get();
    const before = await login(first);
    await writeFile(file, rotated.privateKey.export(pkcs8));
    snowflake.addPublicKey('alice', pemOf(rotated.publicKey));
    const second = await source.get({ rejected: first.id });
    assert.deepEqual([before, await login(second), second.id !== first.id], ['394304', 'ALICE', true]);
  });

  it('asks for the passphrase of an encrypted key, and says so when it is missing or wrong', async () => {
    const stored = (value: string) => ({ passphrase: { id: 'one', value } });
    const source = start({ privateKeyFile: encryptedFile }, stored(passphrase));
    assert.equal(await login(await source.get()), 'ALICE');
    assert.equal(source.known[0], passphrase);
    for (const secrets of [{}, stored('CANARY wrong')]) {
      const failing = start({ privateKeyFile: encryptedFile }, secrets);
      const error = await failing.fails();
      assert.deepEqual(error.facts(), {
        code: 'DP-KEY-PASSPHRASE',
        params: { connection: 'sales', file: encryptedFile },
      });
      assertNoSecret(failing, error);
    }
    assert.deepEqual(snowflakeKeyPair.secrets?.({}), [
      { name: 'passphrase', title: 'passphrase of the private key', kind: 'password', required: false },
    ]);
  });

  it('does not use a key that others can read', async (t) => {
    if (process.platform === 'win32') return t.skip('Windows has no such bits');
    await chmod(keyFile, 0o644);
    try {
      assert.equal((await start().fails()).code, 'DP-KEY-FILE');
    } finally {
      await chmod(keyFile, 0o600);
    }
  });

  it('exchanges the JWT for the token of an endpoint, which comes as plain text', async () => {
    const source = start(exchange());
    const credential = await source.get();
    const token = tokenOf(credential.reveal()) ?? '';
    const own = decodeJwt(token)?.claims['exp'];
    assert.deepEqual(
      {
        kind: credential.kind,
        who: snowflake.ownerOf(token),
        audience: credential.audience,
        endsWithTheToken: credential.expiresAt?.getTime() === Number(own) * 1000,
        known: source.known.includes(token),
        assertionKnown: source.known.some((each) => decodeJwt(each)?.claims['sub'] === 'COFFEE-LAB.ALICE'),
        asked: source.asked,
        requests: snowflake.requests,
      },
      {
        kind: 'endpointToken',
        who: { user: 'ALICE', role: 'ANALYST' },
        audience: endpoint,
        endsWithTheToken: true,
        known: true,
        assertionKnown: true,
        asked: [`${snowflake.url}/oauth/token`],
        requests: [{ method: 'POST', path: '/oauth/token', status: 200, scope: endpoint }],
      },
    );
  });

  it('asks for the role that the settings name, before the endpoint', async () => {
    const source = start(exchange({ role: 'MANAGER' }));
    const token = tokenOf((await source.get()).reveal()) ?? '';
    assert.deepEqual(
      [snowflake.ownerOf(token), snowflake.requests[0]?.scope],
      [{ user: 'ALICE', role: 'MANAGER' }, `session:role:MANAGER ${endpoint}`],
    );
  });

  it('renews the token of an endpoint at its end and after a rejection', async () => {
    const source = start(exchange());
    const first = await source.get();
    const again = await source.get();
    const second = await source.get({ rejected: first.id });
    source.later(700);
    snowflake.shiftClock(700);
    const third = await source.get();
    assert.deepEqual(
      {
        cached: again.id === first.id,
        ids: new Set([first.id, second.id, third.id]).size,
        good: snowflake.ownerOf(tokenOf(third.reveal()) ?? '') !== undefined,
        over: snowflake.ownerOf(tokenOf(first.reveal()) ?? ''),
        asked: source.asked.length,
      },
      { cached: true, ids: 3, good: true, over: undefined, asked: 3 },
    );
  });

  it('uses an opaque token until it is refused', async () => {
    snowflake.setOpaque();
    const credential = await start(exchange()).get();
    assert.deepEqual(
      [credential.expiresAt, snowflake.ownerOf(tokenOf(credential.reveal()) ?? '')],
      [undefined, { user: 'ALICE', role: 'ANALYST' }],
    );
  });

  it('says which key of whom was refused, with the reason as far as Snowflake tells it', async () => {
    const reasons: Record<string, () => [settings: object, problem: string]> = {
      'another key': () => {
        snowflake.removePublicKeys('alice');
        return [{}, '394304'];
      },
      'an unknown user': () => [{ user: 'carol' }, '394300'],
      'another account': () => [{ account: 'coffee-other' }, '394307'],
      'a clock behind': () => {
        snowflake.shiftClock(3600);
        return [{}, '394302'];
      },
      'a clock ahead': () => {
        snowflake.shiftClock(-3600);
        return [{}, '394302'];
      },
    };
    for (const arrange of Object.values(reasons)) {
      const [settings, problem] = arrange();
      const source = start({ ...exchange(), ...settings });
      const hidden = await source.fails();
      snowflake.tellReasons();
      const told = await source.fails();
      const { account, user } = { account: 'coffee-lab', user: 'alice', ...settings };
      const params = {
        service: snowflake.host,
        connection: 'sales',
        fingerprint,
        principal: `${account}.${user}`.toUpperCase(),
      };
      assert.deepEqual(
        [hidden.code, hidden.params, told.code, told.params, snowflake.requests.at(-1)?.problem],
        ['DP-KEY-REFUSED', { ...params, error: '390144' }, 'DP-KEY-REFUSED', { ...params, error: problem }, problem],
      );
      assert.match(hidden.detail ?? '', /SYSTEM\$GET_LOGIN_FAILURE_DETAILS\('[\da-f-]{36}'\)/);
      assertNoSecret(source, told);
      await snowflake.close();
      snowflake = await startSnowflakeKeyPair({ account: 'COFFEE-LAB', endpoint });
      snowflake.addPublicKey('alice', pemOf(publicKey));
    }
  });

  it('tells a role or an endpoint that is not allowed from a key that is refused', async () => {
    snowflake.addPublicKey('bob', pemOf(publicKey));
    const role = await start({ user: 'bob', ...exchange({ role: 'MANAGER' }) }).fails();
    const other = 'other-coffee-lab.snowflakecomputing.app';
    const elsewhere = await start(exchange({ endpoint: other })).fails();
    const params = { service: snowflake.host, connection: 'sales', path: `${settingsPath}.exchange` };
    assert.deepEqual(
      [role.facts(), elsewhere.facts()],
      [
        {
          code: 'DP-EXCHANGE-REFUSED',
          params: { ...params, error: '390186', audience: endpoint, scopes: `session:role:MANAGER ${endpoint}` },
        },
        {
          code: 'DP-EXCHANGE-REFUSED',
          params: { ...params, error: 'invalid_scope', audience: other, scopes: other },
        },
      ],
    );
  });

  it('uses nothing but a token in plain text, and shows nothing of what else came', async () => {
    const expired = `${part({ alg: 'none' })}.${part({ exp: 1_700_000_000 })}.x`;
    const answers: readonly (readonly [status: number, body: string, code: string, problem: string])[] = [
      [200, '', 'DP-TOKEN-SERVICE-ANSWER', 'it is empty'],
      [200, ' \n', 'DP-TOKEN-SERVICE-ANSWER', 'it is empty'],
      [200, '<html>CANARY</html>', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, '{"access_token":"CANARY"}', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, 'CANARY\u0000', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [200, 'CANARY CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'it is not a token in plain text'],
      [404, 'CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'HTTP status 404'],
      [307, 'CANARY', 'DP-TOKEN-SERVICE-ANSWER', 'HTTP status 307, a redirect'],
      [200, '{"error":"CANARY is not a word"}', 'DP-EXCHANGE-REFUSED', 'an unknown error'],
      [200, '{"code":"394304","message":"CANARY"}', 'DP-KEY-REFUSED', '394304'],
      [503, 'CANARY', 'DP-TOKEN-SERVICE-UNREACHABLE', 'HTTP status 503'],
      [429, 'CANARY', 'DP-TOKEN-SERVICE-UNREACHABLE', 'HTTP status 429'],
      [200, expired, 'DP-TOKEN-CLAIM', '"2023-11-14T22:13:20.000Z"'],
    ];
    for (const [status, body, code, problem] of answers) {
      snowflake.answerWith({ status, body });
      const source = start(exchange());
      const error = await source.fails();
      const { params } = error;
      const said = params['problem'] ?? params['reason'] ?? params['error'] ?? params['actual'];
      assert.deepEqual([status, code, problem], [status, error.code, said]);
      assert.equal(source.known.includes(expired), body === expired);
      assertNoSecret(source, error);
    }
  });

  it('does without an answer as an outage that passes', async () => {
    const source = start(exchange());
    snowflake.answerWith({ status: 503, body: '' });
    const outage = await source.fails();
    snowflake.answerWith(undefined);
    const credential = await source.get();
    await snowflake.close();
    const away = await start(exchange()).fails();
    snowflake = await startSnowflakeKeyPair({ account: 'COFFEE-LAB', endpoint });
    assert.deepEqual(
      [outage.code, outage.retry, credential.kind, away.code, away.params['reason']],
      ['DP-TOKEN-SERVICE-UNREACHABLE', true, 'endpointToken', 'DP-TOKEN-SERVICE-UNREACHABLE', 'ECONNREFUSED'],
    );
  });
});

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}

function fingerprintOf(key: KeyObject): string {
  const der = createPublicKey(pemOf(key)).export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(der).digest('base64')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
