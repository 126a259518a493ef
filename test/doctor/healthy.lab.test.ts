import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import type { Diagnosis } from '../../src/core/diagnosis.ts';
import type { Passport } from '../extension/passport.ts';
import { certificateAuthority } from '../lab/certificates.ts';
import { postgresAudience } from '../lab/identityProvider.ts';
import { startPostgres } from '../lab/postgres/index.ts';
import { startProxy } from '../lab/proxy.ts';
import { startTlsFront } from '../lab/tlsFront.ts';
import { openWorld, outline, type Patient, patient, refusedWith, trust, type World } from './ground.ts';
import { healthyServers } from './mcpPlantings.ts';

const TO_A_CREDENTIAL = ['settings', 'permitted', 'discovery', 'clock', 'client', 'signedIn', 'token', 'claims'];
const chainOf = (ids: readonly string[]): string => ids.map((id) => `${id} ok`).join(', ');

/** Which links were not checked, and why: of a chain without a broken one. */
function unchecked({ links }: Diagnosis): Record<string, string> {
  return Object.fromEntries(links.flatMap(({ id, reason }) => (reason === undefined ? [] : [[id, reason]])));
}

const factsAt = ({ links }: Diagnosis, link: string): string =>
  links.find(({ id }) => id === link)?.facts.join(' ') ?? '';

async function found(opened: Promise<Patient>): Promise<Diagnosis> {
  const { diagnose, close } = await opened;
  try {
    return await diagnose();
  } finally {
    await close();
  }
}

describe('A connection that works', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world?.close());

  test('to Snowflake is whole in every link', async () => {
    const diagnosis = await found(
      patient(world, { settings: world.changed('warehouse', {}), connection: 'warehouse' }),
    );
    assert.equal(outline(diagnosis), chainOf([...TO_A_CREDENTIAL, 'reach', 'login', 'whoami', 'query']));
    assert.deepEqual(diagnosis.links.at(-2)?.facts, ['The database knows you as ALICE with the role ANALYST.']);
  });

  test('to PostgreSQL is whole in every link', async (context) => {
    if (world.lab.withoutPostgres !== undefined) return context.skip(world.lab.withoutPostgres);
    const diagnosis = await found(patient(world, { settings: world.changed('postgres', {}), connection: 'postgres' }));
    assert.equal(outline(diagnosis), chainOf([...TO_A_CREDENTIAL, 'reach', 'login', 'whoami', 'query']));
  });

  test('to PostgreSQL over TLS, with an authority of its own, is whole in every link', async (context) => {
    if (world.lab.withoutPostgres !== undefined) return context.skip(world.lab.withoutPostgres);
    const { issuer, jwksUri } = world.lab.idp;
    const server = await startPostgres({ issuer, jwksUri, audience: postgresAudience, tls: true });
    const folder = await mkdtemp(join(tmpdir(), 'dp-doctor-'));
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, server.ca ?? '');
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('postgres', { host: 'localhost', port: server.port, tls: 'always', caFile }),
        connection: 'postgres',
      }),
    );
    await server.close();
    await rm(folder, { recursive: true });
    assert.equal(outline(diagnosis), chainOf([...TO_A_CREDENTIAL, 'reach', 'login', 'whoami', 'query']));
    assert.match(factsAt(diagnosis, 'reach'), /localhost has the address .* takes connections\. The server offers TLS/);
  });

  test('to Snowflake through a proxy and over TLS is whole in every link', async () => {
    const authority = certificateAuthority('Lab CA');
    const untrust = trust(authority.cert);
    const host = 'coffee-lab.snowflakecomputing.com';
    const front = await startTlsFront(authority.issue(host), () => world.lab.warehouse.port);
    const proxy = await startProxy({ credentials: 'user:pass word', hosts: { [`${host}:443`]: front.port } });
    const server = {
      protocol: 'http',
      host: '127.0.0.1',
      port: proxy.port,
      user: 'user',
      password: 'pass word',
    } as const;
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('warehouse', { host, port: 443, protocol: 'https' }),
        connection: 'warehouse',
        afterwards: async ({ gateway }) => gateway.replaceNetwork({ proxy: server, noProxy: [] }),
        async undo() {
          untrust();
          await proxy.close();
          await front.close();
        },
      }),
    );
    assert.equal(outline(diagnosis), chainOf([...TO_A_CREDENTIAL, 'reach', 'login', 'whoami', 'query']));
    assert.match(
      factsAt(diagnosis, 'reach'),
      /through the proxy 127\.0\.0\.1:\d+\. The proxy lets it through\. TLSv1\.3 stands, with a certificate of Lab CA, good until \d{4}-/,
    );
  });

  const expected: Readonly<Record<string, readonly string[]>> = {
    'a plain MCP server': [],
    'a managed MCP server of Snowflake': ['initialize'],
    'an app behind the gateway of Snowflake': ['discovery', 'clock', 'client', 'signedIn', 'claims'],
    'a local program': ['reach'],
  };
  for (const [name, open] of Object.entries(healthyServers))
    test(`to ${name} is whole as far as it can be judged`, async () => {
      const diagnosis = await found(open(world));
      assert.ok(!diagnosis.links.some(({ state }) => state === 'broken'), outline(diagnosis));
      assert.deepEqual(Object.keys(unchecked(diagnosis)), expected[name]);
    });

  test('is not blamed on an identity provider that is away while the token at hand is good', async () => {
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('warehouse', {}),
        connection: 'warehouse',
        async afterwards({ credentials, connection }) {
          await credentials.get(connection('warehouse'), 'database', {});
          world.lab.idp.refuse('unavailable', { at: 'discovery' });
        },
      }),
    );
    world.recover();
    assert.deepEqual(Object.keys(unchecked(diagnosis)), ['discovery', 'clock']);
    assert.match(
      unchecked(diagnosis)['discovery'] ?? '',
      /HTTP status 503.*token at hand is good until .* not what stops/,
    );
  });

  test('is not blamed on a clock that the sign-in at hand can do with', async () => {
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('warehouse', {}),
        connection: 'warehouse',
        afterwards: async () => world.lab.idp.shiftClock(10),
      }),
    );
    world.recover();
    assert.ok(!diagnosis.links.some(({ state }) => state === 'broken'), outline(diagnosis));
    assert.match(diagnosis.links.find(({ id }) => id === 'clock')?.facts[0] ?? '', /10 minutes behind/);
  });

  test('is not blamed on a token that has ended by a wrong clock alone', async () => {
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('warehouse', {}),
        connection: 'warehouse',
        afterwards: async ({ clock }) => void (clock.offset += 7_200_000),
      }),
    );
    assert.ok(!diagnosis.links.some(({ state }) => state === 'broken'), outline(diagnosis));
    assert.match(diagnosis.links.find(({ id }) => id === 'clock')?.facts[0] ?? '', /120 minutes ahead/);
  });

  test('is not judged by the time that a cache kept', async () => {
    const diagnosis = await found(
      patient(world, {
        settings: world.changed('warehouse', {}),
        connection: 'warehouse',
        user: undefined,
        async fetch(url, init) {
          const answer = await fetch(url, { ...init, redirect: 'manual' });
          const headers = { ...Object.fromEntries(answer.headers), age: '3600', date: new Date(4e12).toUTCString() };
          return new Response(await answer.text(), { status: answer.status, headers });
        },
      }),
    );
    assert.equal(unchecked(diagnosis)['clock'], 'The identity provider told no time.');
  });

  test('is not blamed on what was wrong with the client before its settings changed', async () => {
    const settings = world.changed('warehouse', {});
    const { diagnose, close, passport } = await patient(world, {
      settings,
      connection: 'warehouse',
      user: undefined,
      afterwards: refusedWith('access_denied', 'AADSTS50105: not assigned'),
    });
    const before = await diagnose();
    await passport.change(world.withProvider({ redirectPorts: [49_717] }, settings));
    const after = await diagnose();
    await close();
    const states = [before, after].map(({ links }) => links.find(({ id }) => id === 'client')?.state);
    assert.deepEqual(states, ['broken', 'notChecked']);
  });

  test('opens nothing in a browser and signs nobody in: a redirect URI that only a browser can try is not checked', async () => {
    const before = world.lab.idp.requests.length;
    const diagnosis = await found(
      patient(world, { settings: world.changed('warehouse', {}), connection: 'warehouse', user: undefined }),
    );
    assert.match(
      unchecked(diagnosis)['client'] ?? '',
      /http:\/\/127\.0\.0\.1\/callback is registered .* in the browser alone/,
    );
    assert.match(unchecked(diagnosis)['permitted'] ?? '', /signing in agrees/);
    const asked = world.lab.idp.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(asked, ['GET /.well-known/openid-configuration']);
  });

  test('costs the database one login and reading statements alone', async () => {
    const { warehouse } = world.lab;
    const [logins, statements] = [warehouse.logins, warehouse.statements().length];
    await found(patient(world, { settings: world.changed('warehouse', {}), connection: 'warehouse' }));
    assert.equal(warehouse.logins - logins, 1);
    const words = warehouse
      .statements()
      .slice(statements)
      .map(({ text }) => text.trim().split(/\s+/)[0]);
    assert.deepEqual(new Set(words), new Set(['USE', 'SELECT']));
  });

  test('costs no more where the credential is refused than a call of a tool does', async () => {
    const { idp, warehouse } = world.lab;
    const tokens = (): number => idp.requests.filter(({ path }) => path === '/token').length;
    const { diagnose, close, passport } = await patient(world, {
      settings: world.changed('warehouse', {}),
      connection: 'warehouse',
      afterwards: async () => warehouse.refuseLogins('390303'),
    });
    const counted = async (work: () => Promise<unknown>): Promise<readonly number[]> => {
      const before = [warehouse.logins, tokens()];
      await work();
      return [warehouse.logins, tokens()].map((count, index) => count - (before[index] ?? 0));
    };
    const diagnosed = await counted(diagnose);
    const called = await counted(() => passport.query('warehouse', 'SELECT 1'));
    await close();
    world.recover();
    assert.deepEqual(
      [diagnosed, called],
      [
        [2, 1],
        [2, 1],
      ],
    );
  });

  test('to an MCP server is not remembered as one whose tools were seen', async () => {
    const open = healthyServers['a plain MCP server'];
    const one = (await open?.(world)) as (Patient & { readonly passport: Passport }) | undefined;
    assert.ok(one);
    await one.diagnose();
    const [wire] = one.passport.overview.wireConnections();
    await one.close();
    assert.doesNotMatch(wire?.remembered ?? '', /"tools":\{"|whoami/);
  });

  test('is asked through the proxy of the network, which hears no token', async () => {
    const proxy = await startProxy({ hosts: {} });
    const { diagnose, close } = await patient(world, {
      settings: world.changed('warehouse', { host: 'coffee-lab.snowflakecomputing.com', port: 443, protocol: 'https' }),
      connection: 'warehouse',
      afterwards: async ({ gateway }) =>
        gateway.replaceNetwork({ proxy: { protocol: 'http', host: '127.0.0.1', port: proxy.port }, noProxy: [] }),
    });
    await diagnose();
    await close();
    await proxy.close();
    assert.deepEqual(proxy.requests, [
      { method: 'CONNECT', target: 'coffee-lab.snowflakecomputing.com:443', status: 403 },
    ]);
  });
});
