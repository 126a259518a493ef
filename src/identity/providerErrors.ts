import * as oidc from 'openid-client';

import { PassportError } from '../core/errors.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { TokenRequest } from './provider.ts';

interface Context {
  readonly description: ProviderDescription;
  /** Settings path of the issuer. */
  readonly path: string;
}

/** Errors that speak of the request, not of the refresh token (RFC 6749 section 5.2, RFC 8707 section 2). */
const ABOUT_THE_REQUEST: ReadonlySet<string> = new Set([
  'invalid_target',
  'invalid_scope',
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** Codes that a provider sends are short words; anything else is not repeated to the user. */
const word = (code: unknown): string =>
  typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'an unknown error';

export function discoveryError(error: unknown, { description, path }: Context): PassportError {
  if (error instanceof PassportError) return error;
  const { issuer, title } = description;
  const response = responseOf(error);
  if (response && response.status < 500) {
    const problem = response.status === 200 ? 'the answer is not its metadata' : `HTTP status ${response.status}`;
    return new PassportError('DP-PROVIDER-METADATA', { issuer, path, problem }, { cause: error });
  }
  if (response) return unreachable(title, `HTTP status ${response.status}`, error);
  if (isNetworkFailure(error)) return unreachable(title, networkReason(error), error);
  return new PassportError(
    'DP-PROVIDER-METADATA',
    { issuer, path, problem: 'the answer is not its metadata' },
    { cause: error },
  );
}

/**
 * A failed code exchange, refresh or revocation. A dead refresh token is known by status 400 or 401, not by the name of the
 * error: real providers answer with an empty body or `invalid_request`. Server errors and the network keep everything.
 */
export function tokenEndpointError(
  error: unknown,
  context: Context & { wanted: TokenRequest; refreshing?: boolean },
): PassportError {
  if (error instanceof PassportError) return error;
  const { description, path, wanted, refreshing } = context;
  const { title, clientId } = description;
  if (error instanceof oidc.AuthorizationResponseError) {
    return new PassportError(
      'DP-SIGN-IN-REFUSED',
      { provider: title, error: word(error.error), clientId },
      { cause: error },
    );
  }
  const response = responseOf(error);
  const status = error instanceof oidc.ResponseBodyError ? error.status : response?.status;
  if (status === 400 || status === 401) {
    const code = error instanceof oidc.ResponseBodyError ? error.error : undefined;
    if (refreshing && !(code !== undefined && ABOUT_THE_REQUEST.has(code))) {
      return new PassportError('DP-SIGN-IN-ENDED', { provider: title }, { cause: error });
    }
    const params = {
      provider: title,
      error: word(code),
      clientId,
      audience: list(wanted.audiences),
      scopes: list(wanted.scopes),
    };
    return new PassportError('DP-PROVIDER-REFUSED', params, { cause: error });
  }
  if (status !== undefined && status !== 200) return unreachable(title, `HTTP status ${status}`, error);
  if (status === 200 && isCode(error, 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR')) {
    return unreachable(title, 'something else answered in its place, such as the log-in page of a network', error);
  }
  if (isNetworkFailure(error)) return unreachable(title, networkReason(error), error);
  return new PassportError('DP-SIGN-IN-RESPONSE', { provider: title, path, check: checkOf(error) }, { cause: error });
}

const list = (values: readonly string[]): string => values.join(' ') || '(none)';

function unreachable(provider: string, reason: string, cause: unknown): PassportError {
  return new PassportError('DP-PROVIDER-UNREACHABLE', { provider, reason }, { cause });
}

function responseOf(error: unknown): Response | undefined {
  return error instanceof Error && error.cause instanceof Response ? error.cause : undefined;
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function isNetworkFailure(error: unknown): boolean {
  if (isCode(error, 'OAUTH_TIMEOUT', 'OAUTH_ABORT')) return true;
  const names = new Set(['TimeoutError', 'AbortError']);
  if (error instanceof Error && (names.has(error.name) || (error instanceof TypeError && !('code' in error))))
    return true;
  return error instanceof Error && error.cause instanceof Error && isNetworkFailure(error.cause);
}

/** The operating system's own code, such as ECONNREFUSED; never a message, which may quote what was sent. */
function networkReason(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current.name === 'TimeoutError' || isCode(current, 'OAUTH_TIMEOUT')) return 'no answer in time';
    if (
      'code' in current &&
      typeof current.code === 'string' &&
      /^[A-Z][A-Z0-9_]+$/.test(current.code) &&
      !current.code.startsWith('OAUTH_')
    ) {
      return current.code;
    }
  }
  return 'network error';
}

/** Names the check that failed in a word, from the library's error code. */
function checkOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const inner = error.cause;
  if (typeof inner === 'object' && inner !== null && 'claim' in inner && typeof inner.claim === 'string')
    return word(inner.claim);
  const code = 'code' in error ? String(error.code) : error.name;
  return word(code.replace(/^OAUTH_/, '').toLowerCase());
}
