import type * as z from 'zod/mini';

/** How a provider is asked for an audience: `resource` is RFC 8707, `audience` is common but in no RFC for this endpoint, `scope` means that the scopes say it. */
export type AudienceParameter = 'resource' | 'audience' | 'scope';

/** A full description of one identity provider, as the rest of src/identity wants it. Presets make it from the few words that a user knows. */
export interface ProviderDescription {
  /** Id in the settings. */
  readonly id: string;
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Always asked for at sign-in; what the connections need comes on top. */
  readonly scopes: readonly string[];
  readonly audienceParameter: AudienceParameter;
  /** Sent with every authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>;
  readonly redirect: RedirectRule;
}

/** Which loopback redirect addresses are registered. */
export interface RedirectRule {
  /** Tried in order; empty means any free port (RFC 8252 section 7.3). */
  readonly ports: readonly number[];
  readonly path: string;
}

/** One kind of identity provider: its settings and what follows from them. */
export interface Preset<Settings = unknown> {
  readonly label: string;
  readonly settings: z.ZodMiniType<Settings>;
  describe(id: string, settings: Settings): ProviderDescription;
}

/** Seals a preset's own settings type before it enters the table. */
export function preset<Settings>(entry: Preset<Settings>): Preset {
  return entry;
}
