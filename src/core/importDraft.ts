/** `notTaken`: left out. `changed`: carried over in another form, or with a consequence. `broken`: can not be understood. */
export type NoteKind = 'notTaken' | 'changed' | 'broken';

/** What the user should know of one line. Never holds a value of the file that may be a secret. */
export interface Note {
  /** From 1. */
  readonly line: number;
  /** The entry as the file names it; empty for the file itself. */
  readonly name: string;
  readonly kind: NoteKind;
  readonly text: string;
}

export interface DraftConnection {
  readonly id: string;
  /** The name in the file, where the id differs from it. */
  readonly title?: string | undefined;
  /** In the form of an entry of `dataPassport.connections`; says nothing of who may use it. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Line of the file that it begins at, from 1. */
  readonly line: number;
  /** `host:port` of everything that its credential would go to. */
  readonly hosts: readonly string[];
  /** Programs with their arguments that it would run on this machine. Absent: none. */
  readonly programs?: readonly (readonly string[])[] | undefined;
  /** Its `identityProvider` has to be filled in before it is valid. */
  readonly needsProvider: boolean;
}

/** What would be taken from a file, for the user to read in full before anything is written. Plain data. */
export interface Draft {
  /** New identity providers by id, in the form of `dataPassport.identityProviders`. */
  readonly providers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly connections: readonly DraftConnection[];
  /** In the order of their lines. */
  readonly notes: readonly Note[];
}
