import { openText, type VirtualDocuments, virtualDocuments } from './virtualDocuments.ts';

export type TokenClaimsUi = VirtualDocuments;

/** What tokens say, as text, and forgotten when it is closed. */
export function createTokenClaimsUi(): TokenClaimsUi {
  return virtualDocuments({ scheme: 'data-passport-token', forgets: true, open: openText });
}
