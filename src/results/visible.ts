/**
 * Characters that are not seen, or that change how others are seen: controls, marks of direction (Unicode Technical Report 36,
 * section 2.10.1), characters of no width, tags, separators of lines.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** What joins letters or the parts of a picture, and what chooses how a picture looks: seen for what it does, after one of these. */
const joiner = /^(?:\u200c|\u200d|\ufe0e|\ufe0f)$/;
const joinable =
  /(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}\p{Emoji}\p{Emoji_Modifier}]|\p{Extended_Pictographic}\ufe0f)$/u;

const written: ReadonlyMap<string, string> = new Map([
  ['\n', '↵'],
  ['\r', '␍'],
  ['\t', '⇥'],
  ['\u007f', '␡'],
]);

/** Text of a database on one line, in which every character is seen for what it is. It changes what is shown, never what is copied. */
export function visible(text: string): string {
  return text.replace(hidden, (character, at: number) => {
    if (joiner.test(character) && joinable.test(text.slice(Math.max(0, at - 3), at))) return character;
    return written.get(character) ?? named(character.codePointAt(0) ?? 0);
  });
}

/** The same for a text on several lines: line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n');
}

/** The symbol of a C0 control (U+2400 …), or the number of anything else. */
function named(code: number): string {
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
