import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { PassportError } from '../core/errors.ts';
import { systemCode } from './systemCode.ts';

/** Bytes of a key file; the PEM of an RSA key of 16,384 bits has some 13,000. */
const MOST_BYTES = 64 * 1024;
/** RFC 7518 section 3.3. */
const LEAST_BITS = 2048;

export interface KeyFileRequest {
  /** As the settings have it: absolute, or with `~` for the user's home in front. */
  readonly file: string;
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  /** Asked only when the key is encrypted. Absent: such a key is refused. */
  readonly passphrase?: (() => Promise<string | undefined>) | undefined;
}

export interface PrivateKey {
  /** For RS256. Let go of it when the mint ends: it is read anew for the next one. */
  readonly key: KeyObject;
  /** `SHA256:` and the Base64 of the SHA-256 of the public key's SubjectPublicKeyInfo: what Snowflake and GitHub show for it. */
  readonly fingerprint: string;
}

/**
 * Reads an RSA private key of at least 2048 bits from a PEM file: PKCS#8, encrypted or not, or PKCS#1.
 *
 * The file is opened first and judged by its descriptor, so that nobody changes it between look and use; a symbolic link is
 * followed, and what it leads to is judged. It must be a regular file that belongs to the user and that nobody else may read
 * or write. On Windows neither owner nor access list can be seen from Node.js: there only kind and size are checked.
 * The key is neither copied nor kept. Its text is not made known to the redactor, which would keep it: it is in no error.
 * @throws PassportError DP-KEY-FILE, DP-KEY-PASSPHRASE
 */
export async function readPrivateKey(request: KeyFileRequest): Promise<PrivateKey> {
  const fails = failure(request);
  const full = wholePath(request.file, fails);
  const block = pemBlock(await contents(full, fails), full, fails);
  const key = await parsed(block, request, fails);
  if (key.asymmetricKeyType !== 'rsa') throw fails('is not an RSA key', 'Make an RSA key: the other side takes RS256.');
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < LEAST_BITS)
    throw fails(`is an RSA key of ${bits} bits`, `Make a key of at least ${LEAST_BITS} bits and register it.`);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { key, fingerprint: `SHA256:${createHash('sha256').update(publicKey).digest('base64')}` };
}

type Fails = (problem: string, remedy: string, cause?: unknown) => PassportError;

function failure({ connection, file }: KeyFileRequest): Fails {
  return (problem, remedy, cause) => new PassportError('DP-KEY-FILE', { connection, file, problem, remedy }, { cause });
}

function wholePath(file: string, fails: Fails): string {
  const full = file.replace(/^~(?=$|[/\\])/u, () => homedir());
  if (!path.isAbsolute(full)) throw fails('is not an absolute path', 'Write the whole path, or ~ for your home.');
  return full;
}

async function contents(full: string, fails: Fails): Promise<string> {
  const handle = await opened(full, fails);
  try {
    judge(await handle.stat(), full, fails);
    return await bounded(handle, fails);
  } catch (error) {
    if (error instanceof PassportError) throw error;
    throw fails(`can not be read (${systemCode(error)})`, 'Check the disk that it is on.', error);
  } finally {
    await handle.close();
  }
}

async function opened(full: string, fails: Fails): Promise<FileHandle> {
  try {
    // A named pipe would wait for its writer for ever. Windows has no such flag.
    return await open(full, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw fails('does not exist', 'Check the path.', error);
    if (code === 'EACCES' || code === 'EPERM')
      throw fails('may not be read by you', 'Check its owner and permissions.', error);
    if (code === 'ELOOP') throw fails('is a symbolic link that leads to itself', 'Check the link.', error);
    throw fails(`can not be opened (${code})`, 'Check the path.', error);
  }
}

function judge(stats: Stats, full: string, fails: Fails): void {
  if (!stats.isFile()) throw fails('is not a file', 'Name the file that holds the key.');
  if (stats.size > MOST_BYTES) throw fails('is larger than any key', 'Name the file that holds the key.');
  const user = process.getuid?.();
  if (user === undefined) return;
  if (stats.uid !== user) throw fails('belongs to another user', 'Use a key file that belongs to you.');
  // An access list of Linux shows its widest entry in the bits of the group.
  if ((stats.mode & 0o077) !== 0) throw fails('can be used by others than you', `Run chmod 600 ${quoted(full)}.`);
}

async function bounded(handle: FileHandle, fails: Fails): Promise<string> {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  try {
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.toString('latin1', 0, length);
      length += bytesRead;
      if (length > MOST_BYTES) throw fails('is larger than any key', 'Name the file that holds the key.');
    }
  } finally {
    buffer.fill(0);
  }
}

interface PemBlock {
  /** Whole path of the file that it is in. */
  readonly full: string;
  readonly text: string;
  readonly encrypted: boolean;
}

/** The first private key of the file, without what stands around it. RFC 7468; PKCS#1 has its encryption in a header (RFC 1421). */
function pemBlock(text: string, full: string, fails: Fails): PemBlock {
  const [block, label] = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/u.exec(text) ?? [];
  if (label === 'OPENSSH ') {
    const [key, copy] = [quoted(full), quoted(copyOf(full))];
    const commands = `cp ${key} ${copy} and then ssh-keygen -p -m PKCS8 -f ${copy}`;
    throw fails('has the format of OpenSSH', `Run ${commands}, and name the copy in the settings.`);
  }
  if (block === undefined) throw fails('holds no private key in PEM', 'Name the file that holds the private key.');
  return { full, text: block, encrypted: label === 'ENCRYPTED ' || /^Proc-Type: *4, *ENCRYPTED/mu.test(block) };
}

async function parsed({ full, text, encrypted }: PemBlock, request: KeyFileRequest, fails: Fails): Promise<KeyObject> {
  const { connection, file } = request;
  const passphrase = encrypted ? await request.passphrase?.() : undefined;
  const undecryptable = (cause?: unknown): PassportError =>
    new PassportError('DP-KEY-PASSPHRASE', { connection, file }, { cause });
  if (encrypted && passphrase === undefined) throw undecryptable();
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    if (!encrypted) throw fails('holds a key that can not be parsed', 'Make the file anew.', error);
    if (isOldScheme(text) && systemCode(error).includes('UNSUPPORTED')) {
      const files = `-in ${quoted(full)} -out ${quoted(copyOf(full))}`;
      // OpenSSL 3 reads it by its legacy provider alone.
      const command = `openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default ${files}`;
      const remedy = `Run ${command}, and name the copy in the settings.`;
      throw fails('is encrypted in a way that is no longer supported', remedy, error);
    }
    throw undecryptable(error);
  }
}

/**
 * PKCS#8 encrypted otherwise than by PBES2 (RFC 8018 section A.4), whose object identifier stands in front. What OpenSSL says is
 * not enough: it calls unsupported, too, what a wrong passphrase happens to decrypt to something.
 */
function isOldScheme(text: string): boolean {
  const [, base64] = /^-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]+)/u.exec(text) ?? [];
  return base64 !== undefined && !Buffer.from(base64, 'base64').subarray(0, 32).includes(pbes2);
}

const pbes2 = Buffer.from('06092a864886f70d01050d', 'hex');

/** Where a remedy puts what it makes: the key may have other uses, and stays as it is. */
function copyOf(full: string): string {
  return `${full}.pkcs8`;
}

/** For a shell, where it has to be. */
function quoted(full: string): string {
  return /^[\w./~\\:@%+=-]+$/u.test(full) ? full : `'${full.replaceAll("'", String.raw`'\''`)}'`;
}
