import * as z from 'zod/mini';

import type { Need } from '../core/signIn.ts';

/** Setting for an audience that is asked for or compared. */
export const audienceField = (about: string) => z.optional(z.string().check(z.minLength(1), z.describe(about)));

/** Setting for scopes. */
export const scopesField = (about: string) =>
  z.optional(z.array(z.string().check(z.minLength(1))).check(z.describe(about)));

/** What is asked for: what the settings say, else what the connector wants. */
export function askedFor(
  own: { readonly audience?: string | undefined; readonly scopes?: readonly string[] | undefined },
  need: Need,
): Need {
  return { audience: own.audience ?? need.audience, scopes: own.scopes ?? need.scopes };
}
