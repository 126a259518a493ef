import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose';

import type { Fetch } from '../../src/core/ports.ts';

/** The issuer as the code under test sees it: https, so that nothing is allowed that only a provider on this machine may do. */
export const ISSUER = 'https://idp.example';
export const CLIENT_ID = 'data-passport';
export const REDIRECT_URI = 'http://127.0.0.1:49152/callback';
export const USER = 'alice';

export type Path = 'metadata' | 'token' | 'jwks' | 'userInfo' | 'device' | 'elsewhere';

const paths: Readonly<Record<string, Path>> = {
  '/.well-known/openid-configuration': 'metadata',
  '/token': 'token',
  '/jwks': 'jwks',
  '/userinfo': 'userInfo',
  '/device': 'device',
  '/elsewhere': 'elsewhere',
};

export type Fields = Record<string, unknown>;

/** A key pair of the provider. */
export interface ProviderKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly published: JWK;
}

/** What one ID token is made of; a script changes what it wants to be wrong. */
export interface IdToken {
  header: JWTHeaderParameters;
  claims: JWTPayload;
  key: CryptoKey | Uint8Array;
}

/** What the provider does otherwise than by the book; it may be changed while it runs. */
export interface Script {
  metadata?: (own: Fields) => Fields;
  keys?: () => readonly ProviderKey[];
  idToken?: (token: IdToken, accessToken: string) => Promise<string | undefined> | IdToken | undefined;
  tokens?: (answer: Fields) => Fields;
  userInfo?: Fields;
  /** Instead of all that. */
  answer?: Partial<Record<Path, (response: ServerResponse, form: URLSearchParams) => void>>;
  /** Seconds by which the provider's clock is ahead. */
  ahead?: number;
}

export interface ScriptedProvider {
  readonly script: Script;
  /** What was asked, oldest first. */
  readonly asked: Path[];
  /** Forms that the token endpoint got. */
  readonly forms: URLSearchParams[];
  /** Requests with the issuer's address go to this provider, others out into the world. */
  readonly fetch: Fetch;
  /** What the browser brings back from this authorize URL. */
  redirect(authorizeUrl: string): URL;
  close(): Promise<void>;
}

/** An OpenID Provider on loopback that does what its script says, right in everything else. */
export async function startScriptedProvider(script: Script = {}): Promise<ScriptedProvider> {
  const asked: Path[] = [];
  const forms: URLSearchParams[] = [];
  let nonce: string | undefined;
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = paths[new URL(request.url ?? '/', origin).pathname];
    if (path === undefined) return void response.writeHead(404).end();
    asked.push(path);
    const form = new URLSearchParams(await text(request));
    if (path === 'token') forms.push(form);
    const ahead = script.ahead ?? 0;
    response.setHeader('date', new Date(Date.now() + ahead * 1000).toUTCString());
    const own = script.answer?.[path];
    if (own) return own(response, form);
    const bodies: Record<Path, () => Promise<Fields> | Fields> = {
      metadata: () => (script.metadata ?? ((each) => each))(metadata()),
      jwks: async () => ({ keys: (await keys()).map(({ published }) => published) }),
      token: async () => tokens(form),
      userInfo: () => script.userInfo ?? { sub: USER },
      device: () => ({
        device_code: 'device',
        user_code: 'ABCD-EFGH',
        verification_uri: `${ISSUER}/activate`,
        expires_in: 600,
        interval: 5,
      }),
      elsewhere: () => ({ it: 'was followed' }),
    };
    sendJson(response, await bodies[path]());
  }

  const keys = async (): Promise<readonly ProviderKey[]> => script.keys?.() ?? [await mainKey];

  async function tokens(form: URLSearchParams): Promise<Fields> {
    const accessToken = `access-${forms.length}`;
    const refreshing = form.get('grant_type') === 'refresh_token';
    const [key] = await keys();
    if (!key) throw new Error('The script has no key');
    const now = Math.floor(Date.now() / 1000) + (script.ahead ?? 0);
    const token: IdToken = {
      header: { alg: key.alg, kid: key.kid },
      claims: {
        iss: ISSUER,
        sub: USER,
        aud: CLIENT_ID,
        iat: now,
        exp: now + 300,
        email: 'alice@corp.example',
        ...(!refreshing && nonce !== undefined && { nonce }),
      },
      key: key.privateKey,
    };
    const made = script.idToken ? await script.idToken(token, accessToken) : token;
    const idToken = typeof made === 'object' ? await signed(made) : made;
    const answer: Fields = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 600,
      refresh_token: `refresh-${forms.length}`,
      ...(idToken !== undefined && { id_token: idToken }),
    };
    return script.tokens?.(answer) ?? answer;
  }

  return {
    script,
    asked,
    forms,
    fetch: (url, init) => fetch(url.startsWith(`${ISSUER}/`) ? url.replace(ISSUER, origin) : url, init),
    redirect(authorizeUrl) {
      const query = new URL(authorizeUrl).searchParams;
      nonce = query.get('nonce') ?? undefined;
      const back = new URL(query.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'the-code');
      back.searchParams.set('state', query.get('state') ?? '');
      back.searchParams.set('iss', ISSUER);
      return back;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

export function metadata(): Fields {
  return {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/jwks`,
    userinfo_endpoint: `${ISSUER}/userinfo`,
    device_authorization_endpoint: `${ISSUER}/device`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

export function sendJson(response: ServerResponse, body: Fields, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

let made = 0;

export async function newKey(alg = 'RS256'): Promise<ProviderKey> {
  made += 1;
  const kid = `key-${made}`;
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, published: { ...(await exportJWK(publicKey)), use: 'sig', alg, kid } };
}

/** One for all scripts: RSA keys take a while to make. */
export const mainKey: Promise<ProviderKey> = newKey();

/** @param crit critical headers that may be signed though nobody knows them */
export async function signed({ header, claims, key }: IdToken, crit?: Record<string, boolean>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key, crit && { crit });
}

/** A token that says `alg: none`, with nothing for a signature. */
export function unsigned({ header, claims }: IdToken): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ ...header, alg: 'none' })}.${part(claims)}.`;
}

/** OpenID Connect Core section 3.1.3.6. */
export function leftHalf(accessToken: string, hash: 'sha256' | 'sha512' = 'sha256'): string {
  const whole = createHash(hash).update(accessToken).digest();
  return whole.subarray(0, whole.length / 2).toString('base64url');
}
