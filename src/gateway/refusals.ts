import type { Credential } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';

/** Credentials of a login, by slot. */
export type Given = ReadonlyMap<string, Credential>;

/** The credentials that a login was refused with, on their way to the second try. */
export class Refused extends Error {
  readonly refusal: PassportError;
  readonly given: Given;

  constructor(refusal: PassportError, given: Given) {
    super('refused');
    this.refusal = refusal;
    this.given = given;
  }
}

/** The credential that was just refused is the only one that there is. */
export class NothingNew extends Error {}

/** What to log in with instead, when the statement can not have run: the refused credentials, or none. */
export function replacement(
  error: unknown,
  pooled:
    | { readonly session: { readonly usable: boolean }; readonly given: Given; readonly reused: boolean }
    | undefined,
): Given | undefined {
  if (error instanceof Refused) return error.given;
  if (!pooled || pooled.session.usable) return undefined;
  if (isRefusal(error)) return pooled.given;
  return pooled.reused && error instanceof PassportError && error.code === 'DP-DATABASE-UNREACHABLE'
    ? new Map()
    : undefined;
}

export function isRefusal(error: unknown): error is PassportError {
  return error instanceof PassportError && error.code === 'DP-DATABASE-REFUSED';
}
