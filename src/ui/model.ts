import type { Diagnosis } from '../core/diagnosis.ts';
import type { PassportError } from '../core/errors.ts';
import type { ToolChange } from '../core/link.ts';
import type { Disposable } from '../core/ports.ts';
import type { Identity, Offer } from '../core/result.ts';

/** What the user interface shows; src/extension supplies it. Plain data, made anew whenever something changes. */
export interface Overview {
  readonly providers: readonly ProviderView[];
  readonly connections: readonly ConnectionView[];
  /** Settings that are wrong, each with its path. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Why the editor offers none of our tools, if so. */
  readonly obstacle: PassportError | undefined;
}

export interface ProviderView {
  readonly id: string;
  readonly title: string;
  /** Who is signed in, earliest first. */
  readonly accounts: readonly AccountView[];
  /** Whose sign-in the provider ended, so that the user must act. */
  readonly ended: string | undefined;
  /** False when the sign-in could not be saved and is lost with the last window. */
  readonly saved: boolean;
  /** Its client has a secret that the user enters. */
  readonly wantsSecret: boolean;
}

export interface AccountView {
  readonly subject: string;
  /** What the user knows it by. */
  readonly label: string;
}

/** What waits for the user: to sign in, to enter a secret, to agree to where secrets go, to trust the workspace. */
export type WaitingState = 'signedOut' | 'secretMissing' | 'unconfirmed' | 'restricted';

export type ConnectionState = WaitingState | 'untested' | 'testing' | 'ready' | 'failed';

const WAITING: ReadonlySet<ConnectionState> = new Set<WaitingState>([
  'signedOut',
  'secretMissing',
  'unconfirmed',
  'restricted',
]);

/** Whether there can be no credential before the user has done something. */
export function isWaiting(state: ConnectionState): state is WaitingState {
  return WAITING.has(state);
}

/** A secret of one connection that the user enters; its value is nowhere to be seen. */
export interface SecretView {
  readonly name: string;
  /** As sentences call it: `personal access token`. */
  readonly title: string;
  /** A token may have a last day that is worth asking for; a password is taken as it is typed. */
  readonly kind: 'token' | 'password';
  readonly stored: boolean;
  /** False where the connection works without it. */
  readonly required: boolean;
  readonly expiresAt: Date | undefined;
}

/** A secret whose connection is gone: its id, and the name of the secret. */
export interface LeftSecret {
  readonly connection: string;
  readonly name: string;
}

/** What a connection would do that the user has not agreed to yet. */
export interface ConfirmationView {
  readonly id: string;
  readonly title: string;
  /** `host:port`, or `host`, of everything that its secrets would go to. */
  readonly places: readonly string[];
  /** Programs that it would run, with their arguments. */
  readonly programs?: readonly (readonly string[])[] | undefined;
  /** What the program that serves gets, beside its arguments. */
  readonly programTerms?: ProgramTermsView | undefined;
  /** The database that the token is for, and what it is good for there, where it goes to somebody else. */
  readonly handsOn?:
    | { readonly database: string; readonly audience?: string | undefined; readonly scopes: readonly string[] }
    | undefined;
  /** What was agreed to before; empty where the connection is new. */
  readonly placesBefore: readonly string[];
}

export interface ProgramTermsView {
  readonly cwd?: string | undefined;
  /** `NAME=value`. */
  readonly environment: readonly string[];
  /** The variable that gets the token itself. */
  readonly tokenVariable?: string | undefined;
  /** The variable that gets an address in place of the token, and where that leads. */
  readonly api?: { readonly variable: string; readonly url: string } | undefined;
}

/** Tools of one connection that its user has to see before they are used. */
export interface WithheldView {
  readonly id: string;
  readonly title: string;
  readonly changes: readonly ToolChange[];
}

export interface ConnectionView {
  readonly id: string;
  readonly title: string;
  readonly typeLabel: string;
  /** Databases by SQL, or an MCP server of its own. */
  readonly serves: 'sql' | 'mcp';
  /** Where it goes first; the program, where it is one. */
  readonly host: string;
  /** Absent where it needs no sign-in. */
  readonly provider: ProviderView | undefined;
  /** True where many people are the same user to the other side. */
  readonly shared: boolean;
  readonly secrets: readonly SecretView[];
  /** Everything that its secrets go to. */
  readonly places: readonly string[];
  /** Programs that are run for it, with their arguments. */
  readonly programs: readonly (readonly string[])[] | undefined;
  /** Whom it runs as; absent while they are not signed in. */
  readonly account: string | undefined;
  /** Whom it must run as, where the settings say so. */
  readonly wantedAccount: string | undefined;
  readonly state: ConnectionState;
  readonly identity: Identity | undefined;
  readonly role: string | undefined;
  /** End of the credentials at hand; they are renewed by themselves while in use. */
  readonly expiresAt: Date | undefined;
  readonly error: PassportError | undefined;
  /** Whether agents may use it. */
  readonly agents: boolean;
  /** Settings that can be chosen among what the database offers, such as `role`. */
  readonly choices: readonly string[];
  /** How many of its tools the user has to see before they are used. */
  readonly withheld: number;
  readonly lastUsed: Date | undefined;
}

export interface OverviewSource {
  current(): Overview;
  onDidChange(listener: () => void): Disposable;
}

/** What commands and buttons do; src/extension supplies it. All of them throw PassportErrors. */
export interface Actions {
  /** Starts waiting for a sign-in. @param how a way that the user chose, and who is expected */
  attemptSignIn(provider: string, how: SignInWish): Promise<Attempt>;
  /** Ways to sign in that would do here, best first. */
  waysToSignIn(provider: string): readonly Way[];
  signOut(provider: string, subject: string): Promise<{ readonly revoked: boolean }>;
  /** Page that ends the browser's session at the provider, if it has one. */
  endSession(provider: string, account: string): Promise<string | undefined>;
  /** What an administrator must register at the provider, as Markdown. */
  registration(provider: string): Promise<string>;
  hasClientSecret(provider: string): Promise<boolean>;
  setClientSecret(provider: string, secret: string): Promise<void>;
  removeClientSecret(provider: string): Promise<void>;
  /** Stores what the user entered for a connection, for the places that its box named. @throws PassportError DP-CONNECTION-CHANGED where it goes elsewhere by now */
  setConnectionSecret(connection: ConnectionView, name: string, secret: SecretWords): Promise<void>;
  removeConnectionSecret(connection: string, name: string): Promise<void>;
  /** Secrets that are still stored for connections that are gone. */
  leftSecrets(): Promise<readonly LeftSecret[]>;
  removeLeftSecret(left: LeftSecret): Promise<void>;
  /** Connections whose secrets would go where the user has not agreed to. */
  unconfirmed(): readonly ConfirmationView[];
  /** The user is asked about these. */
  asked(connections: readonly ConfirmationView[]): Promise<void>;
  /** The user agrees to what they were shown. @throws PassportError DP-CONNECTION-CHANGED where the settings say something else by now */
  confirm(shown: readonly ConfirmationView[]): Promise<void>;
  /** Header and claims of a connection's current credentials, beside what is expected of them, as Markdown. Never a signature. */
  tokenClaims(connection: string): Promise<string>;
  /** Renews the credential of every connection that has one or could have one. Resolves to how many are new. */
  renew(): Promise<number>;
  withheldTools(): readonly WithheldView[];
  /** The user has seen these changes and takes them as they are. */
  takeTools(connection: string, changes: readonly ToolChange[]): Promise<void>;
  /** What the database offers this user for a setting, and what is in use now. @throws PassportError of the connection */
  choices(connection: string, setting: string): Promise<Offer>;
  test(connection: string): Promise<{ readonly identity: Identity; readonly elapsedMs: number }>;
  /**
   * Walks the chain of a connection, also of one whose settings are not valid. Opens no browser and asks nothing.
   * @param options `progress` hears what is checked next @throws the signal's reason
   */
  diagnose(connection: string, options: DiagnoseOptions): Promise<Diagnosis>;
  /** Texts for the administrator of the other side of a connection, complete; none where nothing has to be set up there. */
  guides(connection: string): Promise<readonly GuideView[]>;
  openBrowser(url: string): Promise<boolean>;
}

/** A text for an administrator, with the language of its document as the editor names it. */
export interface GuideView {
  readonly id: string;
  readonly label: string;
  /** For whom it is, and what it does. */
  readonly about: string;
  readonly language: string;
  readonly text: string;
}

export interface DiagnoseOptions {
  readonly signal: AbortSignal;
  readonly progress: (title: string) => void;
}

export interface SecretWords {
  readonly value: string;
  readonly expiresAt?: Date | undefined;
}

export type Way = 'loopback' | 'editorUri' | 'deviceCode' | 'pasteRedirect';

export interface SignInWish {
  readonly flow?: Way | undefined;
  readonly hint?: string | undefined;
}

/** A code that the user confirms on the provider's page, on any device. */
export interface CodeView {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string | undefined;
  readonly expiresAt: Date;
}

/** A sign-in that waits for the user. */
export interface Attempt {
  readonly flow: Way;
  readonly prompt:
    | { readonly kind: 'page'; readonly url: string }
    | { readonly kind: 'code'; readonly code: CodeView }
    | { readonly kind: 'paste'; readonly url: string };
  /** Other ways that would do here, best first. */
  readonly others: readonly Way[];
  /** Takes the address that the browser ended at, where the user brings it. */
  receive(url: URL): Promise<boolean>;
  /** Resolves to the account's label. */
  readonly done: Promise<string>;
  cancel(): void;
}
