/** Characters of one thing that a server says; an error of ours holds a few of them. */
const longest = 500;

/** What a server says, short and without control characters, for the detail of an error. Line feeds stay. */
export function serverText(text: string, most = longest): string {
  if (text.length <= most) return harmless(text);
  // Half of a surrogate pair is not text.
  return `${harmless(text.slice(0, most).replace(/[\uD800-\uDBFF]$/, ''))}…`;
}

function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}
