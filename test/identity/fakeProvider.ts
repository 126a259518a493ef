import assert from 'node:assert/strict';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import type { Fetch } from '../../src/core/ports.ts';
import type { ProviderDescription } from '../../src/identity/presets/preset.ts';

/** Stands for what is made anew each time. */
export const RANDOM = '(random)';

/** Endpoints of a provider, as its own metadata name them. */
export interface Endpoints {
  /** `iss`, where the metadata name another one than the settings. */
  readonly issuer?: string;
  readonly authorize: string;
  readonly token: string;
  readonly revoke?: string;
  readonly device?: string;
  readonly userInfo?: string;
}

export interface RecordedRequest {
  readonly endpoint: string;
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
}

const keys = await generateKeyPair('RS256');
const publicKey = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };

/** A provider behind `fetch`: serves its metadata and keys, answers as providers do, and keeps every form that was posted. */
export async function fakeProvider(description: ProviderDescription, endpoints: Endpoints) {
  const { clientId, account } = description;
  const issuer = endpoints.issuer ?? description.issuer;
  const posted: RecordedRequest[] = [];
  let nonce: string | null = null;

  const jwt = (claims: Record<string, unknown>): Promise<string> =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(keys.privateKey);

  async function tokens(): Promise<Record<string, unknown>> {
    const common = { token_type: 'Bearer', expires_in: 600, refresh_token: 'refresh-1' };
    if (account.from === 'response') return { ...common, access_token: 'opaque', [account.field]: 'ANA' };
    if (account.from === 'accessToken') return { ...common, access_token: await jwt({ sub: 'ana@example.com' }) };
    if (account.from === 'userInfo') return { ...common, access_token: 'opaque' };
    const named = { aud: clientId, sub: 'user-1', email: 'ana@example.com', ...(nonce !== null && { nonce }) };
    return { ...common, access_token: 'opaque', id_token: await jwt(named) };
  }

  const metadata = {
    issuer,
    authorization_endpoint: endpoints.authorize,
    token_endpoint: endpoints.token,
    revocation_endpoint: endpoints.revoke,
    device_authorization_endpoint: endpoints.device,
    jwks_uri: `${new URL(endpoints.token).origin}/keys`,
    // Offered, and never to be used: a post there fails below.
    registration_endpoint: `${new URL(endpoints.token).origin}/register`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
  const documents: Readonly<Record<string, unknown>> = {
    [`${description.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`]: metadata,
    [metadata.jwks_uri]: { keys: [publicKey] },
    ...(endpoints.userInfo !== undefined && { [endpoints.userInfo]: { id: 7, email: 'ana@example.com' } }),
  };
  const device = {
    device_code: 'device-1',
    user_code: 'WDJB-MJHT',
    verification_uri: 'https://login.example.com/device',
    expires_in: 600,
    interval: 0.01,
  };

  const fetch: Fetch = async (url, init) => {
    if (init.method !== 'POST') {
      assert.ok(Object.hasOwn(documents, url), `nothing is published at ${url}`);
      assert.equal(description.metadata !== undefined && url.includes('/.well-known/'), false);
      return Response.json(documents[url]);
    }
    assert.equal(new Headers(init.headers).get('authorization'), null);
    assert.ok(init.body instanceof URLSearchParams);
    posted.push({ endpoint: url, parameters: plain(init.body, ['code_verifier']) });
    if (url === endpoints.token) return Response.json(await tokens());
    if (url === endpoints.device) return Response.json(device);
    assert.equal(url, endpoints.revoke);
    return new Response(null, { status: 200 });
  };

  return {
    fetch,
    /** What the next ID token must carry. */
    expectNonce(value: string | null): void {
      nonce = value;
    },
    /** The oldest form that was not looked at. */
    take(): RecordedRequest | undefined {
      return posted.shift();
    },
    rest: (): readonly RecordedRequest[] => posted,
  };
}

/** Values by name; for what is made anew each time a fixed word. */
export function plain(form: URLSearchParams, random: readonly string[]): RecordedRequest['parameters'] {
  const values: Record<string, string | readonly string[]> = {};
  for (const name of new Set(form.keys())) {
    const all = form.getAll(name);
    const [value = ''] = all;
    values[name] = all.length > 1 ? all : random.includes(name) && value !== '' ? RANDOM : value;
  }
  return values;
}
