import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { githubApp } from '../../src/tokens/githubApp.ts';
import { lab, passphrase, secretsOf } from './githubLab.ts';
import { claimsIn, saidBy, tokenIn } from './outcome.ts';

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
  const { iss, iat, exp } = claimsIn(jwt);
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
    callers.push(github.whois(tokenIn(await source(settings).get())));
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
  const token = tokenIn(await source({ apiUrl: `${github.url}/` }).get());
  assert.match(token, /^ghs_4711_eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.equal(github.whois(token)?.installation, 99);
});

test('A token is kept for its hour and then made anew; a rejected one at once', async (t) => {
  const { github, source: start } = await lab(t);
  const source = start();
  let minutes = 0;
  /** What is handed out when time has gone by, here and at GitHub. */
  const after = async (more: number) => {
    minutes += more;
    github.shiftClock(minutes);
    source.later(more * 60);
    const credential = await source.get();
    return { id: credential.id, good: github.whois(tokenIn(credential)) !== undefined };
  };
  const first = await after(0);
  assert.deepEqual([first.good, await after(47), await after(11.5)], [true, first, first]);
  const second = await after(0.6);
  const third = await source.get({ rejected: second.id });
  assert.deepEqual(
    [second.good, github.whois(tokenIn(third)) !== undefined, new Set([first.id, second.id, third.id]).size],
    [true, true, 3],
  );
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
  const encrypted = here.pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  await writeFile(here.keyFile, encrypted);
  const stored = (value: string) => ({ passphrase: { id: 'one', value } });
  assert.ok(here.github.whois(tokenIn(await here.source({}, stored(passphrase)).get())));
  for (const secrets of [{}, stored('another canary')]) {
    const { code } = saidBy(await here.source({}, secrets).fails(), [...secretsOf(here), 'another canary']);
    assert.equal(code, 'DP-KEY-PASSPHRASE');
  }
  assert.deepEqual(githubApp.secrets?.(githubApp.settings.parse({ app: '1', privateKeyFile: '/k', installation: 1 })), [
    { name: 'passphrase', title: 'passphrase of the private key', kind: 'password', required: false },
  ]);
});

test('A key that others can read, or of another kind, signs nothing', async (t) => {
  const here = await lab(t);
  await chmod(here.keyFile, 0o644);
  const { code, params } = saidBy(await here.source().fails(), secretsOf(here));
  assert.deepEqual([code, params['problem']], ['DP-KEY-FILE', 'can be used by others than you']);
  await chmod(here.keyFile, 0o600);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(here.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.equal((await here.source().fails()).facts().params['problem'], 'is not an RSA key');
  assert.deepEqual(here.github.requests, []);
});
