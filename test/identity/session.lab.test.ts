import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { asPassportError, PassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { listenOnLoopback } from '../../src/identity/flows/loopback.ts';
import { oidc } from '../../src/identity/presets/oidc.ts';
import { openProvider, type TokenRequest } from '../../src/identity/provider.ts';
import { createSession, type Session } from '../../src/identity/session.ts';
import { accessToken } from '../../src/tokens/accessToken.ts';
import {
  type LabIdentityProvider,
  postgresAudience,
  signInByHttp,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

const warehouse: TokenRequest = { audiences: [warehouseAudience], scopes: ['session:role:ANALYST'] };
const postgres: TokenRequest = { audiences: [postgresAudience], scopes: [] };

let idp: LabIdentityProvider;
const opened: Session[] = [];
afterEach(() => {
  for (const session of opened.splice(0)) void session.dispose();
});
before(async () => {
  idp = await startIdentityProvider();
});
after(() => idp.close());

function harness({ secrets = memorySecrets(), wanted = [warehouse, postgres] } = {}) {
  const { log, lines, redactor } = keptLog();
  const clock = { offset: 0, now: () => Date.now() + clock.offset };
  const settings = oidc.settings.parse({ issuer: idp.issuer, clientId: idp.clientId, title: 'Lab' });
  const description = oidc.describe('lab', settings);
  const provider = openProvider(description, { fetch: (url, init) => fetch(url, init), clock });
  const session = createSession({
    provider,
    secrets,
    clock,
    log,
    redactor,
    listen: (handler) => listenOnLoopback(description.redirect, handler, 'dataPassport.identityProviders.lab'),
    wanted: () => wanted,
  });
  opened.push(session);
  return { session, secrets, lines, clock };
}

/** What a browser does: opens our start page, logs in, follows the redirect to the page at the end. */
async function browse(startUrl: string, user: LabUserName): Promise<{ status: number; page: string; callback: URL }> {
  const start = await fetch(startUrl, { redirect: 'manual' });
  const location = start.headers.get('location');
  assert.ok(location !== null, await start.text());
  const callback = await signInByHttp(idp, location, user);
  const end = await fetch(callback);
  return { status: end.status, page: await end.text(), callback };
}

async function signedIn(user: LabUserName, options: Parameters<typeof harness>[0] = {}) {
  const made = harness(options);
  const attempt = await made.session.attempt();
  await browse(attempt.startUrl, user);
  await attempt.done;
  return made;
}

async function audienceOf(session: Session, request: TokenRequest): Promise<unknown> {
  const [audience] = request.audiences;
  const granted = await session.signIn?.grant({ audience, scopes: request.scopes });
  return decodeJwt(granted?.token ?? '')?.claims['aud'];
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => asPassportError(error).code,
  );

describe('a sign-in at a real OpenID Provider', () => {
  afterEach(() => idp.recover());

  test('ends with the account in the editor and a page that names it', async () => {
    const { session } = harness();
    const attempt = await session.attempt();
    const { status, page } = await browse(attempt.startUrl, 'alice');
    const account = await attempt.done;
    assert.deepEqual(
      { status, account: account.label, subject: account.subject, state: session.state.kind },
      { status: 200, account: 'alice@lab.example', subject: 'alice', state: 'signedIn' },
    );
    assert.match(page, /You are signed in as alice@lab\.example/);
  });

  test('gives one access token for each audience, and stores no access token', async () => {
    const { session, secrets } = await signedIn('alice');
    assert.deepEqual(
      [await audienceOf(session, warehouse), await audienceOf(session, postgres), await audienceOf(session, warehouse)],
      [warehouseAudience, postgresAudience, warehouseAudience],
    );
    const stored = [...secrets.values.values()].join();
    const leaked = idp.issued.filter(({ kind, value }) => kind === 'accessToken' && stored.includes(value));
    assert.deepEqual(leaked, []);
  });

  test('survives a restart of the editor without asking', async () => {
    const { secrets } = await signedIn('bob');
    const { session } = harness({ secrets });
    await session.restore();
    assert.equal(session.state.kind === 'signedIn' && session.state.account.label, 'bob@lab.example');
    assert.equal(await audienceOf(session, postgres), postgresAudience);
  });

  test('spends each refresh token once when many connections ask at the same time', async () => {
    const { session } = await signedIn('alice');
    const audiences = await Promise.all(
      Array.from({ length: 12 }, (_, index) => audienceOf(session, index % 2 === 0 ? warehouse : postgres)),
    );
    assert.deepEqual(new Set(audiences), new Set([warehouseAudience, postgresAudience]));
    assert.equal(session.state.kind, 'signedIn');
  });

  test('takes up a refresh token that another window stored', async () => {
    const { secrets, session } = await signedIn('alice');
    const other = harness({ secrets });
    await other.session.restore();
    await audienceOf(other.session, postgres);
    assert.equal(await audienceOf(session, postgres), postgresAudience);
    assert.equal(session.state.kind, 'signedIn');
  });

  test('ends when the provider revoked it, and says so once', async () => {
    const { session, secrets } = await signedIn('alice');
    const states: unknown[] = [];
    session.onDidChange((state) => states.push(state));
    idp.revokeRefreshTokens('alice');
    assert.equal(await codeOf(audienceOf(session, postgres)), 'DP-SIGN-IN-ENDED');
    assert.deepEqual(states, [{ kind: 'signedOut', ended: true }]);
    assert.equal(secrets.values.size, 0);
  });

  for (const [fault, code, state] of [
    ['emptyBody', 'DP-SIGN-IN-ENDED', 'signedOut'],
    ['unavailable', 'DP-PROVIDER-UNREACHABLE', 'signedIn'],
    ['html', 'DP-PROVIDER-UNREACHABLE', 'signedIn'],
  ] as const) {
    test(`is ${state === 'signedIn' ? 'kept' : 'over'} after ${fault} from the token endpoint`, async () => {
      const { session } = await signedIn('alice');
      idp.refuse(fault);
      assert.equal(await codeOf(audienceOf(session, postgres)), code);
      assert.equal(session.state.kind, state);
    });
  }

  test('is kept when one audience is refused, and the error names the audience', async () => {
    const { session } = await signedIn('alice', { wanted: [warehouse] });
    const stranger = { audiences: ['https://other.lab.example'], scopes: [] };
    const error = await audienceOf(session, stranger).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PassportError);
    assert.equal(error.code, 'DP-PROVIDER-REFUSED');
    assert.match(error.fix, /https:\/\/other\.lab\.example/);
    assert.equal(session.state.kind, 'signedIn');
  });

  test('goes on in memory when the keyring refuses a rotated token', async () => {
    const { session, secrets } = await signedIn('alice');
    await audienceOf(session, warehouse);
    secrets.failStores = true;
    assert.equal(await audienceOf(session, postgres), postgresAudience);
    assert.deepEqual(session.state.kind === 'signedIn' && session.state.saved, false);
    assert.equal(await audienceOf(session, postgres), postgresAudience);
  });

  test('is revoked and forgotten on sign-out', async () => {
    const { session, secrets } = await signedIn('alice');
    const record: unknown = JSON.parse([...secrets.values.values()][0] ?? '{}');
    assert.deepEqual(await session.signOut(), { revoked: true, removed: true });
    assert.deepEqual([session.state, secrets.values.size], [{ kind: 'signedOut', ended: false }, 0]);
    const revived = memorySecrets();
    revived.values.set('sign-in/lab', JSON.stringify(record));
    const later = harness({ secrets: revived });
    await later.session.restore();
    assert.equal(await codeOf(audienceOf(later.session, postgres)), 'DP-SIGN-IN-ENDED');
  });

  test('writes no secret into its log', async () => {
    const { session, lines } = await signedIn('alice');
    await audienceOf(session, postgres);
    await session.signOut();
    const text = lines.join('\n');
    assert.deepEqual(
      idp.issued.filter(({ value }) => text.includes(value)),
      [],
    );
    assert.match(text, /Signed in/);
  });

  test('mints a credential with the claims that were asked for', async () => {
    const { session } = await signedIn('alice');
    const { signIn } = session;
    assert.ok(signIn);
    const need = { scopes: ['session:role:ANALYST'] };
    const minted = await accessToken.mint({
      settings: { audience: warehouseAudience },
      signIn,
      need,
      connection: 'sales',
    });
    const lie = { ...signIn, expectedIssuer: 'https://elsewhere.example' };
    const refused = accessToken.mint({
      settings: { audience: warehouseAudience },
      signIn: lie,
      need,
      connection: 'sales',
    });
    assert.deepEqual([minted.subject, minted.audience, minted.kind], ['alice', warehouseAudience, 'bearer']);
    assert.equal(await codeOf(refused), 'DP-TOKEN-CLAIM');
    assert.ok(!JSON.stringify(minted).includes('eyJ'));
  });
});

describe('a sign-out that crosses something else', () => {
  afterEach(() => idp.recover());
  const exchanges = (): number => idp.requests.filter(({ path }) => path === '/token').length;
  const settled = async (look: () => boolean): Promise<void> => {
    while (!look()) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  test('wins over a refresh under way: nothing comes back', async () => {
    const { session, secrets } = await signedIn('alice');
    const before = exchanges();
    idp.stall(300);
    const grant = codeOf(audienceOf(session, postgres));
    await settled(() => exchanges() > before);
    await session.signOut();
    assert.equal(await grant, 'DP-SIGN-IN-REQUIRED');
    assert.deepEqual([session.state.kind, secrets.values.size], ['signedOut', 0]);
  });

  test('wins over a refreshed token that is being written', async () => {
    const { session, secrets } = await signedIn('alice');
    const held = Promise.withResolvers<void>();
    const writes = secrets.writes.length;
    const grant = codeOf(audienceOf(session, postgres));
    await settled(() => exchanges() > 0);
    secrets.hold = held.promise;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const out = session.signOut();
    held.resolve();
    await out;
    assert.equal(await grant, 'DP-SIGN-IN-REQUIRED');
    assert.ok(secrets.writes.length >= writes);
    assert.deepEqual([session.state.kind, secrets.values.size], ['signedOut', 0]);
  });

  test('wins over a sign-in that waits behind a stalled refresh', async () => {
    const { session, secrets } = await signedIn('alice');
    const before = exchanges();
    idp.stall(300);
    const grant = codeOf(audienceOf(session, postgres));
    await settled(() => exchanges() > before);
    const attempt = await session.attempt();
    const page = browse(attempt.startUrl, 'bob');
    await new Promise((resolve) => setTimeout(resolve, 100));
    attempt.cancel();
    await session.signOut();
    await grant;
    await page.catch(() => undefined);
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-CANCELED');
    await session.dispose();
    assert.deepEqual([session.state.kind, secrets.values.size], ['signedOut', 0]);
  });

  test('is complete even when the keyring refuses to delete', async () => {
    const { session, secrets } = await signedIn('alice');
    const states: string[] = [];
    session.onDidChange(({ kind }) => states.push(kind));
    secrets.failDeletes = true;
    assert.deepEqual(await session.signOut(), { revoked: true, removed: false });
    assert.deepEqual([session.state.kind, states], ['signedOut', ['signedOut']]);
  });

  test('takes the token port with it: what was asked for alice is not given to bob', async () => {
    const { session } = await signedIn('alice');
    const alices = session.signIn;
    await session.signOut();
    const attempt = await session.attempt();
    await browse(attempt.startUrl, 'bob');
    await attempt.done;
    assert.equal(
      await codeOf(alices?.grant({ audience: postgresAudience, scopes: [] }) ?? Promise.resolve()),
      'DP-SIGN-IN-REQUIRED',
    );
    assert.equal(await audienceOf(session, postgres), postgresAudience);
  });

  test('a locked keyring at start-up means signed out, not a failure', async () => {
    const secrets = memorySecrets();
    secrets.get = () => Promise.reject(new Error('the keyring is locked'));
    const { session } = harness({ secrets });
    await session.restore();
    assert.equal(session.state.kind, 'signedOut');
  });
});

describe('the redirect listener', () => {
  test('goes on waiting after wrong, missing and repeated parameters', async () => {
    const { session } = harness();
    const attempt = await session.attempt();
    const start = await fetch(attempt.startUrl, { redirect: 'manual' });
    const callback = await signInByHttp(idp, start.headers.get('location') ?? '', 'alice');
    const variants = [
      callback.href.replace(/state=[^&]+/, 'state=wrong'),
      callback.href.replace(/&?state=[^&]+/, ''),
      `${callback.href}&state=again`,
      `${callback.href}&error=access_denied`,
      new URL('/favicon.ico', callback).href,
    ];
    const statuses = [];
    for (const variant of variants) statuses.push((await fetch(variant)).status);
    assert.deepEqual(statuses, [400, 400, 400, 400, 404]);
    const end = await fetch(callback);
    assert.equal(end.status, 200);
    assert.equal((await attempt.done).label, 'alice@lab.example');
  });

  test('refuses an answer that names another issuer and shows nothing of it', async () => {
    const { session } = harness();
    const attempt = await session.attempt();
    const start = await fetch(attempt.startUrl, { redirect: 'manual' });
    const callback = await signInByHttp(idp, start.headers.get('location') ?? '', 'alice');
    callback.searchParams.set('iss', 'https://evil.example');
    const page = await (await fetch(callback)).text();
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-RESPONSE');
    assert.ok(!page.includes('evil'));
    assert.equal(session.state.kind, 'signedOut');
  });

  test('lets a second sign-in cancel the first and still serves the page of a card', async () => {
    const { session } = harness();
    const page = await session.signInPage();
    const first = await session.attempt();
    const second = await session.attempt();
    assert.equal(await codeOf(first.done), 'DP-SIGN-IN-CANCELED');
    assert.equal(second.startUrl, page);
    await browse(page, 'bob');
    assert.equal((await second.done).label, 'bob@lab.example');
  });

  test('is gone after a cancel', async () => {
    const { session } = harness();
    const attempt = await session.attempt();
    attempt.cancel();
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-CANCELED');
    await assert.rejects(fetch(attempt.startUrl));
  });

  test('answers another Host name with nothing', async () => {
    const { session } = harness();
    const attempt = await session.attempt();
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(attempt.startUrl, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode))
        .on('error', reject)
        .end();
    });
    void session.dispose();
    assert.equal(status, 400);
  });
});
