import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { readPrivateKey } from '../../src/tokens/keyFile.ts';
import { saidBy } from './outcome.ts';

/** A folder that is gone after the test. Its name and that of the key are none that a shell takes as they are. */
async function placeFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "data-passport's keys-"));
  t.after(() => rm(folder, { recursive: true }));
  return path.join(folder, 'my key');
}

/** The commands that an error tells to run. */
async function commandsFor(file: string, passphrase: string, problem: string): Promise<readonly string[]> {
  const error: unknown = await readPrivateKey({ file, connection: 'sales', passphrase: async () => passphrase }).catch(
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PassportError);
  const { code, params } = saidBy(error, [passphrase, 'PRIVATE KEY']);
  assert.deepEqual([code, params['problem']], ['DP-KEY-FILE', problem]);
  const [, commands = ''] = /^Run (.*), and name the copy in the settings\.$/.exec(params['remedy'] ?? '') ?? [];
  return commands.split(' and then ');
}

async function publicKeyIn(file: string, passphrase: string): Promise<KeyObject> {
  const { key } = await readPrivateKey({ file, connection: 'sales', passphrase: async () => passphrase });
  return createPublicKey(key);
}

test('A key in the format of OpenSSH is converted by what the error says, in a copy', async (t) => {
  if (process.platform === 'win32') return t.skip('another shell');
  const key = await placeFor(t);
  const passphrase = 'open sesame';
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', passphrase, '-f', key], { stdio: 'pipe' });
  } catch {
    return t.skip('no ssh-keygen');
  }
  const before = await readFile(key);
  const commands = await commandsFor(key, passphrase, 'has the format of OpenSSH');
  // It asks for the old passphrase and a new one; here a program answers in the place of the terminal.
  const answer = path.join(path.dirname(key), 'answer');
  await writeFile(answer, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o700 });
  const env = { ...process.env, SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: 'force' };
  for (const command of commands) execFileSync('/bin/sh', ['-c', command], { env, stdio: 'pipe' });
  const registered = execFileSync('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', `${key}.pub`]).toString();
  assert.ok((await publicKeyIn(`${key}.pkcs8`, passphrase)).equals(createPublicKey(registered)));
  assert.deepEqual([commands.length, await readFile(key)], [2, before]);
});

test('A key that an old scheme encrypts is told from one with a wrong passphrase, and encrypted anew by what the error says', async (t) => {
  if (process.platform === 'win32') return t.skip('another shell');
  const key = await placeFor(t);
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const input = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const legacy = ['-provider', 'legacy', '-provider', 'default', '-v1', 'PBE-SHA1-RC2-40', '-passout', 'pass:sesame'];
  try {
    await writeFile(key, execFileSync('openssl', ['pkcs8', '-topk8', ...legacy], { input, stdio: 'pipe' }), {
      mode: 0o600,
    });
  } catch {
    return t.skip('no openssl with old ciphers');
  }
  const before = await readFile(key);
  const problem = 'is encrypted in a way that is no longer supported';
  const [command, ...more] = await commandsFor(key, 'sesame', problem);
  // It asks for both passphrases on the terminal.
  const answers = '-passin pass:sesame -passout pass:another';
  execFileSync('/bin/sh', ['-c', `${command} ${answers}`], { stdio: 'pipe' });
  assert.ok((await publicKeyIn(`${key}.pkcs8`, 'another')).equals(pair.publicKey));
  assert.deepEqual([more, await readFile(key)], [[], before]);
});
