/** The word that a statement begins with, upper case, after white space and comments (which nest in PostgreSQL). */
export function firstWord(statement: string): string {
  let at = 0;
  for (;;) {
    const rest = statement.slice(at);
    const space = /^\s+/.exec(rest) ?? /^--[^\r\n]*/.exec(rest);
    if (space) at += space[0].length;
    else if (rest.startsWith('/*')) at += commentLength(rest);
    else return /^[a-z_]+/i.exec(rest)?.[0].toUpperCase() ?? '';
  }
}

function commentLength(text: string): number {
  let depth = 0;
  for (const mark of text.matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.index + 2;
  }
  return text.length;
}
