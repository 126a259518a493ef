import { PassportError } from '../core/errors.ts';

/** Whose answer it is, and where errors point to. */
export interface Answering {
  /** As errors call it: a host name, `AWS STS`, `GitHub`. */
  readonly service: string;
  /** Id of the connection. */
  readonly connection: string;
  /** Settings path to look at. */
  readonly path: string;
}

/**
 * An answer of a token service that is not used: DP-TOKEN-SERVICE-ANSWER.
 * @param problem what is wrong with it, in words of ours
 */
export function unusableAnswer(
  { service, connection, path }: Answering,
  problem: string,
  cause?: unknown,
): PassportError {
  return new PassportError('DP-TOKEN-SERVICE-ANSWER', { service, connection, problem, path }, { cause });
}
