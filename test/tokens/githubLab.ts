import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { githubApp } from '../../src/tokens/githubApp.ts';
import type { StoredSecret } from '../../src/tokens/source.ts';
import {
  type GitHubOptions,
  type LabApp,
  type LabGitHub,
  type LabInstallation,
  startGitHub,
} from '../lab/tokenServices/github.ts';
import { type RunningSource, startSource } from './harness.ts';

export const newKeyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
export type KeyPair = ReturnType<typeof newKeyPair>;

/** Of the app. */
let pair: KeyPair | undefined;

export const passphrase = 'passphrase-canary-77';

export interface Lab {
  readonly github: LabGitHub;
  readonly app: LabApp;
  readonly pair: KeyPair;
  readonly keyFile: string;
  source(settings?: object, secrets?: Readonly<Record<string, StoredSecret>>): RunningSource;
}

/** GitHub with an app that is installed in the organization `acme`; it ends with the test. */
export async function lab(
  t: TestContext,
  installed: Partial<LabInstallation> = {},
  options: Partial<GitHubOptions> = {},
): Promise<Lab> {
  pair ??= newKeyPair();
  const folder = await mkdtemp(join(tmpdir(), 'data-passport-github-'));
  t.after(() => rm(folder, { recursive: true }));
  const keyFile = join(folder, 'app.pem');
  // As GitHub hands it out: PKCS#1.
  await writeFile(keyFile, pair.privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const app: LabApp = { id: 4711, clientId: 'Iv23liLab', publicKey: pair.publicKey };
  const repositories = ['shop', 'site'];
  const permissions = { metadata: 'read', contents: 'write', issues: 'admin', workflows: 'write' } as const;
  const installation = { id: 99, app, account: 'acme', repositories, permissions, ...installed };
  const github = await startGitHub({ installations: [installation], ...options });
  t.after(() => github.close());
  return {
    github,
    app,
    pair,
    keyFile,
    source: (settings = {}, secrets = {}) =>
      startSource(githubApp, {
        name: 'githubApp',
        settings: { app: app.clientId, privateKeyFile: keyFile, organization: 'acme', apiUrl: github.url, ...settings },
        secrets,
      }),
  };
}

/** What no error may show: what was sent so far, the passphrase, and a line of the key. */
export function secretsOf({ github, pair: { privateKey } }: Lab): readonly string[] {
  const assertions = github.requests.flatMap(({ headers }) => headers['authorization']?.slice('Bearer '.length) ?? []);
  const line = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString().split('\n')[3] ?? '';
  return [...assertions, passphrase, line];
}
