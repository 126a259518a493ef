/** A text up to a length, with … for the rest. */
export function shortText(text: string, length: number): string {
  if (text.length <= length) return text;
  // Half of a surrogate pair is not text.
  const pair = (text.codePointAt(length - 1) ?? 0) > 0xffff;
  return `${text.slice(0, pair ? length - 1 : length)}…`;
}
