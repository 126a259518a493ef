import type * as z from 'zod/mini';

import type { FlowName } from '../flows/flow.ts';

/** How a provider is asked for an audience: `resource` is RFC 8707, `audience` is common but in no RFC for this endpoint, `scope` means that the scopes say it. */
export type AudienceParameter = 'resource' | 'audience' | 'scope';

/** Endpoints of a provider that publishes no metadata (names of RFC 8414 section 2). */
export interface FixedMetadata {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint?: string | undefined;
  readonly device_authorization_endpoint?: string | undefined;
  readonly userinfo_endpoint?: string | undefined;
  readonly end_session_endpoint?: string | undefined;
}

/** Who signed in, in the provider's own way of saying it. `label`: names to look for, first come first shown. */
export type AccountSource =
  /** Claims of a verified ID token. */
  | { readonly from: 'idToken' }
  /** Claims of a JWT access token that came straight from the token endpoint. */
  | { readonly from: 'accessToken'; readonly subject: string; readonly label: readonly string[] }
  /** A field of the token response, such as Snowflake's `username`. */
  | { readonly from: 'response'; readonly field: string }
  /** Fields of the user-info endpoint, which must be in the metadata. */
  | { readonly from: 'userInfo'; readonly subject: string; readonly label: readonly string[] };

/** How the client says who it is at the token endpoint. Never HTTP Basic: some providers want it unescaped, and none needs it. */
export type ClientAuthentication =
  | { readonly kind: 'none' }
  /** In the request body. Without `known` it is asked for once and kept in the secret storage; `known` is one that is no secret. */
  | { readonly kind: 'secret'; readonly known?: string | undefined };

/** A full description of one identity provider, as the rest of src/identity wants it: plain data. Presets make it from the few words that a user knows. */
export interface ProviderDescription {
  /** Id in the settings. */
  readonly id: string;
  readonly title: string;
  /** What discovery starts from, and what `iss` must be. Where nothing is published: a name for the provider, its base address. */
  readonly issuer: string;
  /** Issuer that the metadata may name as well: `{tenantid}` stands for a tenant's id or for itself (Microsoft Entra ID). */
  readonly issuerTemplate?: string | undefined;
  /** Absent: discovered (OpenID Connect Discovery, then RFC 8414). */
  readonly metadata?: FixedMetadata | undefined;
  readonly clientId: string;
  readonly clientAuthentication: ClientAuthentication;
  readonly account: AccountSource;
  /** Always asked for at sign-in; what the connections need comes on top. */
  readonly scopes: readonly string[];
  /** What connections may ask for and this provider refuses: left out of every request. */
  readonly unknownScopes: readonly string[];
  readonly audienceParameter: AudienceParameter;
  /** `one`: a sign-in can name only the first audience (and its scopes); the others are asked for when they are needed. */
  readonly audiencesAtSignIn: 'all' | 'one';
  /** Sent with every authorization request. */
  readonly authorizationParameters: Readonly<Record<string, string>>;
  /** Sent with every token request: code, refresh and device code. */
  readonly tokenParameters: Readonly<Record<string, string>>;
  readonly redirect: RedirectRule;
  /** Ways of signing in that the provider allows, none preferred. */
  readonly flows: readonly FlowName[];
  /** The one that the user set; tried first wherever the extension runs. */
  readonly preferredFlow?: FlowName | undefined;
  /** What its access tokens are known to carry; `undefined`/false: not known, so not compared. */
  readonly accessToken: { readonly issuer: string | undefined; readonly subject: boolean };
  /** What to do with a refresh token at sign-out. `none`: the provider has no way, and no request is made. */
  readonly revocation: 'refreshToken' | 'none';
  readonly registration: Registration;
}

/** What an administrator must do at the provider, besides the facts that are the same everywhere (client id, redirect URIs, scopes, audiences). */
export interface Registration {
  /** The provider's own word for the kind of client, such as "Native Application". */
  readonly application: string;
  /** Steps in the provider's own words, each one sentence. */
  readonly steps: readonly string[];
  /** Page of the provider's manual. */
  readonly manual: string;
}

/** Which loopback redirect addresses are registered. */
export interface RedirectRule {
  readonly host: '127.0.0.1' | 'localhost' | '[::1]';
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

/** A preset as its file writes it: its schema is built when it is first asked for, because most are never used. */
interface Recipe<Settings> extends Omit<Preset<Settings>, 'settings'> {
  readonly settings: () => z.ZodMiniType<Settings>;
}

/** Seals a preset's own settings type before it enters the table. */
export function preset<Settings>({ label, settings, describe }: Recipe<Settings>): Preset {
  let built: z.ZodMiniType<Settings> | undefined;
  const sealed: Preset<Settings> = {
    label,
    get settings() {
      built ??= settings();
      return built;
    },
    describe,
  };
  return sealed;
}
