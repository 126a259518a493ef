import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

import type { Credential } from '../../src/core/credential.ts';
import { snowflakeKeyPair } from '../../src/tokens/snowflakeKeyPair.ts';
import type { StoredSecret } from '../../src/tokens/source.ts';
import { type LabSnowflakeKeyPair, startSnowflakeKeyPair } from '../lab/tokenServices/snowflakeKeyPair.ts';
import { type RunningSource, startSource } from './harness.ts';
import { tokenIn } from './outcome.ts';

export const endpoint = 'abc123-coffee-lab.snowflakecomputing.app';
export const passphrase = 'CANARY horse staple';
export const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

export const newKeyPair = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength });
/** Of alice, and of whom else a test gives it to. */
let pair: ReturnType<typeof newKeyPair> | undefined;

export interface Lab {
  readonly snowflake: LabSnowflakeKeyPair;
  readonly publicKey: KeyObject;
  /** As Snowflake shows it. */
  readonly fingerprint: string;
  /** Gone when the test ends. */
  readonly folder: string;
  readonly keyFile: string;
  /** The same key under the passphrase. */
  readonly encryptedFile: string;
  source(settings?: object, secrets?: Readonly<Record<string, StoredSecret>>): RunningSource;
  /** Settings for the token of the endpoint. */
  exchange(more?: object): object;
  /** As whom the SQL API takes it, or the reason why not. */
  login(credential: Credential): Promise<string | undefined>;
}

/** An account of Snowflake that knows alice's key; it ends with the test. */
export async function lab(t: TestContext): Promise<Lab> {
  pair ??= newKeyPair();
  const { publicKey, privateKey } = pair;
  const folder = await mkdtemp(path.join(tmpdir(), 'data-passport-snowflake-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [keyFile, encryptedFile] = [path.join(folder, 'rsa_key.p8'), path.join(folder, 'encrypted.p8')];
  const closed = privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase });
  await writeFile(keyFile, privateKey.export(pkcs8), { mode: 0o600 });
  await writeFile(encryptedFile, closed, { mode: 0o600 });
  const snowflake = await startSnowflakeKeyPair({ account: 'COFFEE-LAB', endpoint });
  t.after(() => snowflake.close());
  snowflake.addPublicKey('alice', pemOf(publicKey));
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    snowflake,
    publicKey,
    fingerprint: `SHA256:${createHash('sha256').update(der).digest('base64')}`,
    folder,
    keyFile,
    encryptedFile,
    source: (settings = {}, secrets = {}) =>
      startSource(snowflakeKeyPair, {
        name: 'snowflakeKeyPair',
        settings: { account: 'coffee-lab', user: 'alice', privateKeyFile: keyFile, ...settings },
        secrets,
      }),
    exchange: (more = {}) => ({ exchange: { endpoint, host: snowflake.host, protocol: 'http', ...more } }),
    async login(credential) {
      const response = await fetch(`${snowflake.url}/api/v2/statements`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokenIn(credential)}`,
          'x-snowflake-authorization-token-type': 'KEYPAIR_JWT',
          'user-agent': 'test',
        },
        body: '{}',
      });
      const body = (await response.json()) as { readonly data: readonly (readonly string[])[] | null };
      return body.data?.[0]?.[0] ?? snowflake.requests.at(-1)?.problem;
    },
  };
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string;
}

/** What no error may show. */
export function secretsOf({ known }: RunningSource): readonly string[] {
  return [...known, 'CANARY', 'eyJ', 'PRIVATE KEY'];
}
