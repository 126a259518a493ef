import { type Credential, type CredentialFields, credential } from './credential.ts';
import type { FarLink } from './diagnosis.ts';
import type { ErrorFacts } from './errors.ts';
import type { NetworkFacts } from './network.ts';
import type { LogLevel, LogValue } from './ports.ts';
import type { Identity, Limits, Offer } from './result.ts';

/** Extension and gateway ship together; the version only catches a gateway left over from an update. */
export const LINK_VERSION = 5;

/** A credential as it crosses the process boundary (only ever over the IPC channel). */
export interface WireCredential {
  readonly id: string;
  readonly fields: CredentialFields;
  readonly expiresAt?: number | undefined;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
}

/** What the gateway knows of a connection. No secret, no token settings: those stay in the extension. */
export interface WireConnection {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  /** Absent where the connection needs no sign-in. */
  readonly identityProvider?: string | undefined;
  /** True where many people are the same user to the other side. */
  readonly shared: boolean;
  /** Names where its credential may go: one that was asked for under another is not handed out. */
  readonly binding: string;
  /** True where the server wants a credential for itself as well (the slot `server`). */
  readonly serverToken?: boolean | undefined;
  readonly settings: unknown;
  readonly limits: Limits;
  /** Subject of the signed-in user, or a name of the stored secret; absent while there is none. Part of the key of database sessions. */
  readonly subject?: string | undefined;
  /** True while the user has not agreed to where its credentials go: what clients know of it by then is to be fetched anew. */
  readonly unconfirmed?: boolean | undefined;
  /** True where agents may not use it: they are not told of it, and only the user's own tests reach it. */
  readonly hidden?: boolean | undefined;
  /** How its user is called, where that is known: for messages. */
  readonly account?: string | undefined;
  /** What its remote MCP server said of itself when this user, or the last one, used it: JSON that the gateway made. */
  readonly remembered?: string | undefined;
}

/** Where a sign-in starts when only the user can help: a page of our own, or the provider's page for a device code. */
export interface SignInPage {
  readonly url: string;
  /** Code that the page asks for or shows. */
  readonly userCode?: string | undefined;
}

/** Where the gateway listens: a private socket (or named pipe), or an ephemeral port on 127.0.0.1. */
export type Listen = { readonly kind: 'socket'; readonly path: string } | { readonly kind: 'tcp' };

export type ToGateway =
  | {
      readonly type: 'start';
      readonly version: number;
      readonly listen: Listen;
      readonly callerKey: string;
      readonly connections: readonly WireConnection[];
      /** Absent: everything is reached directly. */
      readonly network?: NetworkFacts | undefined;
      /** What programs get of the extension host's environment, of which the gateway itself has none. Absent: nothing. */
      readonly environment?: Readonly<Record<string, string>> | undefined;
    }
  /** Replaces all connections. Sessions of changed or removed ones, or of another subject, are closed. */
  | { readonly type: 'connections'; readonly connections: readonly WireConnection[] }
  /** The network is reached in another way. Sessions that were opened in the old one retire. */
  | { readonly type: 'network'; readonly network: NetworkFacts }
  | { readonly type: 'credential'; readonly request: number; readonly credential: WireCredential }
  | {
      readonly type: 'credentialRefused';
      readonly request: number;
      readonly error: ErrorFacts;
      readonly signIn?: SignInPage | undefined;
    }
  /** Someone signed in: calls that wait on a sign-in card may be repeated. */
  | { readonly type: 'signedIn'; readonly identityProvider: string }
  /** Cancels what runs, closes every session of the provider's connections. Answered by `signedOutDone`. */
  | { readonly type: 'signedOut'; readonly request: number; readonly identityProvider: string }
  | { readonly type: 'whoami'; readonly request: number; readonly connection: string }
  /** Asks for the links of a connection that the gateway can see. Answered by `diagnosed`. */
  | { readonly type: 'diagnose'; readonly request: number; readonly connection: string }
  /** Asks what the database of a connection offers its user for a setting. Answered by `offered`. */
  | { readonly type: 'choices'; readonly request: number; readonly connection: string; readonly setting: string }
  /** The user has seen these changes of tools and takes them as they are. */
  | { readonly type: 'toolsReviewed'; readonly connection: string; readonly changes: readonly ToolChange[] }
  | { readonly type: 'shutdown' };

export type ToExtension =
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'listening'; readonly port?: number | undefined }
  | { readonly type: 'startFailed'; readonly problem: string }
  | {
      readonly type: 'credentialWanted';
      readonly request: number;
      readonly connection: string;
      readonly binding: string;
      readonly slot: string;
      readonly rejected?: string | undefined;
      readonly leastLife?: number | undefined;
    }
  | { readonly type: 'credentialAbandoned'; readonly request: number }
  | { readonly type: 'signedOutDone'; readonly request: number }
  | {
      readonly type: 'whoamiDone';
      readonly request: number;
      readonly identity?: Identity | undefined;
      readonly error?: ErrorFacts | undefined;
      readonly elapsedMs: number;
    }
  | { readonly type: 'diagnosed'; readonly request: number; readonly links: readonly FarLink[] }
  | {
      readonly type: 'offered';
      readonly request: number;
      readonly offer?: Offer | undefined;
      readonly error?: ErrorFacts | undefined;
    }
  /** A connection was used: how it went. */
  | {
      readonly type: 'used';
      readonly connection: string;
      readonly identity?: Identity | undefined;
      readonly error?: ErrorFacts | undefined;
    }
  /** What a remote MCP server says of itself, to be remembered for this user: JSON. */
  | {
      readonly type: 'remember';
      readonly connection: string;
      readonly binding: string;
      readonly subject: string;
      readonly facts: string;
      /** Tools that are withheld until the user has seen what changed. */
      readonly withheld: readonly ToolChange[];
    }
  /** A message costs more than a line: lines travel together. */
  | { readonly type: 'log'; readonly lines: readonly LogLine[] };

/** A tool whose definition is another one than the user knows; both as JSON. */
export interface ToolChange {
  readonly tool: string;
  /** Absent where the tool is new. */
  readonly before?: string | undefined;
  readonly after: string;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly data: Readonly<Record<string, LogValue>>;
}

export function toWire(value: Credential): WireCredential {
  return {
    id: value.id,
    fields: value.reveal(),
    expiresAt: value.expiresAt?.getTime(),
    subject: value.subject,
    audience: value.audience,
  };
}

export function fromWire(wire: WireCredential): Credential {
  const { id, fields, expiresAt, subject, audience } = wire;
  return credential(fields, {
    id,
    subject,
    audience,
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
  });
}
