import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { type KeyFileRequest, type PrivateKey, readPrivateKey } from '../../src/tokens/keyFile.ts';
import { saidBy } from './outcome.ts';

const windows = process.platform === 'win32';

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

describe('A private key is read from a file', () => {
  const passphrase = 'CANARY correct horse';
  let folder: string;
  let privateKey: KeyObject;
  let fingerprint: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'data-passport-keys-'));
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    privateKey = pair.privateKey;
    const der = pair.publicKey.export({ type: 'spki', format: 'der' });
    fingerprint = `SHA256:${createHash('sha256').update(der).digest('base64')}`;
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const place = (name: string): string => path.join(folder, name);

  async function file(name: string, content: string | Buffer, mode = 0o600): Promise<string> {
    await writeFile(place(name), content, { mode });
    await chmod(place(name), mode);
    return place(name);
  }

  const plain = (): string => privateKey.export(pkcs8) as string;
  const encrypted = (): string =>
    privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string;

  const read = (name: string, more: Partial<KeyFileRequest> = {}): Promise<PrivateKey> =>
    readPrivateKey({ file: name, connection: 'sales', ...more });

  async function fails(name: string, more: Partial<KeyFileRequest> = {}): Promise<PassportError> {
    const error: unknown = await read(name, more).then(
      () => assert.fail('it was read'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof PassportError, String(error));
    // What the PEM of keys like these begins with.
    saidBy(error, ['CANARY', 'PRIVATE KEY', 'MIIC', 'MIIE', 'MIIF']);
    return error;
  }

  async function problemOf(name: string, more: Partial<KeyFileRequest> = {}): Promise<readonly [string, string]> {
    const { code, params } = await fails(name, more);
    assert.deepEqual(
      { code, file: params['file'], connection: params['connection'] },
      { code: 'DP-KEY-FILE', file: name, connection: 'sales' },
    );
    return [params['problem'] ?? '', params['remedy'] ?? ''];
  }

  it('in PKCS#8 and PKCS#1, encrypted or not, with whatever stands around it', async () => {
    const around = (pem: string): string =>
      `Bag Attributes\n    friendlyName: mine\n${pem}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
    const legacy = privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase });
    const forms = {
      pkcs8: plain(),
      pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
      encrypted: encrypted(),
      legacy: legacy as string,
      around: around(plain()),
    };
    for (const [name, pem] of Object.entries(forms)) {
      const result = await read(await file(name, pem), { passphrase: async () => passphrase });
      assert.deepEqual({ name, fingerprint: result.fingerprint }, { name, fingerprint });
      assert.equal(result.key.equals(privateKey), true);
    }
  });

  it('and the passphrase is asked for only where it is needed', async () => {
    let asked = 0;
    const counting = async (): Promise<string> => {
      asked += 1;
      return passphrase;
    };
    await read(await file('open', plain()), { passphrase: counting });
    const before = asked;
    await read(await file('closed', encrypted()), { passphrase: counting });
    assert.deepEqual([before, asked], [0, 1]);
  });

  it('and a missing or wrong passphrase is an error of its own, however the decryption goes wrong', async () => {
    const name = await file('locked', encrypted());
    const outcomes = new Set<string>();
    // Some passphrases decrypt to something, which OpenSSL then calls unsupported.
    for (let count = 0; count < 600; count += 1)
      outcomes.add((await fails(name, { passphrase: async () => `wrong ${count}` })).code);
    outcomes.add((await fails(name)).code);
    outcomes.add((await fails(name, { passphrase: async () => undefined })).code);
    outcomes.add((await fails(name, { passphrase: async () => '' })).code);
    assert.deepEqual([...outcomes], ['DP-KEY-PASSPHRASE']);
    assert.deepEqual((await fails(name)).params, { connection: 'sales', file: name });
  });

  it('and ~ is the home of the user', async () => {
    const variable = windows ? 'USERPROFILE' : 'HOME';
    const home = process.env[variable];
    process.env[variable] = folder;
    try {
      const full = await file('at home.pem', plain());
      assert.equal((await read('~/at home.pem')).fingerprint, fingerprint);
      if (windows) return;
      await chmod(full, 0o644);
      const [, remedy] = await problemOf('~/at home.pem');
      assert.equal(remedy, `Run chmod 600 '${full}'.`);
    } finally {
      if (home === undefined) delete process.env[variable];
      else process.env[variable] = home;
    }
  });

  it('unless others could read or write it; what to run is told, with quotes where a shell needs them', async (t) => {
    if (windows) return t.skip('Windows has no such bits');
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666]) {
      const name = await file('wide', plain(), mode);
      assert.deepEqual(await problemOf(name), ['can be used by others than you', `Run chmod 600 ${name}.`]);
    }
    for (const mode of [0o600, 0o400, 0o700]) await read(await file('narrow', plain(), mode));
    const odd = await file("my key's", plain(), 0o644);
    const [, remedy] = await problemOf(odd);
    const command = remedy.replace(/^Run (.*)\.$/, '$1');
    execFileSync('/bin/sh', ['-c', command]);
    assert.equal((await read(odd)).fingerprint, fingerprint);
  });

  it('and of a symbolic link the file that it leads to is judged', async (t) => {
    if (windows) return t.skip('links need a privilege');
    const target = await file('target', plain(), 0o644);
    await symlink(target, place('link'));
    await symlink(place('link'), place('linkToLink'));
    await symlink(place('circle'), place('circle'));
    await symlink(place('nowhere'), place('dangling'));
    assert.deepEqual((await problemOf(place('linkToLink')))[0], 'can be used by others than you');
    await chmod(target, 0o600);
    assert.equal((await read(place('linkToLink'))).fingerprint, fingerprint);
    assert.equal((await problemOf(place('circle')))[0], 'is a symbolic link that leads to itself');
    assert.equal((await problemOf(place('dangling')))[0], 'does not exist');
  });

  it('unless it belongs to another user', async (t) => {
    if (windows || process.getuid?.() !== 0) return t.skip('only root gives files away');
    const name = await file('foreign', plain());
    await chown(name, 12_345, 0);
    assert.equal((await problemOf(name))[0], 'belongs to another user');
  });

  it('unless it is no regular file, or larger than any key, or not there', async (t) => {
    await mkdir(place('directory'));
    assert.equal((await problemOf(place('directory')))[0], windows ? 'can not be opened (EISDIR)' : 'is not a file');
    assert.equal((await problemOf(await file('large', 'x'.repeat(70_000))))[0], 'is larger than any key');
    assert.equal((await problemOf(place('absent')))[0], 'does not exist');
    assert.equal((await problemOf(path.join(await file('a', plain()), 'b')))[0], 'does not exist');
    assert.equal((await problemOf('keys/mine.pem'))[0], 'is not an absolute path');
    assert.equal((await problemOf('~bob/mine.pem'))[0], 'is not an absolute path');
    if (windows) return t.skip('Windows has no named pipes in folders');
    execFileSync('mkfifo', ['-m', '600', place('pipe')]);
    assert.equal((await problemOf(place('pipe')))[0], 'is not a file');
    assert.equal((await problemOf('/dev/zero'))[0], 'is not a file');
  });

  it('and what was opened is what is judged and read, whoever changes the path meanwhile', async (t) => {
    if (windows) return t.skip('an open file can not be replaced');
    const others = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pkcs8) as string;
    const outcomes = new Set<string>();
    const swap = { going: true };
    const swapping = (async () => {
      while (swap.going) {
        await rename(await file('good', plain()), place('current'));
        await rename(await file('bad', others, 0o644), place('current'));
      }
    })();
    for (let count = 0; count < 500; count += 1)
      outcomes.add(
        await read(place('current')).then(
          (result) => result.fingerprint,
          (error: unknown) => (error instanceof PassportError ? (error.params['problem'] ?? '') : String(error)),
        ),
      );
    swap.going = false;
    await swapping;
    const allowed = new Set([fingerprint, 'can be used by others than you', 'does not exist']);
    assert.deepEqual(
      [...outcomes].filter((outcome) => !allowed.has(outcome)),
      [],
    );
  });

  it('unless it holds another kind of key, or a short one, or none', async () => {
    const pem = (key: KeyObject): string => key.export(pkcs8) as string;
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const other = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
    const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const edwards = generateKeyPairSync('ed25519').privateKey;
    const publicKey = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).publicKey;
    const openssh = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';
    const contents: Record<string, [string, string]> = {
      short: [pem(short), 'is an RSA key of 1024 bits'],
      pss: [pem(other), 'is not an RSA key'],
      curve: [pem(curve), 'is not an RSA key'],
      sec1: [curve.export({ type: 'sec1', format: 'pem' }) as string, 'is not an RSA key'],
      edwards: [pem(edwards), 'is not an RSA key'],
      public: [publicKey, 'holds no private key in PEM'],
      openssh: [openssh, 'has the format of OpenSSH'],
      empty: ['', 'holds no private key in PEM'],
      broken: [plain().replace('MII', 'AAA'), 'holds a key that can not be parsed'],
      half: [plain().slice(0, 500), 'holds no private key in PEM'],
    };
    for (const [name, [content, problem]] of Object.entries(contents))
      assert.deepEqual([name, (await problemOf(await file(name, content)))[0]], [name, problem]);
  });
});
