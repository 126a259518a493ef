import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { decodeJwt } from '../../src/core/jwt.ts';
import type { GrantedToken, SignIn } from '../../src/core/signIn.ts';
import { type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { personalities } from '../lab/identityProvider/personalities.ts';
import { memorySecrets } from '../support/memorySecrets.ts';
import { codeOf, openWindow, signInAs, type Window, type WindowOptions } from './window.ts';

const claims = ({ token }: GrantedToken) => decodeJwt(token)?.claims ?? {};

describe('the ID token and the token endpoint of a sign-in', () => {
  let idp: LabIdentityProvider;
  const opened: Window[] = [];
  before(async () => {
    idp = await startIdentityProvider();
  });
  after(() => idp?.close());
  afterEach(async () => {
    for (const window of opened.splice(0)) await window.close();
    idp.recover();
  });

  async function signedIn(at = idp, more: Partial<WindowOptions> = {}): Promise<Window & { readonly port: SignIn }> {
    const window = await openWindow({ idp: at, ...more });
    opened.push(window);
    await signInAs(window, at, 'alice');
    const port = window.session.signIn();
    assert.ok(port);
    return { ...window, port };
  }

  const refreshes = (): number => idp.requests.filter(({ path }) => path === '/token').length;

  test('that came with the sign-in is handed out as long as it is good, without another request', async () => {
    const { port } = await signedIn();
    const before = refreshes();
    const [one, two] = [await port.idToken({}), await port.idToken({})];
    assert.deepEqual([one.id, refreshes()], [two.id, before]);
    const { iss, aud, sub } = claims(one);
    assert.deepEqual([iss, aud, sub], [idp.issuer, idp.clientId, 'alice']);
    // In our time: the Date header says what the provider's clock is, to the second.
    assert.ok(Math.abs((one.expiresAt?.getTime() ?? 0) - Number(claims(one)['exp']) * 1000) < 2000);
  });

  test('that was rejected, or has ended, is replaced by that of a renewed sign-in', async () => {
    const { port, clock } = await signedIn();
    const first = await port.idToken({});
    const second = await port.idToken({ rejected: first.id });
    assert.notEqual(second.id, first.id);
    clock.offset += 24 * 3600_000;
    const third = await port.idToken({});
    assert.equal(new Set([first.id, second.id, third.id]).size, 3);
    assert.equal(claims(third)['sub'], 'alice');
  });

  test('of a provider that gives none on refresh ends with an error that says so, and the sign-in stays', async () => {
    const { options, settings } = personalities.opaqueAccessTokens;
    const other = await startIdentityProvider(options);
    try {
      const { port, session } = await signedIn(other, { settings, wanted: [] });
      const first = await port.idToken({});
      assert.equal(await codeOf(port.idToken({ rejected: first.id })), 'DP-ID-TOKEN');
      assert.equal(session.state.accounts.length, 1);
    } finally {
      for (const window of opened.splice(0)) await window.close();
      await other.close();
    }
  });

  test('is one for all windows of a machine, and ends with the sign-in', async () => {
    const [secrets, folder] = [memorySecrets(), await mkdtemp(join(tmpdir(), 'dp-windows-'))];
    const other = await openWindow({ idp, secrets, folder });
    opened.push(other);
    const one = await signedIn(idp, { secrets, folder });
    const port = other.session.signIn();
    assert.ok(port);
    const [mine, theirs] = [await one.port.idToken({}), await port.idToken({})];
    assert.deepEqual(theirs, mine);
    await one.session.signOut('alice');
    assert.equal(await codeOf(port.idToken({})), 'DP-SIGN-IN-REQUIRED');
    for (const window of opened.splice(0)) await window.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('a form for the token endpoint carries the client, and a refusal comes back as it is', async () => {
    const { port } = await signedIn();
    const form = new URLSearchParams({ grant_type: 'urn:example:unknown' });
    const answer = await port.tokenEndpoint(form);
    const body = (await answer.json()) as { error: string };
    assert.deepEqual([answer.status, body.error], [400, 'unsupported_grant_type']);
    assert.equal(form.get('client_id'), null);
  });

  test('an endpoint that is away or busy is told as an unreachable provider', async () => {
    const { port } = await signedIn();
    idp.refuse('unavailable');
    assert.equal(await codeOf(port.tokenEndpoint(new URLSearchParams())), 'DP-PROVIDER-UNREACHABLE');
  });
});
