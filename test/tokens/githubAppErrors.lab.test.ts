import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { type KeyPair, lab, type Lab, newKeyPair, secretsOf } from './githubLab.ts';
import { path } from './harness.ts';
import { saidBy, tokenIn } from './outcome.ts';

const fingerprintOf = ({ publicKey }: KeyPair): string =>
  `SHA256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`;

test('A key that GitHub does not know is told by its fingerprint, and so is an app and a clock', async (t) => {
  const here = await lab(t);
  const service = new URL(here.github.url).host;
  const refused = (pair: KeyPair, error: string, principal: string = here.app.clientId) => ({
    code: 'DP-KEY-REFUSED',
    params: { service, connection: 'sales', error, fingerprint: fingerprintOf(pair), principal },
  });
  assert.deepEqual(
    saidBy(await here.source({ app: 'Iv23liOther' }).fails(), secretsOf(here)),
    refused(here.pair, 'Integration not found', 'Iv23liOther'),
  );
  here.github.shiftClock(-7);
  assert.deepEqual(
    saidBy(await here.source().fails(), secretsOf(here)),
    refused(here.pair, "'Expiration time' claim ('exp')"),
  );
  here.github.shiftClock(7);
  assert.deepEqual(
    saidBy(await here.source().fails(), secretsOf(here)),
    refused(here.pair, "'Expiration time' claim ('exp')"),
  );
  here.github.shiftClock(-3);
  assert.deepEqual(
    saidBy(await here.source().fails(), secretsOf(here)),
    refused(here.pair, "'Issued at' claim ('iat')"),
  );
  here.github.shiftClock(0);
  here.github.answerWith({ status: 401, body: { message: 'Bad credentials of canary-1' } });
  assert.deepEqual(
    saidBy(await here.source().fails(), [...secretsOf(here), 'canary-1']),
    refused(here.pair, 'HTTP status 401'),
  );
  here.github.answerWith(undefined);
  const wrong = newKeyPair();
  await writeFile(here.keyFile, wrong.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.deepEqual(
    saidBy(await here.source().fails(), secretsOf(here)),
    refused(wrong, 'A JSON web token could not be decoded'),
  );
});

test('What an installation may not do is told as GitHub says it', async (t) => {
  const here = await lab(t);
  const suspended = await lab(t, { suspended: true });
  const mute = await lab(t, { permissions: { workflows: 'write' } });
  const refused = (error: string) => ({
    code: 'DP-GITHUB-REFUSED',
    params: { connection: 'sales', error, app: here.app.clientId },
  });
  const cases: readonly (readonly [Lab, object, string])[] = [
    [here, { organization: 'other' }, 'HTTP status 404'],
    [here, { organization: undefined, installation: 98 }, 'HTTP status 404'],
    [here, { permissions: { actions: 'read' } }, 'The permissions requested are not granted to this installation'],
    [
      here,
      { permissions: { contents: 'admin' } },
      'The level of access for permissions requested are not granted to this installation',
    ],
    [
      here,
      { repositories: ['absent'] },
      'There is at least one repository that does not exist or is not accessible to the parent installation',
    ],
    [suspended, {}, 'This installation has been suspended'],
    // Without permissions in the request GitHub would give all.
    [mute, {}, 'the installation has no permission to read'],
  ];
  for (const [there, settings, error] of cases)
    assert.deepEqual(saidBy(await there.source(settings).fails(), secretsOf(there)), refused(error));
  here.github.answerWith({ status: 422, body: { message: 'Validation failed for canary-2' } });
  assert.deepEqual(saidBy(await here.source().fails(), [...secretsOf(here), 'canary-2']), refused('HTTP status 422'));
});

test('An outage and a rate limit are told as such, and a redirect is not followed', async (t) => {
  const here = await lab(t);
  const service = new URL(here.github.url).host;
  const source = here.source();
  const away = (reason: string) => ({
    code: 'DP-TOKEN-SERVICE-UNREACHABLE',
    params: { service, connection: 'sales', reason },
  });
  const problem = 'HTTP status 301, a redirect';
  for (const [fault, facts] of [
    ['unavailable', away('HTTP status 503')],
    ['tooManyRequests', away('HTTP status 429')],
    ['rateLimit', away('rate limit')],
    ['secondaryRateLimit', away('rate limit')],
    ['hangUp', away('UND_ERR_SOCKET')],
    ['moved', { code: 'DP-TOKEN-SERVICE-ANSWER', params: { service, connection: 'sales', problem, path } }],
  ] as const) {
    here.github.fail(fault);
    assert.deepEqual(saidBy(await source.fails(), secretsOf(here)), facts);
  }
  here.github.fail(undefined);
  assert.ok(here.github.whois(tokenIn(await source.get())));
});

test('An answer that is not whole is not used', async (t) => {
  const here = await lab(t);
  const problemOf = async (settings: object = {}): Promise<string | undefined> => {
    const { code, params } = saidBy(await here.source(settings).fails(), secretsOf(here));
    assert.equal(code, 'DP-TOKEN-SERVICE-ANSWER');
    return params['problem'];
  };
  for (const [method, fields, problem] of [
    ['GET', { id: undefined }, 'it has no installation'],
    ['GET', { id: '99' }, 'it has no installation'],
    ['GET', { permissions: undefined }, 'it has no permissions'],
    ['GET', { permissions: null }, 'it has no permissions'],
    ['POST', { token: undefined }, 'it has no token'],
    ['POST', { token: '' }, 'it has no token'],
    ['POST', { token: 7 }, 'it has no token'],
    ['POST', { expires_at: undefined }, 'it does not say when the token ends'],
    ['POST', { expires_at: 1_800_000_000 }, 'it does not say when the token ends'],
    ['POST', { expires_at: 'soon' }, 'it does not say when the token ends'],
  ] as const) {
    here.github.amend(method, fields);
    assert.equal(await problemOf(), problem, JSON.stringify(fields));
    here.github.amend(method, {});
  }
  here.github.fail('html');
  assert.equal(await problemOf(), 'it has no installation');
  const byId = { organization: undefined, installation: 99, permissions: { contents: 'read' } };
  assert.equal(await problemOf(byId), 'HTTP status 200 without an error of GitHub');
  here.github.fail(undefined);
  for (const [status, body] of [
    [404, '<title>Not Found</title>'],
    [401, ''],
    [422, '{}'],
  ] as const) {
    here.github.answerWith({ status, body });
    assert.equal(await problemOf(), `HTTP status ${status} without an error of GitHub`);
  }
  here.github.answerWith(undefined);
  here.github.amend('POST', { token: 'ghs_two words' });
  assert.equal((await here.source().fails()).code, 'DP-TOKEN-INVALID');
});
