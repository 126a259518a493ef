import { PassportError } from '../core/errors.ts';
import { decodeJwt } from '../core/jwt.ts';
import { checkClaims, endOf, isGranted, scopesIn } from './claims.ts';
import { jsonObject, type ServiceAnswer, word } from './http.ts';
import type { MintPorts } from './source.ts';
import { tokenTypes } from './tokenTypes.ts';
import { type Answering, unusableAnswer } from './unusableAnswer.ts';

/** What is sent as a bearer token although nobody requested its type: never a refresh token, never a SAML assertion. */
const USABLE: ReadonlySet<unknown> = new Set([tokenTypes.accessToken, tokenTypes.idToken, tokenTypes.jwt]);

/** Seconds. */
const CENTURY = 3_155_760_000;

/** Secrets of an answer besides the token that is wanted, which mint.ts makes known. */
const FURTHER_SECRETS = ['refresh_token', 'id_token'];

/** A request for another token (RFC 8693 section 2.1). */
export interface Exchange {
  readonly subjectToken: string;
  readonly subjectTokenType: string;
  readonly requestedTokenType?: string | undefined;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly scopes: readonly string[];
  /** Parameters of the service's own. */
  readonly more?: Readonly<Record<string, string | undefined>>;
}

export function exchangeForm(exchange: Exchange): URLSearchParams {
  const { subjectToken, subjectTokenType, requestedTokenType, audience, resource, scopes, more } = exchange;
  const fields: Readonly<Record<string, string | undefined>> = {
    ...more,
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: subjectTokenType,
    requested_token_type: requestedTokenType,
    audience,
    resource,
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
  };
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  return form;
}

/** What was asked for, to hold the answer against, and where errors point to. */
export interface ExchangeTerms extends Answering {
  readonly exchange: Exchange;
  /** May be granted although not asked for. */
  readonly widerScopes: readonly string[];
  /** Settings path where a further scope is allowed. */
  readonly scopesPath: string;
  readonly ports: MintPorts;
}

export interface ExchangedToken {
  readonly token: string;
  /** One of {@link tokenTypes}, or what was requested. */
  readonly type: string;
  readonly expiresAt: Date | undefined;
}

/**
 * Reads the answer to an exchange (RFC 8693 sections 2.2.1 and 2.2.2). `token_type` must be `Bearer` or `N_A`, in any case;
 * `issued_token_type` must be the requested one, or one that can be sent as a bearer token where none was requested.
 *
 * It may be missing where none was requested and the answer is otherwise one of RFC 6749 section 5.1: Keycloak before 26 left it
 * out (https://github.com/keycloak/keycloak/issues/31548), and Databricks says nowhere that it sends it, nor do its own drivers
 * look at it. A scope beyond the request is refused, whether the answer names it or only the token does.
 * @throws PassportError DP-EXCHANGE-REFUSED, DP-EXCHANGE-SCOPE, DP-TOKEN-SERVICE-ANSWER, DP-TOKEN-CLAIM where scopes are missing
 */
export function readExchange({ status, text }: ServiceAnswer, terms: ExchangeTerms): ExchangedToken {
  const now = terms.ports.clock.now();
  const body = jsonObject(text) ?? {};
  for (const field of FURTHER_SECRETS) {
    const value = body[field];
    if (typeof value === 'string' && value !== '') terms.ports.know(value);
  }
  const token = body['access_token'];
  if (status < 200 || status >= 300) throw refused(status, body, terms);
  if (typeof token !== 'string' || token === '') {
    if (typeof body['error'] === 'string') throw refused(status, body, terms);
    throw unusableAnswer(terms, 'it has no access_token');
  }
  if (token === terms.exchange.subjectToken) throw unusableAnswer(terms, 'it is the token that was to be exchanged');
  const type = typeIn(body, terms);
  checkScopes({ token, answered: scopesIn({ scope: body['scope'] }).scopes }, terms);
  return { token, type, expiresAt: endOf(token, lifeIn(body['expires_in'], now)) };
}

function typeIn(body: Readonly<Record<string, unknown>>, terms: ExchangeTerms): string {
  const { token_type: way, issued_token_type: issued } = body;
  const { requestedTokenType: requested } = terms.exchange;
  if (typeof way !== 'string' || !/^(?:bearer|n_a)$/i.test(way))
    throw unusableAnswer(terms, 'its token_type is neither Bearer nor N_A');
  if (issued === undefined && requested === undefined && /^bearer$/i.test(way)) return tokenTypes.accessToken;
  if (typeof issued !== 'string') throw unusableAnswer(terms, 'it has no issued_token_type');
  if (requested !== undefined && issued !== requested)
    throw unusableAnswer(terms, 'its issued_token_type is not the requested one');
  if (requested === undefined && !USABLE.has(issued))
    throw unusableAnswer(terms, 'its issued_token_type is none that can be sent to a system');
  return issued;
}

/** Where no scope was asked for, the service chooses (RFC 6749 section 3.3), and nothing is wider than that. */
function checkScopes(
  { token, answered }: { readonly token: string; readonly answered: readonly string[] | undefined },
  terms: ExchangeTerms,
): void {
  const { exchange, widerScopes, service, connection, path } = terms;
  const { scopes: asked } = exchange;
  if (asked.length === 0) return;
  const { scp, scope } = decodeJwt(token)?.claims ?? {};
  const carried = [{ scp }, { scope }].flatMap((claims) => scopesIn(claims).scopes ?? []);
  const granted = new Set([...(answered ?? []), ...carried].filter((scope) => scope !== ''));
  const wider = [...granted].filter(
    (scope) => !widerScopes.includes(scope) && !asked.some((each) => isGranted(each, [scope])),
  );
  if (wider.length > 0) {
    const shown = wider.map((scope) => scopeShown(scope, [token, exchange.subjectToken])).join(', ');
    throw new PassportError('DP-EXCHANGE-SCOPE', { service, connection, granted: shown, path: terms.scopesPath });
  }
  const expected = { scopes: asked, connection, path };
  if (answered) checkClaims({ scope: answered.join(' ') }, expected);
}

function refused(status: number, body: Readonly<Record<string, unknown>>, terms: ExchangeTerms): PassportError {
  const { exchange, service, connection, path } = terms;
  const { error } = body;
  if (status >= 300 && status < 400) return unusableAnswer(terms, `HTTP status ${status}, a redirect`);
  const known = typeof error === 'string';
  // Any other status without a word of OAuth comes from something that is not the token endpoint.
  if (!known && ![400, 401, 403].includes(status)) return unusableAnswer(terms, `HTTP status ${status}`);
  return new PassportError('DP-EXCHANGE-REFUSED', {
    service,
    connection,
    error: known ? word(error) : `HTTP status ${status}`,
    audience: exchange.audience ?? exchange.resource ?? '(none)',
    scopes: exchange.scopes.join(' ') || '(none)',
    path,
  });
}

/** A life of nothing, or of centuries, says nothing; some services send the number as text. */
function lifeIn(answered: unknown, now: number): Date | undefined {
  const seconds = typeof answered === 'string' && /^\d+$/.test(answered) ? Number(answered) : answered;
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= CENTURY)) return undefined;
  return new Date(now + seconds * 1000);
}

/** RFC 6749 section 3.3 says of what characters a scope is; one with a token in it is not repeated. */
function scopeShown(scope: string, secrets: readonly string[]): string {
  const readable = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(scope) && !secrets.some((secret) => scope.includes(secret));
  return readable ? scope : 'an unreadable scope';
}
