import type { Draft } from '../core/importDraft.ts';
import { MOST_CHARACTERS } from './fence.ts';
import type { ImportFormat, ImportPorts, SourceFile } from './format.ts';
import { importFormats } from './index.ts';

/** A file as the machine gives it. */
export type ReadFile = (path: string) => Promise<string | { readonly tooLarge: true } | undefined>;

export interface FindPorts extends ImportPorts {
  /**
   * The text of a file; undefined where there is none or it can not be read. May refuse a file of more than 1 MB without reading it.
   * Must not reject.
   */
  readonly readFile: ReadFile;
}

/** A file that something can be taken from. */
export interface FoundFile {
  /** Id of the format. */
  readonly format: string;
  readonly label: string;
  readonly path: string;
  /** Connections that would be taken. */
  readonly entries: number;
  /** Why it was not looked into. */
  readonly note?: string | undefined;
}

/** The files of every format that exist on this machine. Missing and unreadable files are no error. */
export async function findImports(ports: FindPorts): Promise<readonly FoundFile[]> {
  const wanted = importFormats.flatMap((format) =>
    [...new Set(format.files(ports.environment))].map((path) => ({ format, path })),
  );
  const found = await Promise.all(wanted.map(({ format, path }) => look(format, path, ports)));
  return found.filter((file) => file !== undefined);
}

async function look(format: ImportFormat, path: string, ports: FindPorts): Promise<FoundFile | undefined> {
  const facts = { format: format.id, label: format.label, path };
  const text = await contents(path, ports);
  if (text === undefined) return undefined;
  if (typeof text !== 'string') return { ...facts, entries: 0, note: 'The file has more than 1 MB and was not read.' };
  const draft = format.read({ path, text, other: await neighbors(format, path, ports) }, ports);
  return { ...facts, entries: draft.connections.length };
}

/** Reads one file in full, with those beside it. Undefined where it can not be read. */
export async function readImport(format: ImportFormat, path: string, ports: FindPorts): Promise<Draft | undefined> {
  const text = await contents(path, ports);
  if (text === undefined) return undefined;
  // A format refuses what is too large by its length, in its own words.
  const whole = typeof text === 'string' ? text : ' '.repeat(MOST_CHARACTERS + 1);
  return format.read({ path, text: whole, other: await neighbors(format, path, ports) }, ports);
}

async function neighbors(format: ImportFormat, path: string, ports: FindPorts): Promise<readonly SourceFile[]> {
  const paths = format.beside?.(path, ports.environment) ?? [];
  const read = await Promise.all(paths.map(async (other) => ({ path: other, text: await contents(other, ports) })));
  return read.flatMap(({ path: other, text }) => (typeof text === 'string' ? [{ path: other, text }] : []));
}

async function contents(path: string, { readFile }: FindPorts): ReturnType<ReadFile> {
  const text = await readFile(path);
  return typeof text === 'string' && text.length > MOST_CHARACTERS ? { tooLarge: true } : text;
}
