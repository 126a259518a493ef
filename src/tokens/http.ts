import { boundedBody } from '../core/boundedBody.ts';
import { PassportError } from '../core/errors.ts';
import { networkReason } from '../core/networkReason.ts';
import type { Fetch } from '../core/ports.ts';

/** Bytes of one answer of a token service; a token has some thousand. */
const MOST_BYTES = 256 * 1024;
const SECONDS = 20;

export interface ServiceRequest {
  readonly url: string;
  readonly init: RequestInit;
  /** As errors call it: a host name, `AWS STS`, `GitHub`. */
  readonly service: string;
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  /** Settings path to look at when the answer makes no sense. */
  readonly path: string;
  readonly fetch: Fetch;
  readonly signal?: AbortSignal | undefined;
}

/** What a token service said. Says nothing of whether it agreed. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * One request to a token service. A redirect is not followed: what was sent is for this address alone.
 * @throws PassportError DP-TOKEN-SERVICE-UNREACHABLE (network, 429, 5xx), DP-TOKEN-SERVICE-ANSWER (redirect, too large); the signal's reason
 */
export async function askService(request: ServiceRequest): Promise<ServiceAnswer> {
  const { url, init, service, connection, path, signal } = request;
  const patience = AbortSignal.timeout(SECONDS * 1000);
  const ended = signal ? AbortSignal.any([signal, patience]) : patience;
  const away = (reason: string, cause?: unknown): PassportError =>
    new PassportError('DP-TOKEN-SERVICE-UNREACHABLE', { service, connection, reason }, { cause });
  const unusable = (problem: string, cause?: unknown): PassportError =>
    new PassportError('DP-TOKEN-SERVICE-ANSWER', { service, connection, problem, path }, { cause });
  let response: Response;
  let body: Uint8Array<ArrayBuffer>;
  try {
    response = await request.fetch(url, { ...init, redirect: 'manual', signal: ended });
    body = await boundedBody(response, MOST_BYTES);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && error.name === 'AnswerTooLarge') throw unusable('it is larger than any token', error);
    throw away(networkReason(error), error);
  }
  const { status, headers } = response;
  if (status === 429 || status >= 500) throw away(`HTTP status ${status}`);
  if (status >= 300 && status < 400) throw unusable(`HTTP status ${status}, a redirect`);
  return { status, headers, text: new TextDecoder().decode(body) };
}

/** The fields of a JSON object; undefined for anything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Codes that services send are short words; anything else is not repeated to the user. */
export function word(code: unknown): string {
  return typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? code : 'an unknown error';
}
