/** Decoded claims of a token at hand: names of all, values of those that name no person but the token's own subject. */
export interface ExampleToken {
  /** Values of `iss`, `aud`, `sub`, `scp` and `scope`, as far as the token has them. */
  readonly claims: Readonly<Partial<Record<'iss' | 'aud' | 'sub' | 'scp' | 'scope', unknown>>>;
  /** Names of every claim. */
  readonly names: readonly string[];
}

/** What is known of the identity provider, by its settings and its own metadata. */
export interface ProviderFacts {
  readonly title: string;
  /** Name of its preset in the settings, such as `okta`. */
  readonly preset: string;
  readonly clientId: string;
  /** False where the client has a secret. */
  readonly publicClient: boolean;
  /** As its metadata name it. */
  readonly issuer: string;
  /** Where its keys are (`jwks_uri` of RFC 8414); absent where it says nothing, or could not be asked. */
  readonly jwksUri?: string | undefined;
  /** Addresses on this machine that the sign-in comes back to; empty where any port does. */
  readonly redirectUris: readonly string[];
}

/** What the texts are made of: plain data, values as the settings and the provider have them, none to be trusted. */
export interface GuideFacts {
  readonly connection: {
    readonly id: string;
    readonly title: string;
    /** Key of the connection's type, such as `snowflake` or `mcp/snowflake`. */
    readonly type: string;
    /** As the schema of the type returned them. */
    readonly settings: Readonly<Record<string, unknown>>;
  };
  readonly token: {
    /** Name of the token source, such as `accessToken`. */
    readonly source: string;
    readonly settings: Readonly<Record<string, unknown>>;
    /** What the token is asked for. */
    readonly audience?: string | undefined;
    readonly scopes: readonly string[];
  };
  /** Absent where the connection needs no sign-in. */
  readonly provider?: ProviderFacts | undefined;
  /** Absent where no token is at hand, or none that can be read. */
  readonly example?: ExampleToken | undefined;
}

/** Language of the document, as the editor names it. */
export type GuideLanguage = 'sql' | 'json' | 'plaintext' | 'shellscript';

/** One text for the administrator of the other side. Pure: it asks nobody. */
export interface Guide {
  readonly id: string;
  readonly label: string;
  /** Whose hands it is for and what it does, as one sentence. */
  readonly about: string;
  readonly language: GuideLanguage;
  /** Page of the vendor's manual that the syntax is from. */
  readonly manual: string;
  applies(facts: GuideFacts): boolean;
  /** Complete and ready to paste. What is not known is a placeholder `<…>` with a comment above that says what goes there. */
  text(facts: GuideFacts): string;
}

/** A setting that is text, and not empty. */
export function textIn(settings: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = settings[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
