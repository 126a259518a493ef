/** Everything that takes no ink or looks like something else: controls, what only steers the text, fillers, and other spaces. */
const HIDDEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Text of a stranger on one line with everything in it to be seen: hidden characters as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

/** Characters of a name that a list or a sentence shows. */
const LONGEST_NAME = 80;

/** A name of the file for a title or a sentence: in sight, and short. */
export function shownName(name: string): string {
  const line = visible(name.trim());
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME - 1).toWellFormed()}…` : line;
}

/** A key of the file for a sentence. What does not look like a key may be something that was pasted in the wrong place. */
export function shownKey(key: string): string {
  return /^[\p{L}\p{N}_.$-]{1,60}$/u.test(key) ? key : 'a key that can not be shown';
}
