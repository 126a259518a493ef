import { oidc } from './oidc.ts';
import type { Preset } from './preset.ts';

/** Kinds of identity provider by the name that settings use. */
export const presets: Readonly<Record<string, Preset>> = Object.assign(Object.create(null) as Record<string, Preset>, {
  oidc,
});
