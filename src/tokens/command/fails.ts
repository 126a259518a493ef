import type { PassportError } from '../../core/errors.ts';

/** Makes the error of a program that gave no token. `problem` goes on from "gave no token for sales:". */
export type Fails = (
  problem: string,
  more?: { readonly detail?: string | undefined; readonly cause?: unknown },
) => PassportError;
