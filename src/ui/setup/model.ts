import type { Draft } from '../../core/importDraft.ts';

/** The two settings that entries are added to. */
export type Section = 'identityProviders' | 'connections';

/** One provider or connection in the making, as its setting would hold it. */
export interface DraftEntry {
  readonly section: Section;
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** One line above it in the settings. */
  readonly comment?: string | undefined;
}

/** JSON Schema of a setting, as far as the manifest uses it. */
export interface SettingSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly enumDescriptions?: readonly string[];
  readonly items?: SettingSchema;
  readonly anyOf?: readonly SettingSchema[];
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
}

/** What the set-up of providers and connections needs; src/extension supplies it. */
export interface SetupActions {
  /** Every form that an entry of this setting can have, out of the manifest. */
  forms(section: Section): readonly SettingSchema[];
  /** Ids that are in use. */
  ids(section: Section): readonly string[];
  /** Providers that connections can use: one that is only proposed goes with its own connection. */
  providers(): readonly { readonly id: string; readonly title: string }[];
  /** What is wrong with an entry: path within it (empty: the entry itself), and the sentence's end. */
  problems(entries: readonly DraftEntry[]): readonly { readonly path: string; readonly problem: string }[];
  /** Whether a connection with this value needs somebody to be signed in. */
  needsSignIn(value: Readonly<Record<string, unknown>>): boolean;
  /** Hosts that secrets of it go to. */
  places(entries: readonly DraftEntry[]): readonly string[];
  /** In this window the entries count as if they were saved: to sign in, to enter secrets, to test. None: as before. */
  propose(entries: readonly DraftEntry[]): Promise<void>;
  /** Writes them into the user's settings. @throws PassportError DP-SETTINGS-WRITE */
  save(entries: readonly DraftEntry[]): Promise<void>;
  /** Changes single values of a saved entry; undefined takes one out. @throws PassportError DP-SETTINGS-WRITE */
  change(section: Section, id: string, values: Readonly<Record<string, unknown>>): Promise<void>;
  /** Takes entries out of the settings at once, and the secrets that were entered for them. @throws PassportError DP-SETTINGS-WRITE */
  remove(entries: readonly Pick<DraftEntry, 'section' | 'id'>[]): Promise<void>;
}

/** A file that connections can be taken from. */
export interface FoundFile {
  /** Id of its format. */
  readonly format: string;
  readonly label: string;
  readonly path: string;
  readonly entries: number;
}

/** What would be taken from a file. */
export interface ImportedFile extends Draft {
  /** All of it, as Markdown to be read before anything is taken. */
  readonly preview: string;
}

/** What other programs and files know; src/extension supplies it. */
export interface ImportActions {
  formats(): readonly { readonly id: string; readonly label: string }[];
  /** Files on this machine that hold connections. */
  found(): Promise<readonly FoundFile[]>;
  /** Undefined where the file can not be read. */
  read(format: string, path: string): Promise<ImportedFile | undefined>;
}
