import * as oidc from 'openid-client';

import { PassportError } from '../core/errors.ts';
import { isCertificateCode } from '../core/network.ts';
import { networkReason } from '../core/networkReason.ts';
import { clockError } from './idToken.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { TokenRequest } from './provider.ts';
import { refusalWords } from './refusalWords.ts';

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

const SOMETHING_ELSE = 'something else answered in its place, such as the log-in page of a network';

/** Codes that a provider sends are short words; anything else is not repeated to the user. */
const word = (code: unknown): string =>
  typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'an unknown error';

export function discoveryError(error: unknown, { description, path }: Context): PassportError {
  if (error instanceof PassportError) return error;
  const { issuer, title } = description;
  const response = responseOf(error);
  if (response?.status === 200 && response.headers.get('content-type')?.startsWith('text/html'))
    return unreachable(title, SOMETHING_ELSE, error);
  if (response && response.status < 500 && response.status !== 429) {
    const { status } = response;
    const redirected = status >= 300 && status < 400;
    const problem =
      status === 200 ? 'the answer is not its metadata' : `HTTP status ${status}${redirected ? ', a redirect' : ''}`;
    return new PassportError('DP-PROVIDER-METADATA', { issuer, path, problem }, { cause: error });
  }
  if (response) return unreachable(title, `HTTP status ${response.status}`, error);
  if (isNetworkFailure(error)) return notReached(title, error);
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
  context: Context & {
    readonly wanted: TokenRequest;
    readonly refreshing?: boolean;
    /** Milliseconds by which the provider's clock is ahead. */
    readonly ahead?: number;
  },
): PassportError {
  if (error instanceof PassportError) return error;
  const { description, path, wanted, refreshing, ahead = 0 } = context;
  const { title, clientId } = description;
  if (error instanceof oidc.AuthorizationResponseError) {
    return new PassportError(
      'DP-SIGN-IN-REFUSED',
      { provider: title, error: word(error.error), clientId },
      { detail: refusalWords(error.error_description), cause: error },
    );
  }
  const response = responseOf(error);
  const status = error instanceof oidc.ResponseBodyError ? error.status : response?.status;
  if (status === 400 || status === 401) {
    const code = error instanceof oidc.ResponseBodyError ? error.error : undefined;
    const said = error instanceof oidc.ResponseBodyError ? error.error_description : undefined;
    const more = { detail: refusalWords(said), cause: error };
    if (code === 'expired_token') return new PassportError('DP-SIGN-IN-EXPIRED', { provider: title }, { cause: error });
    if (code === 'access_denied')
      return new PassportError('DP-SIGN-IN-REFUSED', { provider: title, error: code, clientId }, more);
    if (refreshing && !(code !== undefined && ABOUT_THE_REQUEST.has(code))) {
      return new PassportError('DP-SIGN-IN-ENDED', { provider: title }, more);
    }
    const params = {
      provider: title,
      error: word(code),
      clientId,
      audience: list(wanted.audiences),
      scopes: list(wanted.scopes),
    };
    return new PassportError('DP-PROVIDER-REFUSED', params, more);
  }
  if (status !== undefined && status !== 200) {
    const answer = error instanceof oidc.ResponseBodyError ? error.response : response;
    return unreachable(title, `HTTP status ${status}`, error, retryAfter(answer));
  }
  // A body that is no JSON reaches us without its response.
  if ((status === 200 && isCode(error, 'OAUTH_RESPONSE_IS_NOT_JSON')) || isCode(error, 'OAUTH_PARSE_ERROR')) {
    return unreachable(title, SOMETHING_ELSE, error);
  }
  if (chainOf(error).some((each) => isCode(each, 'ANSWER_TOO_LARGE')))
    return unreachable(title, 'its answer is larger than any token', error);
  if (chainOf(error).some((each) => isCode(each, ...UNUSABLE_METADATA))) {
    const params = { issuer: description.issuer, path: `${path}.issuer`, problem: 'an endpoint in it can not be used' };
    return new PassportError('DP-PROVIDER-METADATA', params, { cause: error });
  }
  if (isNetworkFailure(error)) return notReached(title, error);
  const check = checkOf(error);
  if (TIMES.has(check)) return clockError(title, ahead / 1000) ?? failed(check);
  return failed(check);

  function failed(what: string): PassportError {
    return new PassportError('DP-SIGN-IN-RESPONSE', { provider: title, path, check: what }, { cause: error });
  }
}

/** An endpoint is missing, not over https, or at an address that metadata has no business to name. */
const UNUSABLE_METADATA = [
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  'ADDRESS_REFUSED',
];

/** Claims that a wrong clock makes wrong. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'jwt_timestamp_check_failed']);

const list = (values: readonly string[]): string => values.join(' ') || '(none)';

function unreachable(provider: string, reason: string, cause: unknown, retryAfter?: string): PassportError {
  const params = { provider, reason, ...(retryAfter !== undefined && { retryAfter }) };
  return new PassportError('DP-PROVIDER-UNREACHABLE', params, { cause });
}

function notReached(provider: string, cause: unknown): PassportError {
  const reason = networkReason(cause);
  return isCertificateCode(reason)
    ? new PassportError('DP-PROVIDER-CERTIFICATE', { provider, reason }, { cause })
    : unreachable(provider, reason, cause);
}

/** Seconds of a `Retry-After` header, which may be a date as well (RFC 9110 section 10.2.3). */
function retryAfter(response: Response | undefined): string | undefined {
  const value = response?.headers.get('retry-after');
  if (value === undefined || value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return seconds > 0 ? String(seconds) : undefined;
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

/** Names the check that failed in a word: the claim, where it was one, else the library's error code. */
function checkOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  for (const { cause } of chainOf(error)) {
    if (typeof cause === 'object' && cause !== null && 'claim' in cause && typeof cause.claim === 'string')
      return word(cause.claim);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return word(code.replace(/^OAUTH_/, '').toLowerCase());
}

/** An error and what it was made from, outermost first. */
function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let current = error; current instanceof Error && chain.length < 10; current = current.cause) chain.push(current);
  return chain;
}
