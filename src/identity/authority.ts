import type { ProviderDescription } from './presets/preset.ts';

/**
 * Whom the secrets of a provider are for: its issuer, our client there, and its endpoints where the settings say them instead of
 * the issuer's metadata. Whatever was stored or told under another authority is not used: the same issuer with another token
 * endpoint is somebody else.
 */
export function authorityOf({
  issuer,
  clientId,
  metadata,
}: Pick<ProviderDescription, 'issuer' | 'clientId' | 'metadata'>): string {
  const endpoints = Object.entries(metadata ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([issuer, clientId, ...endpoints]);
}
