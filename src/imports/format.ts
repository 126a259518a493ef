import type { Draft } from '../core/importDraft.ts';

/** What a format may know of the machine. Its paths are written in the machine's own way. */
export interface Environment {
  /** The user's home folder. */
  readonly home: string;
  /** As `process.platform` names it. */
  readonly platform: string;
  /** An environment variable. Formats ask for names of places, and for what a file refers to where it is no secret. */
  variable(name: string): string | undefined;
}

/** A file as it was read. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface ImportInput extends SourceFile {
  /** Files that count together with this one: those of {@link ImportFormat.beside} that exist. */
  readonly other?: readonly SourceFile[] | undefined;
}

/** What would stand in the settings. */
export interface Candidate {
  readonly providers: Readonly<Record<string, unknown>>;
  readonly connection?:
    | {
        readonly id: string;
        readonly settings: Readonly<Record<string, unknown>>;
        /** The user has yet to choose who signs them in. */
        readonly needsProvider: boolean;
      }
    | undefined;
}

/** What the reader of the settings says of it. */
export interface Verdict {
  /** Where something is wrong, as paths below the entry, and what. Empty: it can be taken. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** `host:port` of everything that its credential would go to. */
  readonly hosts: readonly string[];
  /** Programs with their arguments that it would run on this machine. Default: none. */
  readonly programs?: readonly (readonly string[])[] | undefined;
}

export interface ImportPorts {
  readonly environment: Environment;
  /** What the settings hold already. */
  readonly taken: { readonly providers: Readonly<Record<string, unknown>>; readonly connections: readonly string[] };
  /** Reads an entry in exactly the way that the settings are read. */
  judge(candidate: Candidate): Verdict;
}

/** One kind of file that connections can be taken from. */
export interface ImportFormat {
  readonly id: string;
  readonly label: string;
  /** Somebody else may have written it: the preview then shows the text of the settings as a whole, too. */
  readonly ofOthers?: boolean | undefined;
  /** Where its programs look for it, best first. Empty: the user names the file. */
  files(environment: Environment): readonly string[];
  /** Further files that change what this one means. Default: none. */
  beside?(path: string, environment: Environment): readonly string[];
  /** Never throws for what a file may hold: what is wrong with it becomes a note. */
  read(input: ImportInput, ports: ImportPorts): Draft;
}
