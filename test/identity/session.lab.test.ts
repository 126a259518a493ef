import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { accessToken } from '../../src/tokens/accessToken.ts';
import { mintCredential } from '../../src/tokens/mint.ts';
import {
  confirmDeviceByHttp,
  type LabIdentityProvider,
  postgresAudience,
  signInByHttp,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { memorySecrets } from '../support/memorySecrets.ts';
import {
  audienceOf,
  browse,
  codeOf,
  openWindow,
  postgres,
  signInAs,
  warehouse,
  type Window,
  type WindowOptions,
} from './window.ts';

let idp: LabIdentityProvider;
const opened: Window[] = [];
afterEach(async () => {
  for (const window of opened.splice(0)) await window.close();
});
before(async () => {
  idp = await startIdentityProvider();
});
after(() => idp.close());

async function harness(options: Omit<WindowOptions, 'idp'> = {}): Promise<Window> {
  const window = await openWindow({ idp, ...options });
  opened.push(window);
  return window;
}

async function signedIn(user: LabUserName, options: Omit<WindowOptions, 'idp'> = {}): Promise<Window> {
  const window = await harness(options);
  await signInAs(window, idp, user);
  return window;
}

/** The page to open, of a sign-in that has one. */
async function begin({ session }: Window) {
  const attempt = await session.attempt();
  assert.ok(attempt.prompt.kind === 'page');
  return { ...attempt, startUrl: attempt.prompt.url };
}

const nobody = { accounts: [], ended: undefined, saved: true };
const names = ({ session }: Pick<Window, 'session'>): readonly string[] =>
  session.state.accounts.map(({ label }) => label);

describe('a sign-in at a real OpenID Provider', () => {
  afterEach(() => idp.recover());

  test('ends with the account in the editor and a page that names it', async () => {
    const window = await harness();
    const attempt = await begin(window);
    const { status, page } = await browse(idp, attempt.startUrl, 'alice');
    const account = await attempt.done;
    assert.deepEqual(
      { status, account: account.label, subject: account.subject, accounts: names(window) },
      { status: 200, account: 'alice@lab.example', subject: 'alice', accounts: ['alice@lab.example'] },
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

  test('names in the store the machine whose grant it is, and another machine signs in for itself', async () => {
    const { secrets } = await signedIn('alice', { machine: 'laptop' });
    const elsewhere = await harness({ secrets, machine: 'server' });
    assert.deepEqual(names(elsewhere), []);
    await signInAs(elsewhere, idp, 'bob');
    assert.deepEqual([...secrets.values.keys()].toSorted(), ['sign-ins/laptop/lab', 'sign-ins/server/lab']);
    const back = await harness({ secrets, machine: 'laptop' });
    assert.deepEqual(names(back), ['alice@lab.example']);
  });

  test('survives a restart of the editor without asking', async () => {
    const { secrets, close } = await signedIn('bob', { machine: 'laptop' });
    await close();
    const window = await harness({ secrets, machine: 'laptop' });
    assert.deepEqual(names(window), ['bob@lab.example']);
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('F1: spends each refresh token once when fifty calls ask at the same time', async () => {
    const { session } = await signedIn('alice');
    const before = refreshes();
    const audiences = await Promise.all(
      Array.from({ length: 50 }, (_, index) => audienceOf(session, index % 2 === 0 ? warehouse : postgres)),
    );
    assert.deepEqual(new Set(audiences), new Set([warehouseAudience, postgresAudience]));
    // The sign-in itself brought the other one.
    assert.equal(refreshes() - before, 1);
  });

  test('that is older than a connection says so, and another login brings what is missing', async () => {
    const wanted = [warehouse];
    const window = await signedIn('alice', { wanted });
    const refused = async (): Promise<PassportError> => {
      const thrown = await audienceOf(window.session, postgres).catch((error: unknown) => error);
      assert.ok(thrown instanceof PassportError, String(thrown));
      return thrown;
    };
    const { code, params, who } = await refused();
    assert.deepEqual([code, params, who], ['DP-SIGN-IN-WIDER', { provider: 'Lab', wanted: postgresAudience }, 'user']);
    assert.deepEqual(names(window), ['alice@lab.example']);
    wanted.push(postgres);
    await signInAs(window, idp, 'alice');
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('is kept when the provider takes an audience back, and the error names it for the administrator', async () => {
    const { session } = await signedIn('alice');
    idp.refuse('invalidTarget');
    const error = await audienceOf(session, postgres).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PassportError);
    assert.deepEqual([error.code, error.who], ['DP-PROVIDER-REFUSED', 'administrator']);
    assert.match(error.fix, new RegExp(postgresAudience));
    assert.equal(session.state.accounts.length, 1);
  });

  test('writes no secret into its log', async () => {
    const { session, lines } = await signedIn('alice');
    await audienceOf(session, postgres);
    await session.signOut('alice');
    const text = lines.join('\n');
    assert.deepEqual(
      idp.issued.filter(({ value }) => text.includes(value)),
      [],
    );
    assert.match(text, /Signed in/);
  });

  test('mints a credential with the claims that were asked for', async () => {
    const { session } = await signedIn('alice');
    const signIn = session.signIn();
    assert.ok(signIn);
    const need = { scopes: ['session:role:ANALYST'] };
    const mint = (port: typeof signIn) =>
      mintCredential(accessToken, 'accessToken', {
        settings: { audience: warehouseAudience },
        signIn: port,
        need,
        connection: 'sales',
        path: 'dataPassport.connections.sales.token',
        ports: { clock: { now: Date.now }, fetch, know: () => undefined },
        secret: async () => undefined,
      });
    const minted = await mint(signIn);
    const refused = mint({ ...signIn, expectedIssuer: 'https://elsewhere.example' });
    assert.deepEqual([minted.subject, minted.audience, minted.kind], ['alice', warehouseAudience, 'bearer']);
    assert.equal(await codeOf(refused), 'DP-TOKEN-CLAIM');
    assert.ok(!JSON.stringify(minted).includes('eyJ'));
  });

  test('gives another extension a token for the user-info endpoint that no database takes', async () => {
    const { session } = await signedIn('alice');
    const token = (await session.userInfoToken('alice')) ?? '';
    const answer = await fetch(`${idp.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
    const { sub } = (await answer.json()) as { sub: string };
    assert.deepEqual([sub, decodeJwt(token)?.claims['aud']], ['alice', undefined]);
  });
});

test('a provider that makes every token one for a database gives other extensions none', async () => {
  const generous = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init);
    if (!url.endsWith('/token') || (init.body as URLSearchParams).has('resource')) return answer;
    const { id_token: _, ...fields } = (await answer.json()) as Record<string, unknown>;
    return Response.json({ ...fields, access_token: await idp.mintAccessToken({ audience: postgresAudience }) });
  };
  const { session } = await signedIn('alice', { fetch: generous });
  assert.equal(await session.userInfoToken('alice'), undefined);
});

describe('several accounts', () => {
  test('F46: somebody else who logs in is asked about, and a no leaves everything as it was', async () => {
    const window = await signedIn('alice', { succession: 'cancel' });
    const attempt = await begin(window);
    const { page } = await browse(idp, attempt.startUrl, 'bob');
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-CANCELED');
    assert.match(page, /You logged in as bob@lab\.example/);
    assert.deepEqual(window.questions, [['bob@lab.example', 'alice@lab.example']]);
    assert.deepEqual(names(window), ['alice@lab.example']);
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('two stay beside each other, and a connection runs as the one that it names', async () => {
    const { session, ...window } = await signedIn('alice', { succession: 'beside' });
    const attempt = await begin({ session, ...window });
    await browse(idp, attempt.startUrl, 'bob');
    await attempt.done;
    const subject = async (account?: string): Promise<unknown> => {
      const granted = await session.signIn(account)?.grant({ audience: postgresAudience, scopes: [] });
      return decodeJwt(granted?.token ?? '')?.claims['sub'];
    };
    assert.deepEqual(
      [await subject(), await subject('BOB@lab.example'), await subject('bob'), session.signIn('carol')],
      ['alice', 'bob', 'bob', undefined],
    );
    await session.signOut('alice');
    assert.deepEqual([await subject(), session.signIn('alice')], ['bob', undefined]);
  });

  test('whoever is replaced is signed out and revoked', async () => {
    const window = await signedIn('alice', { succession: 'instead' });
    const revocations = (): number => idp.requests.filter(({ path }) => path === '/token/revocation').length;
    const before = revocations();
    const attempt = await begin(window);
    await browse(idp, attempt.startUrl, 'bob');
    await attempt.done;
    assert.deepEqual(names(window), ['bob@lab.example']);
    assert.equal(revocations() - before, 1);
  });

  test('the same person again is not asked about', async () => {
    const window = await signedIn('alice');
    await signInAs(window, idp, 'alice');
    assert.deepEqual([window.questions, names(window)], [[], ['alice@lab.example']]);
  });
});

describe('a sign-out', () => {
  afterEach(() => idp.recover());
  const exchanges = (): number => idp.requests.filter(({ path }) => path === '/token').length;

  test('revokes and forgets', async () => {
    const { session, secrets } = await signedIn('alice', { machine: 'laptop' });
    const [stored] = [...secrets.values.values()];
    assert.deepEqual(await session.signOut('alice'), { revoked: true, removed: true });
    assert.deepEqual([session.state, secrets.values.size], [nobody, 0]);
    const revived = memorySecrets();
    revived.values.set('sign-ins/laptop/lab', stored ?? '');
    const later = await harness({ secrets: revived, machine: 'laptop' });
    assert.equal(await codeOf(audienceOf(later.session, postgres)), 'DP-SIGN-IN-ENDED');
  });

  test('F48: leaves nothing behind when the provider is unreachable, and says that it was not revoked', async () => {
    const { session, secrets } = await signedIn('alice');
    idp.refuse('hangUp');
    const away = await startIdentityProvider();
    await away.close();
    assert.equal((await session.signOut('alice')).removed, true);
    assert.deepEqual([session.state, secrets.values.size], [nobody, 0]);
  });

  test('wins over a refresh under way: nothing comes back', async () => {
    const { session, secrets } = await signedIn('alice');
    const before = exchanges();
    idp.stall(300);
    const grant = codeOf(audienceOf(session, postgres));
    await settled(() => exchanges() > before);
    await session.signOut('alice');
    assert.equal(await grant, 'DP-SIGN-IN-REQUIRED');
    assert.deepEqual([session.state, secrets.values.size], [nobody, 0]);
  });

  test('wins over a refreshed token that is being written', async () => {
    const { session, secrets } = await signedIn('alice');
    const held = Promise.withResolvers<void>();
    const before = exchanges();
    idp.stall(200);
    const grant = codeOf(audienceOf(session, postgres));
    await settled(() => exchanges() > before);
    secrets.hold = held.promise;
    // Long enough for the answer, so that its refresh token waits to be written.
    await new Promise((resolve) => setTimeout(resolve, 600));
    const out = session.signOut('alice');
    held.resolve();
    await out;
    assert.equal(await grant, 'DP-SIGN-IN-REQUIRED');
    assert.deepEqual([session.state, secrets.values.size], [nobody, 0]);
  });

  test('wins over a sign-in whose code is being exchanged', async () => {
    const window = await signedIn('alice');
    const { session, secrets } = window;
    idp.stall(300);
    const before = exchanges();
    const attempt = await begin(window);
    const page = browse(idp, attempt.startUrl, 'bob');
    await settled(() => exchanges() > before);
    attempt.cancel();
    await session.signOut('alice');
    const { page: text } = await page;
    assert.match(text, /was canceled/);
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-CANCELED');
    assert.deepEqual([session.state, secrets.values.size], [nobody, 0]);
  });

  test('is complete even when the keyring refuses to delete', async () => {
    const { session, secrets } = await signedIn('alice');
    const accounts: number[] = [];
    session.onDidChange((state) => accounts.push(state.accounts.length));
    secrets.failDeletes = true;
    assert.deepEqual(await session.signOut('alice'), { revoked: true, removed: false });
    assert.deepEqual([session.state, accounts], [{ ...nobody, saved: false }, [0, 0]]);
  });

  test('takes the token port with it: what was asked for alice is not given to bob', async () => {
    const window = await signedIn('alice');
    const { session } = window;
    const alices = session.signIn();
    await session.signOut('alice');
    await signInAs(window, idp, 'bob');
    assert.equal(
      await codeOf(alices?.grant({ audience: postgresAudience, scopes: [] }) ?? Promise.resolve()),
      'DP-SIGN-IN-REQUIRED',
    );
    assert.equal(await audienceOf(session, postgres), postgresAudience);
  });

  test('knows the page that ends the session in the browser, without a token in its address', async () => {
    const { session } = await signedIn('alice');
    const url = new URL((await session.endSession('alice@lab.example')) ?? '');
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: idp.clientId,
      logout_hint: 'alice@lab.example',
    });
  });
});

describe('an attempt to sign in', () => {
  test('goes on waiting after wrong, missing and repeated parameters, and the right redirect still works', async () => {
    const attempt = await begin(await harness());
    const callback = await callbackOf(attempt.startUrl);
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
    assert.equal((await fetch(callback)).status, 200);
    assert.equal((await attempt.done).label, 'alice@lab.example');
  });

  test('F44: takes a redirect once: a replayed one starts no second token request', async () => {
    const window = await harness();
    const attempt = await begin(window);
    idp.stall(100);
    const callback = await callbackOf(attempt.startUrl);
    const before = idp.requests.filter(({ path }) => path === '/token').length;
    await Promise.all([callback, callback].map((url) => fetch(url)));
    idp.recover();
    await attempt.done;
    assert.equal(idp.requests.filter(({ path }) => path === '/token').length - before, 1);
  });

  test('F42: consent denied is told in a neutral sentence, in the page and in the editor', async () => {
    const attempt = await begin(await harness());
    const callback = await callbackOf(attempt.startUrl);
    callback.searchParams.delete('code');
    callback.searchParams.set('error', 'access_denied');
    callback.searchParams.set('error_description', '<b>EVIL</b>');
    const page = await (await fetch(callback)).text();
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-REFUSED');
    assert.match(page, /refused the sign-in \(access_denied\)/);
    assert.ok(!page.includes('EVIL'));
  });

  test('refuses an answer that names another issuer and shows nothing of it', async () => {
    const { session } = await harness();
    const attempt = await begin({ session } as Window);
    const callback = await callbackOf(attempt.startUrl);
    callback.searchParams.set('iss', 'https://evil.example');
    const page = await (await fetch(callback)).text();
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-RESPONSE');
    assert.ok(!page.includes('evil'));
    assert.deepEqual(session.state, nobody);
  });

  test('F47: lets a second sign-in cancel the first and still serves the page of a card', async () => {
    const window = await harness();
    const page = await window.session.signInPage();
    const first = await begin(window);
    const second = await begin(window);
    assert.equal(await codeOf(first.done), 'DP-SIGN-IN-CANCELED');
    assert.equal(second.startUrl, page?.url);
    await browse(idp, second.startUrl, 'bob');
    assert.equal((await second.done).label, 'bob@lab.example');
  });

  test('F41: a browser that never comes back ends in a time-out that names the redirect URI', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
    const window = await harness();
    const attempt = await begin(window);
    context.mock.timers.tick(5 * 60_000 + 1);
    const error = await attempt.done.catch((thrown: unknown) => thrown);
    context.mock.timers.reset();
    assert.ok(error instanceof PassportError);
    assert.equal(error.code, 'DP-SIGN-IN-TIMEOUT');
    assert.ok(attempt.redirectUri !== undefined && error.fix.includes(attempt.redirectUri));
    await assert.rejects(fetch(attempt.startUrl));
  });

  test('is gone after a cancel', async () => {
    const attempt = await begin(await harness());
    attempt.cancel();
    assert.equal(await codeOf(attempt.done), 'DP-SIGN-IN-CANCELED');
    await assert.rejects(fetch(attempt.startUrl));
  });

  test("by device code takes over what the user confirmed elsewhere, and the page of a card is the provider's", async () => {
    const window = await harness({ place: 'web', settings: { redirectPorts: [] } });
    const page = await window.session.signInPage();
    assert.ok(page?.url.startsWith(idp.issuer) && page.userCode !== undefined);
    const attempt = await window.session.attempt();
    assert.ok(attempt.prompt.kind === 'code');
    const { verificationUriComplete = '' } = attempt.prompt.code;
    await confirmDeviceByHttp(idp, verificationUriComplete, 'alice');
    assert.equal((await attempt.done).label, 'alice@lab.example');
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('by device code goes on at the page of a card that was opened minutes later', async () => {
    const window = await harness({ place: 'web' });
    const page = await window.session.signInPage();
    await confirmDeviceByHttp(idp, page?.url ?? '', 'bob');
    await settled(() => window.session.state.accounts.length === 1);
    assert.deepEqual(names(window), ['bob@lab.example']);
  });

  test('by pasted address checks the whole of it', async () => {
    const window = await harness({ settings: { flow: 'pasteRedirect' } });
    const attempt = await window.session.attempt();
    assert.ok(attempt.prompt.kind === 'paste');
    const callback = await signInByHttp(idp, attempt.prompt.url, 'alice');
    const wrong = new URL(callback);
    wrong.searchParams.set('state', 'another');
    assert.equal(await codeOf(attempt.receive(wrong)), 'DP-SIGN-IN-PASTED');
    await attempt.receive(callback);
    assert.equal((await attempt.done).label, 'alice@lab.example');
  });
});

const refreshes = (): number => idp.requests.filter(({ grantType }) => grantType === 'refresh_token').length;

async function settled(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function callbackOf(startUrl: string): Promise<URL> {
  const start = await fetch(startUrl, { redirect: 'manual' });
  return signInByHttp(idp, start.headers.get('location') ?? '', 'alice');
}
