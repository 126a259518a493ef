/** What a chat may open by a click: the web and a letter. */
const ordinaryScheme = /^(?:https?|mailto)$/;
/** Schemes that act, run or read something where they are opened. A custom one of an unknown program is left to isForeign. */
const actingScheme =
  /^(?:command|vscode[\w+.-]*|code-[\w+.-]+|vscodium|cursor|windsurf|file|javascript|vbscript|livescript|data|blob|filesystem|about|view-source|jar|ms-[\w+.-]+|search(?:-ms)?|shell|smb|ftp|sftp|ssh|telnet):/;
const editorScheme = /^(?:command|vscode[\w+.-]*|code-[\w+.-]+|vscodium|cursor|windsurf|javascript|vbscript):/;
/** One letter is a drive. */
const anyScheme = /^([a-z][a-z0-9+.-]+):/;
const mayHideColon = /[:&%\\]/;

/**
 * Whether an address acts when it is opened, in whatever spelling: percent-encoded, with HTML entities, JSON or Markdown
 * escapes, in any case, with white space in it. It may have quotes in front and anything behind.
 */
export function isActing(address: string): boolean {
  return mayHideColon.test(address) && actingScheme.test(compact(address));
}

/** The same for the schemes that no resource of a server has: what makes the editor itself or a page's script act. */
export function actsOnEditor(address: string): boolean {
  return mayHideColon.test(address) && editorScheme.test(compact(address));
}

/** Whether an address, which ends at the first white space, has a scheme other than http, https and mailto. */
export function isForeign(address: string): boolean {
  if (!mayHideColon.test(address)) return false;
  const scheme = anyScheme.exec(decoded(address).toLowerCase())?.[1];
  return scheme !== undefined && !ordinaryScheme.test(scheme);
}

function compact(address: string): string {
  return decoded(address)
    .replace(/[\s\\]+/g, '')
    .replace(/^["'<(]+/, '')
    .toLowerCase();
}

function decoded(address: string): string {
  let text = address;
  // One encoding inside another is decoded by nobody, but a model may.
  for (let round = 0; round < 3; round += 1) {
    const before = text;
    text = text.replace(/\\u00([0-7][\da-f])|&#x0*([\da-f]{1,4});?|%([0-7][\da-f])/gi, (_all, ...codes: unknown[]) =>
      character(codes.slice(0, 3), 16),
    );
    text = text.replace(/&#0*(\d{1,5});?/g, (_all, code: unknown) => character([code], 10));
    text = text.replace(/&(colon|amp);|&[a-z]+;|\\[nrt]/gi, (_all, name: unknown) =>
      typeof name === 'string' ? (named[name.toLowerCase()] ?? '') : '',
    );
    text = text.replace(/\\([!-/:-@[-`{-~])/g, '$1');
    if (text === before) break;
  }
  return text;
}

const named: Readonly<Record<string, string>> = { colon: ':', amp: '&' };

function character(codes: readonly unknown[], base: number): string {
  const code = codes.find((each) => typeof each === 'string');
  return typeof code === 'string' ? String.fromCharCode(Number.parseInt(code, base)) : '';
}
