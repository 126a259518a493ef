import type { Entry, Field } from './entry.ts';

/** A line that is neither section, key, comment nor blank. */
export interface BrokenLine {
  readonly line: number;
  /** Section that it is in; empty before the first one. */
  readonly section: string;
  readonly kind: 'section' | 'line';
}

interface Doubled {
  readonly line: number;
  readonly section: string;
  /** Absent where it is the section. */
  readonly key?: string;
}

export interface IniFile {
  /** In the order of the file; keys before the first section are in the entry without a name. */
  readonly sections: readonly Entry[];
  readonly broken: readonly BrokenLine[];
  /** A section or key that stands there twice. */
  readonly doubled: readonly Doubled[];
}

export interface IniRules {
  /** Which of two equal keys counts. */
  readonly wins: 'first' | 'last';
  /** What becomes of a section that was there before. */
  readonly again: 'joined' | 'ignored';
  /** Keys in any case. */
  readonly lowerCase: boolean;
  /** How a value is read from what stands behind `=`. */
  value(text: string): string;
}

interface Section {
  readonly line: number;
  readonly fields: Map<string, Field>;
}

/**
 * Reads sections of `key = value` with their lines. What a line that can not be read says is not kept, nor are the lines behind a header that can
 * not be read: they would go to the section before it. (The library `ini` knows no lines, splits the names of sections at dots and reads values in a
 * way that none of these programs does.)
 */
export function readIni(text: string, rules: IniRules): IniFile {
  const sections = new Map<string, Section>();
  const broken: BrokenLine[] = [];
  const doubled: Doubled[] = [];
  /** Where lines go; undefined where they go nowhere. */
  let current: string | undefined = '';

  function header(line: number, content: string): void {
    const name = /^\[([^\]]+)\]/.exec(content)?.[1]?.trim();
    if (name === undefined) broken.push({ line, section: '', kind: 'section' });
    const isAgain = name !== undefined && sections.has(name);
    if (isAgain) doubled.push({ line, section: name });
    else if (name !== undefined) sections.set(name, { line, fields: new Map() });
    current = isAgain && rules.again === 'ignored' ? undefined : name;
  }

  function field(line: number, content: string, section: string): void {
    const equals = content.indexOf('=');
    const written = content.slice(0, equals).trim();
    // An address of a directory, which libpq looks services up in.
    if (equals < 1 || written.includes('://')) {
      broken.push({ line, section, kind: 'line' });
      return;
    }
    const key = rules.lowerCase ? written.toLowerCase() : written;
    const own = sections.get(section) ?? { line, fields: new Map<string, Field>() };
    sections.set(section, own);
    const isAgain = own.fields.has(key);
    if (isAgain) doubled.push({ line, section, key });
    if (isAgain && rules.wins === 'first') return;
    const value = rules.value(content.slice(equals + 1));
    own.fields.set(key, { line, text: () => value });
  }

  for (const [index, raw] of linesOf(text).entries()) {
    const content = raw.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (content.startsWith('[')) header(index + 1, content);
    else if (current !== undefined) field(index + 1, content, current);
  }
  return {
    sections: Array.from(sections, ([name, { line, fields }]): Entry => ({ name, line, fields })),
    broken,
    doubled,
  };
}

function linesOf(text: string): readonly string[] {
  return text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
}
