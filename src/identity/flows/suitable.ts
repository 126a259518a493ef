import type { ProviderDescription } from '../presets/preset.ts';
import type { FlowName, Place } from './flow.ts';

/** What works in a place, the easiest for the user first. A loopback listener is of use only beside the browser. */
const ORDER: Readonly<Record<Place, readonly FlowName[]>> = {
  desktop: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
  remote: ['deviceCode', 'editorUri', 'pasteRedirect'],
  web: ['deviceCode', 'pasteRedirect', 'editorUri'],
};

/**
 * What to try, in order. Empty: there is no way to sign in here.
 *
 * What the user chose comes first wherever the extension runs, and even if the provider is not known to allow it: they may know better
 * (browser and server on one machine, a client registered for it), and if not, its failure says so.
 */
export function suitableFlows(
  place: Place,
  { flows: allowed, preferredFlow }: Pick<ProviderDescription, 'flows' | 'preferredFlow'>,
): readonly FlowName[] {
  const suitable = ORDER[place].filter((name) => name !== preferredFlow && allowed.includes(name));
  return preferredFlow === undefined ? suitable : [preferredFlow, ...suitable];
}
