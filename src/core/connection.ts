import type { Limits } from './result.ts';

/** How a connection gets its token: a source of src/tokens and that source's settings, parsed. */
export interface TokenChoice {
  readonly source: string;
  readonly settings: unknown;
}

/** A configured connection, parsed once. `settings` is what the connector's own schema returned. */
export interface Connection {
  readonly id: string;
  readonly title: string;
  /** Key of the table in src/connectors: the type of its settings, with the preset behind a slash where there is one. */
  readonly type: string;
  /** Id of the identity provider whose sign-in it uses. Absent where its token source needs none. */
  readonly identityProvider?: string | undefined;
  /** E-mail or name of the account that it must run as, where several are signed in. */
  readonly runAs?: string | undefined;
  readonly settings: unknown;
  readonly token: TokenChoice;
  /** How it gets what a remote server wants for itself, beside the user's token. */
  readonly serverToken?: TokenChoice | undefined;
  readonly limits: Limits;
  /** Whether agents may use it; without that only the user does, with commands of ours. */
  readonly agents: boolean;
}

/** Slot of the credential that the setting `serverToken` chooses. */
export const SERVER_SLOT = 'server';

/** `host:port` of places that a credential goes to, to show and to compare. */
export function placesOf(rules: readonly HostRule[]): readonly string[] {
  return rules.map(({ host, port }) => `${host.toLowerCase()}:${port}`);
}

/** A place where a credential may go. Ports absent: the connector's own default. */
export interface HostRule {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** True for addresses that never leave the machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
