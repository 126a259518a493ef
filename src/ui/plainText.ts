/** Everything that takes no ink or looks like something else: controls, what only steers the text, tags, fillers, and other spaces. */
const HIDDEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Text of a stranger with everything in it to be seen: hidden characters as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

/** A part of a command line in quotes, as it is. */
export function quoted(part: string): string {
  return visible(JSON.stringify(part));
}

/** A name that a stranger gave, for a notification or a list: one short line without a link, an icon or anything hidden. */
export function oneLine(text: string, most = 80): string {
  const line = visible(text.replace(/\s+/g, ' ').trim());
  return (line.length > most ? `${line.slice(0, most - 1)}…` : line)
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .replaceAll('$(', '$ (');
}

/**
 * JSON to be read and compared line by line: keys in one order, lines of a text on lines of their own. Not to be parsed again: no
 * address in it is one that the editor would make a link of.
 */
export function readable(json: string | undefined): string {
  if (json === undefined) return '';
  const text = pretty(json);
  return text
    .split('\n')
    .map(visible)
    .join('\n')
    .replace(/\\./g, (escape) => (escape === String.raw`\n` ? `${escape}\n` : escape))
    .replaceAll('://', String.raw`:\/\/`);
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), inOrder, 2);
  } catch {
    return json;
  }
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
