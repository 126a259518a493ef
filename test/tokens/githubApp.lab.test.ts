import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';

import type { PassportError } from '../../src/core/errors.ts';
import { decodeJwt } from '../../src/core/jwt.ts';
import { githubApp } from '../../src/tokens/githubApp.ts';
import type { StoredSecret } from '../../src/tokens/source.ts';
import {
  type GitHubOptions,
  type LabApp,
  type LabGitHub,
  type LabInstallation,
  startGitHub,
} from '../lab/tokenServices/github.ts';
import { path, type RunningSource, startSource } from './harness.ts';

const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
type KeyPair = ReturnType<typeof keyPair>;

let right: KeyPair;
let wrong: KeyPair;
before(() => {
  right = keyPair();
  wrong = keyPair();
});

const passphrase = 'passphrase-canary-77';
const fingerprintOf = ({ publicKey }: KeyPair): string =>
  `SHA256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')}`;

interface Lab {
  readonly github: LabGitHub;
  readonly app: LabApp;
  readonly keyFile: string;
  source(settings?: object, secrets?: Readonly<Record<string, StoredSecret>>): RunningSource;
}

async function lab(
  t: TestContext,
  installed: Partial<LabInstallation> = {},
  options: Partial<GitHubOptions> = {},
): Promise<Lab> {
  const folder = await mkdtemp(join(tmpdir(), 'data-passport-github-'));
  t.after(() => rm(folder, { recursive: true }));
  const keyFile = join(folder, 'app.pem');
  // As GitHub hands it out: PKCS#1.
  await writeFile(keyFile, right.privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const app: LabApp = { id: 4711, clientId: 'Iv23liLab', publicKey: right.publicKey };
  const repositories = ['shop', 'site'];
  const permissions = { metadata: 'read', contents: 'write', issues: 'admin', workflows: 'write' } as const;
  const installation = { id: 99, app, account: 'acme', repositories, permissions, ...installed };
  const github = await startGitHub({ installations: [installation], ...options });
  t.after(() => github.close());
  return {
    github,
    app,
    keyFile,
    source: (settings = {}, secrets = {}) =>
      startSource(githubApp, {
        name: 'githubApp',
        settings: { app: app.clientId, privateKeyFile: keyFile, organization: 'acme', apiUrl: github.url, ...settings },
        secrets,
      }),
  };
}

async function tokenOf(source: RunningSource): Promise<string> {
  const fields = (await source.get()).reveal();
  assert.ok(fields.kind === 'installation');
  return fields.token;
}

/** What an error shows, once it is known that it shows no secret. */
function shown(error: PassportError, { github }: Pick<Lab, 'github'>, ...canaries: string[]) {
  const everything = [JSON.stringify(error.facts()), error.message, error.fix, String(error.cause), error.stack].join(
    '\n',
  );
  const assertions = github.requests.map(({ headers }) => headers['authorization']?.slice('Bearer '.length) ?? 'none');
  const key = right.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString().split('\n')[3] ?? '';
  assert.deepEqual(
    [...assertions, ...canaries, passphrase, key].filter((secret) => everything.includes(secret)),
    [],
  );
  return error.facts();
}

const readable = { metadata: 'read', contents: 'read', issues: 'read' };

test('The app signs for itself and gets a token that may read what its installation may', async (t) => {
  const { github, source: start } = await lab(t);
  const source = start();
  const sent = Math.floor(Date.now() / 1000);
  const credential = await source.get();
  const fields = credential.reveal();
  assert.ok(fields.kind === 'installation');
  assert.deepEqual(github.whois(fields.token), { installation: 99, permissions: readable, repositories: undefined });
  const [, second] = github.requests;
  const jwt = second?.headers['authorization']?.slice('Bearer '.length) ?? '';
  const { iss, iat, exp } = decodeJwt(jwt)?.claims ?? {};
  assert.deepEqual([iss, Number(exp) - Number(iat)], ['Iv23liLab', 360]);
  assert.ok(Number(iat) <= sent - 59);
  const headers = {
    accept: 'application/vnd.github+json',
    'user-agent': 'data-passport',
    'x-github-api-version': '2022-11-28',
  };
  assert.deepEqual(
    github.requests.map((request) => [
      request.method,
      request.path,
      request.body,
      Object.fromEntries(Object.keys(headers).map((name) => [name, request.headers[name]])),
    ]),
    [
      ['GET', '/orgs/acme/installation', undefined, headers],
      ['POST', '/app/installations/99/access_tokens', { permissions: readable }, headers],
    ],
  );
  assert.deepEqual(new Set(source.known), new Set([jwt, fields.token]));
  assert.deepEqual(
    [credential.kind, credential.subject, githubApp.runsAs({}), githubApp.from],
    ['installation', undefined, 'shared', 'own'],
  );
  assert.deepEqual(githubApp.hosts?.(githubApp.settings.parse({ app: '1', privateKeyFile: '/k', installation: 1 })), [
    'api.github.com',
  ]);
});

test('The installation is found by its id or by a repository, and permissions and repositories are as asked', async (t) => {
  const { github, source } = await lab(t);
  const permissions = { contents: 'write' };
  const byId = { organization: undefined, installation: 99 };
  const callers = [];
  for (const settings of [
    { organization: undefined, repository: 'acme/site' },
    { ...byId, app: '4711' },
    { ...byId, permissions, repositories: ['shop'] },
  ])
    callers.push(github.whois(await tokenOf(source(settings))));
  assert.deepEqual(callers, [
    { installation: 99, permissions: readable, repositories: undefined },
    { installation: 99, permissions: readable, repositories: undefined },
    { installation: 99, permissions, repositories: ['shop'] },
  ]);
  assert.deepEqual(
    github.requests.map(({ method, path: asked }) => `${method} ${asked}`),
    [
      'GET /repos/acme/site/installation',
      'POST /app/installations/99/access_tokens',
      'GET /app/installations/99',
      'POST /app/installations/99/access_tokens',
      'POST /app/installations/99/access_tokens',
    ],
  );
});

test('GitHub Enterprise Server is reached at its own address, and tokens of the new form are taken', async (t) => {
  const { github, source } = await lab(t, {}, { prefix: '/api/v3', stateless: true });
  const token = await tokenOf(source({ apiUrl: `${github.url}/` }));
  assert.match(token, /^ghs_4711_eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(github.whois(token)?.installation, 99);
});

test('A token is kept for its hour and then made anew; a rejected one at once', async (t) => {
  const source = (await lab(t)).source();
  const first = await source.get();
  source.later(47 * 60);
  assert.equal((await source.get()).id, first.id);
  source.later(11 * 60 + 30);
  assert.equal((await source.get()).id, first.id);
  // GitHub takes no JWT of a clock that is an hour ahead: what counts here is that one is asked for.
  source.later(35);
  assert.equal((await source.fails()).code, 'DP-KEY-REFUSED');
  source.later(-59 * 60 - 5);
  const second = await source.get({ rejected: first.id });
  assert.notDeepEqual([second.id, second.reveal()], [first.id, first.reveal()]);
});

test('The end of a token is told by the clock of this machine', async (t) => {
  const { github, source: start } = await lab(t);
  // More than a minute is seen as a difference, and GitHub takes that much.
  github.shiftClock(2);
  const source = start();
  const credential = await source.get();
  const left = ((credential.expiresAt?.getTime() ?? 0) - source.now()) / 60_000;
  assert.equal(Math.round(left), 60);
});

test('An encrypted key is read with the stored passphrase', async (t) => {
  const here = await lab(t);
  const encrypted = right.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  await writeFile(here.keyFile, encrypted);
  const stored = (value: string) => ({ passphrase: { id: 'one', value } });
  assert.ok(here.github.whois(await tokenOf(here.source({}, stored(passphrase)))));
  for (const secrets of [{}, stored('another canary')]) {
    const { code } = shown(await here.source({}, secrets).fails(), here, 'another canary');
    assert.equal(code, 'DP-KEY-PASSPHRASE');
  }
  assert.deepEqual(githubApp.secrets?.(githubApp.settings.parse({ app: '1', privateKeyFile: '/k', installation: 1 })), [
    { name: 'passphrase', title: 'passphrase of the private key', kind: 'password', required: false },
  ]);
});

test('A key that others can read, or of another kind, signs nothing', async (t) => {
  const here = await lab(t);
  await chmod(here.keyFile, 0o644);
  const { code, params } = shown(await here.source().fails(), here);
  assert.deepEqual([code, params['problem']], ['DP-KEY-FILE', 'can be used by others than you']);
  await chmod(here.keyFile, 0o600);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(here.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.equal((await here.source().fails()).facts().params['problem'], 'is not an RSA key');
  assert.deepEqual(here.github.requests, []);
});

test('A key that GitHub does not know is told by its fingerprint, and so is an app and a clock', async (t) => {
  const here = await lab(t);
  const service = new URL(here.github.url).host;
  const refused = (pair: KeyPair, error: string, principal: string = here.app.clientId) => ({
    code: 'DP-KEY-REFUSED',
    params: { service, connection: 'sales', error, fingerprint: fingerprintOf(pair), principal },
  });
  assert.deepEqual(
    shown(await here.source({ app: 'Iv23liOther' }).fails(), here),
    refused(right, 'Integration not found', 'Iv23liOther'),
  );
  here.github.shiftClock(-7);
  assert.deepEqual(shown(await here.source().fails(), here), refused(right, "'Expiration time' claim ('exp')"));
  here.github.shiftClock(7);
  assert.deepEqual(shown(await here.source().fails(), here), refused(right, "'Expiration time' claim ('exp')"));
  here.github.shiftClock(-3);
  assert.deepEqual(shown(await here.source().fails(), here), refused(right, "'Issued at' claim ('iat')"));
  here.github.shiftClock(0);
  here.github.answerWith({ status: 401, body: { message: 'Bad credentials of canary-1' } });
  assert.deepEqual(shown(await here.source().fails(), here, 'canary-1'), refused(right, 'HTTP status 401'));
  here.github.answerWith(undefined);
  await writeFile(here.keyFile, wrong.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.deepEqual(shown(await here.source().fails(), here), refused(wrong, 'A JSON web token could not be decoded'));
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
    assert.deepEqual(shown(await there.source(settings).fails(), there), refused(error));
  here.github.answerWith({ status: 422, body: { message: 'Validation failed for canary-2' } });
  assert.deepEqual(shown(await here.source().fails(), here, 'canary-2'), refused('HTTP status 422'));
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
    assert.deepEqual(shown(await source.fails(), here), facts);
  }
  here.github.fail(undefined);
  assert.ok(here.github.whois(await tokenOf(source)));
});

test('An answer that is not whole is not used', async (t) => {
  const here = await lab(t);
  const problemOf = async (settings: object = {}): Promise<string | undefined> => {
    const { code, params } = shown(await here.source(settings).fails(), here);
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

test('Settings must name one installation, a safe address, and nothing that leads to another one', () => {
  const least = { app: '4711', privateKeyFile: '~/app.pem' };
  const one = { ...least, organization: 'acme' };
  const wrongs: readonly (readonly [object, string])[] = [
    [least, 'installation'],
    [{ ...one, installation: 99 }, 'installation'],
    [{ ...least, installation: 0 }, 'installation'],
    [{ ...least, organization: '../app' }, 'organization'],
    [{ ...least, repository: 'acme' }, 'repository'],
    [{ ...least, repository: 'acme/..' }, 'repository'],
    [{ ...least, repository: 'acme/shop?x' }, 'repository'],
    [{ ...one, repositories: ['acme/shop'] }, 'repositories.0'],
    [{ ...one, repositories: [] }, 'repositories'],
    [{ ...one, permissions: {} }, 'permissions'],
    [{ ...one, permissions: { contents: 'all' } }, 'permissions.contents'],
    [{ ...one, apiUrl: 'http://github.example.com/api/v3' }, 'apiUrl'],
    [{ ...one, apiUrl: 'https://u:p@github.example.com' }, 'apiUrl'],
    [{ ...one, apiUrl: 'https://github.example.com?x' }, 'apiUrl'],
    [{ ...one, app: 'my app' }, 'app'],
  ];
  assert.deepEqual(
    wrongs.map(([settings]) =>
      githubApp.settings.safeParse(settings).error?.issues.map((issue) => issue.path.join('.')),
    ),
    wrongs.map(([, where]) => [where]),
  );
});
