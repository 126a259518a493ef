import { PassportError } from '../../core/errors.ts';
import { askService, jsonObject, type ServiceAnswer, word } from '../http.ts';
import type { MintRequest } from '../source.ts';
import { type Answering, unusableAnswer } from '../unusableAnswer.ts';

export interface EndpointExchange {
  /** `https://` and the host of the account. */
  readonly origin: string;
  /** Host of the service's public endpoint. */
  readonly endpoint: string;
  readonly role?: string | undefined;
  /** The key-pair JWT, and who and which key are in it. */
  readonly assertion: string;
  readonly principal: string;
  readonly fingerprint: string;
}

type Ports = Pick<MintRequest<unknown>, 'connection' | 'path' | 'signal' | 'ports'>;

/**
 * Exchanges a key-pair JWT for the token of one endpoint of Snowpark Container Services (RFC 7523 in form; the answer is the token
 * as plain text, not JSON): option 2 of
 * https://docs.snowflake.com/en/developer-guide/snowpark-container-services/tutorials/advanced/tutorial-8-access-public-endpoint-programmatically
 * @throws PassportError DP-KEY-REFUSED, DP-EXCHANGE-REFUSED, DP-TOKEN-SERVICE-UNREACHABLE, DP-TOKEN-SERVICE-ANSWER
 */
export async function exchangeForEndpoint(exchange: EndpointExchange, request: Ports): Promise<string> {
  const { origin, assertion } = exchange;
  const { connection, path, signal, ports } = request;
  const answering = { service: new URL(origin).host, connection, path: `${path}.exchange` };
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    scope: scopeOf(exchange),
    assertion,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/plain, application/json' };
  const init = { method: 'POST', headers, body: body.toString() };
  const url = `${origin}/oauth/token`;
  const answer = await askService({ ...answering, url, init, fetch: ports.fetch, signal });
  const refused = refusal(answer, { ...exchange, ...answering });
  if (refused) throw refused;
  const token = answer.text.trim();
  const problem = answer.status === 200 ? problemIn(token) : `HTTP status ${answer.status}`;
  if (problem !== undefined) throw unusableAnswer(answering, problem);
  return token;
}

function scopeOf({ endpoint, role }: EndpointExchange): string {
  return role === undefined ? endpoint : `session:role:${role} ${endpoint}`;
}

/** Refusals are JSON with a code of six digits (`code`) or a word of OAuth (`error`), with whatever status. */
function refusal({ text }: ServiceAnswer, exchange: EndpointExchange & Answering): PassportError | undefined {
  const said = jsonObject(text);
  const code = said?.['code'] ?? said?.['error'];
  if (said === undefined || code === undefined) return undefined;
  const { service, connection, path, endpoint, fingerprint, principal } = exchange;
  const error = word(code);
  const detail = failureId(said['message']);
  if (isAboutTheKey(error)) {
    const params = { service, connection, error, fingerprint, principal };
    return new PassportError('DP-KEY-REFUSED', params, { detail });
  }
  const params = { service, connection, path, error, audience: endpoint, scopes: scopeOf(exchange) };
  return new PassportError('DP-EXCHANGE-REFUSED', params, { detail });
}

/** 390144 hides the reason, which then only an administrator sees; 394300 to 394307 are the reasons. RFC 7523 section 3.1. */
function isAboutTheKey(error: string): boolean {
  return /^(?:390144|3943\d\d|invalid_grant|invalid_client)$/.test(error);
}

/** The id by which an administrator looks up why: SYSTEM$GET_LOGIN_FAILURE_DETAILS. */
function failureId(message: unknown): string | undefined {
  const [id] = /(?<=\[)[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?=\])/.exec(String(message)) ?? [];
  return id && `An administrator sees the reason by SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('${id}').`;
}

function problemIn(token: string): string | undefined {
  if (token === '') return 'it is empty';
  return /^[\w.~+/:=-]+$/.test(token) ? undefined : 'it is not a token in plain text';
}
