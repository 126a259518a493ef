type Part = string | undefined | readonly Part[];

/** Lines of a text, one below the other; what is absent is left out. Ends with a line break. */
export function lines(...parts: readonly Part[]): string {
  return `${flat(parts).join('\n')}\n`;
}

function flat(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part): readonly string[] => {
    if (part === undefined) return [];
    return typeof part === 'string' ? [part] : flat(part);
  });
}

/** Everything that could end a line, or make it look like another one. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Longest value in a comment, in characters. */
const LONGEST = 300;

/** A value of settings or metadata for the middle of a comment or a heading: one line, whatever it holds. */
export function inComment(value: string): string {
  const line = value.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST).toWellFormed()}…` : line;
}

/** Comment lines; every value in them has gone through {@link inComment}. */
export const comment = (mark: '--' | '#', ...texts: readonly string[]): readonly string[] =>
  texts.map((text) => (text === '' ? mark : `${mark} ${text}`));

/** What the administrator fills in. It is put where a name or a value goes, never around one. */
export const placeholder = (what: string): string => `<${what}>`;

/** A word of a POSIX shell (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html, 2.2.2): nothing in single quotes has a meaning. */
export function shellWord(value: string): string {
  if (/^[\w./:@%+=,-]+$/.test(value)) return value;
  return `'${value.replaceAll('\0', '').replaceAll("'", String.raw`'\''`)}'`;
}

/** Whether a text holds anything but ink and spaces. */
export const hasUnseen = (value: string): boolean => value.search(UNSEEN) >= 0;
