import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { asPassportError } from '../../src/core/errors.ts';
import { type LabIdentityProvider, postgresAudience, startIdentityProvider } from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { memorySecrets } from '../support/memorySecrets.ts';
import {
  audienceOf,
  codeOf,
  openWindow,
  postgres,
  signInAs,
  warehouse,
  type Window,
  type WindowOptions,
} from './window.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;

let idp: LabIdentityProvider;
let opened: Window[] = [];
before(async () => {
  idp = await startIdentityProvider();
});
after(() => idp.close());
afterEach(async () => {
  idp.recover();
  for (const window of opened) await window.close();
  opened = [];
});

async function harness(options: Omit<WindowOptions, 'idp'> = {}): Promise<Window> {
  const window = await openWindow({ idp, machine: 'laptop', ...options });
  opened.push(window);
  return window;
}

async function signedIn(options: Omit<WindowOptions, 'idp'> = {}, user: LabUserName = 'alice'): Promise<Window> {
  const window = await harness(options);
  await signInAs(window, idp, user);
  return window;
}

const tokenRequests = (): number => idp.requests.filter(({ path }) => path === '/token').length;
const people = ({ session }: Window): number => session.state.accounts.length;
const errorOf = async (promise: Promise<unknown>): Promise<{ code: string; message: string }> =>
  promise.then(
    () => ({ code: 'none', message: '' }),
    (thrown: unknown) => asPassportError(thrown),
  );

/** A network that can be pulled. */
function network() {
  const cable = { pulled: false };
  const through = (url: string, init: RequestInit): Promise<Response> =>
    cable.pulled
      ? Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENETUNREACH' }) }))
      : fetch(url, init);
  return { cable, fetch: through };
}

describe('a refresh token that is dead', () => {
  for (const [fault, how] of [
    ['emptyBody', '400 with an empty body'],
    ['invalidRequest', '400 invalid_request'],
    ['invalidGrant', '400 invalid_grant'],
  ] as const) {
    test(`F5: answered as ${how} ends the sign-in: once, in the state and in the store`, async () => {
      const window = await signedIn();
      idp.refuse(fault);
      assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-SIGN-IN-ENDED');
      assert.deepEqual([window.session.state.ended?.label, window.secrets.values.size], ['alice@lab.example', 0]);
      const before = tokenRequests();
      assert.equal(await codeOf(audienceOf(window.session, postgres)), 'none');
      assert.equal(tokenRequests(), before);
    });
  }

  test('F4: refused after another window stored a newer one is none: the newer one is taken up', async () => {
    const window = await signedIn();
    const { secrets } = window;
    const [key = '', old = ''] = [...secrets.values][0] ?? [];
    await audienceOf(window.session, postgres);
    const newer = secrets.values.get(key) ?? '';
    secrets.values.set(key, old);
    const late = await harness({ secrets });
    secrets.values.set(key, newer);
    assert.equal(await audienceOf(late.session, postgres), postgresAudience);
  });

  test('F7, F8: whose successor was lost on the way is tried again, and ends the sign-in without a loop', async () => {
    const window = await signedIn();
    idp.refuse('loseAnswer');
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-PROVIDER-UNREACHABLE');
    assert.equal(people(window), 1);
    idp.recover();
    window.clock.offset += MINUTE;
    const before = tokenRequests();
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-SIGN-IN-ENDED');
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'none');
    assert.equal(tokenRequests() - before, 1);
  });

  test('F12: refused ahead of time leaves a token that is still good in use, and is not asked for at every call', async () => {
    const window = await signedIn();
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
    idp.refuse('invalidGrant');
    window.clock.offset += 9 * MINUTE - 10_000;
    const before = tokenRequests();
    for (let call = 0; call < 5; call += 1) {
      assert.equal(await audienceOf(window.session, postgres), postgresAudience);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.deepEqual([tokenRequests() - before, people(window)], [1, 1]);
    window.clock.offset += MINUTE;
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-SIGN-IN-ENDED');
  });

  test('F17: expired during sleep is noticed at the first use, not at waking', async () => {
    const window = await signedIn();
    idp.revokeRefreshTokens('alice');
    window.clock.offset += 2 * DAY;
    const before = tokenRequests();
    assert.deepEqual([people(window), tokenRequests()], [1, before]);
    assert.equal(await codeOf(audienceOf(window.session, warehouse)), 'DP-SIGN-IN-ENDED');
  });
});

describe('a provider in trouble', () => {
  for (const [fault, reason] of [
    ['serverError', 'HTTP status 500'],
    ['unavailable', 'HTTP status 503'],
    ['html', 'something else answered in its place, such as the log-in page of a network'],
    ['hangUp', 'UND_ERR_SOCKET'],
  ] as const) {
    test(`F15, F47: ${fault} at the token endpoint (${reason}) keeps the sign-in, and it works again by itself`, async () => {
      const window = await signedIn();
      idp.refuse(fault);
      const { code, message } = await errorOf(audienceOf(window.session, postgres));
      assert.equal(code, 'DP-PROVIDER-UNREACHABLE');
      assert.ok(message.includes(reason), message);
      assert.equal(people(window), 1);
      idp.recover();
      window.clock.offset += MINUTE;
      assert.equal(await audienceOf(window.session, postgres), postgresAudience);
    });
  }

  for (const [form, retryAfter] of [
    ['seconds', 120],
    ['an HTTP date', new Date(Date.now() + 125_000)],
  ] as const) {
    test(`F14: 429 with Retry-After as ${form} is honored: no request until then`, async () => {
      const window = await signedIn();
      idp.refuse('tooManyRequests', { retryAfter });
      assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-PROVIDER-UNREACHABLE');
      idp.recover();
      const before = tokenRequests();
      window.clock.offset += 100_000;
      assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-PROVIDER-UNREACHABLE');
      assert.equal(tokenRequests(), before);
      window.clock.offset += 30_000;
      assert.equal(await audienceOf(window.session, postgres), postgresAudience);
    });
  }

  test('F15: 5xx for ten minutes: a pause that grows between requests, and the user who asks is not kept waiting', async () => {
    const window = await signedIn();
    idp.refuse('unavailable');
    const before = tokenRequests();
    for (let second = 0; second < 600; second += 1) {
      await codeOf(audienceOf(window.session, postgres));
      window.clock.offset += 1000;
    }
    const asked = tokenRequests() - before;
    assert.ok(asked > 10 && asked < 60, String(asked));
    idp.recover();
    assert.equal(await audienceOf(window.session, postgres, { renews: '*' }), postgresAudience);
  });

  test('restarted and without memory: the sign-in has ended, and a new one works', async () => {
    const window = await signedIn();
    idp.restart();
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-SIGN-IN-ENDED');
    await signInAs(window, idp, 'alice');
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('keys rotated, the old ones withdrawn: renewing and signing in go on', async () => {
    const window = await signedIn();
    await idp.rotateKeys({ withdrawOld: true });
    // Keys are fetched again at most once a minute; the ones at hand are from just now.
    window.clock.offset += 2 * MINUTE;
    const { now } = Date;
    Date.now = () => now() + 2 * MINUTE;
    try {
      assert.equal(await audienceOf(window.session, postgres), postgresAudience);
    } finally {
      Date.now = now;
    }
  });

  test('F28: metadata that can not be had any more: what is known serves for a day', async () => {
    const window = await signedIn();
    idp.refuse('unavailable', { at: 'discovery' });
    window.clock.offset += 20 * 3600_000;
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });
});

test('F15: calls that wait behind a failure do not knock one by one', async () => {
  const window = await signedIn();
  idp.refuse('unavailable');
  const before = tokenRequests();
  const audiences = Array.from({ length: 20 }, (_, index) => ({
    audiences: [`https://${index}.lab.example`],
    scopes: [],
  }));
  const codes = await Promise.all(audiences.map((request) => codeOf(audienceOf(window.session, request))));
  assert.deepEqual([new Set(codes), tokenRequests() - before], [new Set(['DP-PROVIDER-UNREACHABLE']), 1]);
});

describe('a provider that can not be what it was taken for', () => {
  const attempt = async (prepare: () => void, options: Omit<WindowOptions, 'idp'> = {}) => {
    prepare();
    const window = await harness({ ...options, settings: { flow: 'pasteRedirect', ...options.settings } });
    return errorOf(window.session.attempt());
  };

  test('F48: a captive portal answers discovery: unreachable, not misconfigured', async () => {
    const { code, message } = await attempt(() => idp.refuse('html', { at: 'discovery' }));
    assert.equal(code, 'DP-PROVIDER-UNREACHABLE');
    assert.match(message, /log-in page of a network/);
  });

  test('discovery that redirects is not followed, and the error says so', async () => {
    const elsewhere = await startIdentityProvider();
    const to = `${elsewhere.issuer}/.well-known/openid-configuration`;
    const { code, message } = await attempt(() => idp.refuse('redirect', { at: 'discovery', to }));
    assert.deepEqual([code, elsewhere.requests.length], ['DP-PROVIDER-METADATA', 0]);
    assert.match(message, /a redirect/);
    await elsewhere.close();
  });

  test('discovery that names another issuer is refused, and the error names both', async () => {
    const { code, message } = await attempt(() => idp.amendMetadata({ issuer: `${idp.issuer}/` }));
    assert.equal(code, 'DP-PROVIDER-METADATA');
    assert.ok(message.includes(`${idp.issuer} `) && message.includes(`${idp.issuer}/`), message);
  });
});

describe('a clock that is wrong', () => {
  test('F21: ten minutes behind: the sign-in says how much the clock is off', async () => {
    idp.shiftClock(10);
    const window = await harness();
    const { code, message } = await errorOf(signInAs(window, idp, 'alice'));
    assert.deepEqual([code, /10 minutes behind/.test(message)], ['DP-CLOCK', true], message);
  });

  test('F21: ten minutes ahead: the sign-in works', async () => {
    idp.shiftClock(-10);
    const window = await signedIn();
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('F21: set wrong after the sign-in: renewals go on, because what a refused one brought would be lost', async () => {
    const window = await signedIn();
    idp.shiftClock(10);
    for (const renews of [undefined, '*', '*'])
      assert.equal(await audienceOf(window.session, postgres, { renews }), postgresAudience);
    assert.equal(people(window), 1);
  });
});

describe('a machine that sleeps or is offline', () => {
  test('F16: two days of sleep: nobody is asked; offline at first, one refresh when the network is back', async () => {
    const { cable, fetch: through } = network();
    const window = await signedIn({ fetch: through });
    window.clock.offset += 2 * DAY;
    cable.pulled = true;
    assert.equal(await codeOf(audienceOf(window.session, warehouse)), 'DP-PROVIDER-UNREACHABLE');
    assert.equal(people(window), 1);
    cable.pulled = false;
    window.clock.offset += MINUTE;
    const before = tokenRequests();
    const audiences = await Promise.all(Array.from({ length: 10 }, () => audienceOf(window.session, warehouse)));
    assert.deepEqual([new Set(audiences).size, tokenRequests() - before], [1, 1]);
  });

  test('F26, F27: started offline: signed in from the store, unreachable when a token is wanted, and fine later', async () => {
    const { secrets } = await signedIn();
    const { cable, fetch: through } = network();
    cable.pulled = true;
    const window = await harness({ secrets, fetch: through });
    assert.equal(people(window), 1);
    assert.equal(await codeOf(audienceOf(window.session, postgres)), 'DP-PROVIDER-UNREACHABLE');
    cable.pulled = false;
    window.clock.offset += MINUTE;
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });
});

describe('a secret storage in trouble', () => {
  test('F29, F30: a keyring that is missing or locked at the start: nobody is signed in, and the state says why', async () => {
    const secrets = memorySecrets();
    secrets.get = () => Promise.reject(new Error('the keyring is locked'));
    secrets.failStores = true;
    const window = await harness({ secrets });
    assert.deepEqual(window.session.state, { accounts: [], ended: undefined, saved: false });
    await signInAs(window, idp, 'alice');
    assert.deepEqual([people(window), window.session.state.saved, secrets.values.size], [1, false, 0]);
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('F33: a keyring that refuses a rotated token: the sign-in goes on in memory, is told so, and is saved when it can be', async () => {
    const window = await signedIn();
    window.secrets.failStores = true;
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
    assert.equal(window.session.state.saved, false);
    window.secrets.failStores = false;
    assert.equal(await audienceOf(window.session, postgres, { renews: '*' }), postgresAudience);
    assert.equal(window.session.state.saved, true);
  });

  test('F19, F33: a secret that is too large for the storage: the same', async () => {
    const secrets = memorySecrets();
    const { store } = secrets;
    secrets.store = (key, value) => (value.length > 100 ? Promise.reject(new Error('too large')) : store(key, value));
    const window = await signedIn({ secrets });
    assert.deepEqual([people(window), window.session.state.saved], [1, false]);
    assert.equal(await audienceOf(window.session, postgres), postgresAudience);
  });

  test('a storage that never answers, as behind a page that was closed, is not waited for', async (context) => {
    const window = await signedIn();
    window.secrets.hold = new Promise(() => undefined);
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const grant = audienceOf(window.session, postgres);
    const ticking = setInterval(() => context.mock.timers.tick(1000), 20);
    assert.equal(await grant, postgresAudience);
    clearInterval(ticking);
    context.mock.timers.reset();
    assert.equal(window.session.state.saved, false);
  });

  for (const [what, text] of [
    ['corrupt', '{"version":1,"sign'],
    ['of another shape', '{"version":1,"refreshToken":7}'],
  ] as const) {
    test(`F31, F32: a stored session that is ${what} is cleared, and nobody is signed in`, async () => {
      const secrets = memorySecrets();
      secrets.values.set('sign-ins/laptop/lab', text);
      const window = await harness({ secrets });
      assert.deepEqual([people(window), secrets.values.size], [0, 0]);
    });
  }

  test('F35: a stored session of a newer version of the extension is left alone', async () => {
    const secrets = memorySecrets();
    const newer = '{"version":2,"something":"else"}';
    secrets.values.set('sign-ins/laptop/lab', newer);
    const window = await harness({ secrets });
    assert.deepEqual([people(window), [...secrets.values.values()]], [0, [newer]]);
  });
});
