import { accessToken } from './accessToken.ts';
import type { TokenSource } from './source.ts';

/** Ways to get a connection's credential, by the name that settings use. */
export const tokenSources: Readonly<Record<string, TokenSource>> = Object.assign(
  Object.create(null) as Record<string, TokenSource>,
  {
    accessToken,
  },
);
