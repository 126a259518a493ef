import { decodeJwt, decodeProtectedHeader, importJWK, SignJWT, type JWK } from 'jose';
import type { KoaContextWithOIDC } from 'oidc-provider';

import type { ProviderQuirks } from './configuration.ts';
import { endpointAt } from './faults.ts';

export interface AnswerChanges {
  readonly quirks: ProviderQuirks;
  readonly origin: string;
  /** Fields that metadata has instead of its own; `undefined` leaves one out. */
  readonly metadata: () => Readonly<Record<string, unknown>>;
  readonly rotates: () => boolean;
  readonly clockAheadSeconds: () => number;
  readonly signingKey: () => JWK;
}

/** What a personality makes of an answer that the provider gave by the book. */
export async function changeAnswer(context: KoaContextWithOIDC, changes: AnswerChanges): Promise<void> {
  const endpoint = endpointAt(context.path);
  const body: unknown = context.body;
  if (changes.quirks.issuerParameter === false) withoutIssuer(context, changes.origin);
  if (!isRecord(body)) return;
  if (endpoint === 'discovery') context.body = metadata(body, changes);
  else if (endpoint === 'token' && context.status === 200) await changeTokens(context, body, changes);
  else if (endpoint === 'token' && context.status < 500) changeRefusal(context, body, changes.quirks);
}

function metadata(body: Readonly<Record<string, unknown>>, changes: AnswerChanges): Record<string, unknown> {
  const { quirks, origin } = changes;
  const doubled = (value: unknown): unknown =>
    quirks.doubleSlashUrls === true && typeof value === 'string' ? value.replace(`${origin}/`, `${origin}//`) : value;
  return {
    ...Object.fromEntries(
      Object.entries(body).map(([name, value]) => [name, /_(?:endpoint|uri)$/u.test(name) ? doubled(value) : value]),
    ),
    ...(quirks.revocation === 'confidential' && {
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    }),
    ...(quirks.issuerParameter === false && { authorization_response_iss_parameter_supported: undefined }),
    ...quirks.metadata,
    ...changes.metadata(),
  };
}

async function changeTokens(
  context: KoaContextWithOIDC,
  body: Record<string, unknown>,
  { quirks, rotates, clockAheadSeconds, signingKey }: AnswerChanges,
): Promise<void> {
  if (context.oidc.params?.['grant_type'] === 'refresh_token') {
    if (quirks.omitIdTokenOnRefresh === true) delete body['id_token'];
    if (!rotates()) delete body['refresh_token'];
  }
  const ahead = clockAheadSeconds();
  if (ahead !== 0 && typeof body['id_token'] === 'string') {
    body['id_token'] = await shifted(body['id_token'], ahead, signingKey());
  }
}

function changeRefusal(
  context: KoaContextWithOIDC,
  body: Record<string, unknown>,
  { tokenErrors }: ProviderQuirks,
): void {
  if (tokenErrors === 'invalidRequest' && body['error'] === 'invalid_grant') {
    body['error'] = 'invalid_request';
    body['error_description'] = 'The request is not valid';
  }
  if (tokenErrors === 'empty') {
    context.body = '';
    context.response.remove('content-type');
  }
}

/** The same token as a provider signs it whose clock is ahead. */
async function shifted(jwt: string, seconds: number, key: JWK): Promise<string> {
  const claims = decodeJwt(jwt);
  const later = Object.fromEntries(
    Object.entries(claims).map(([name, value]) => [
      name,
      ['iat', 'exp', 'auth_time'].includes(name) && typeof value === 'number' ? value + seconds : value,
    ]),
  );
  const { alg = 'RS256', ...header } = decodeProtectedHeader(jwt);
  return new SignJWT(later).setProtectedHeader({ ...header, alg }).sign(await importJWK(key, alg));
}

/** As before RFC 9207. */
function withoutIssuer(context: KoaContextWithOIDC, origin: string): void {
  const location = context.response.get('location');
  if (!URL.canParse(location)) return;
  const url = new URL(location);
  if (url.origin === origin || !url.searchParams.has('iss')) return;
  url.searchParams.delete('iss');
  context.response.set('location', url.href);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value);
}
