import {
  applyEdits,
  findNodeAtLocation,
  type FormattingOptions,
  modify,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';

/** One change of a settings file. Everything else in it, comments included, stays as it is. */
export interface SettingsEdit {
  /** Keys from the setting inwards, such as `dataPassport.connections`, `sales`, `role`. */
  readonly path: readonly string[];
  /** Absent: the key is taken out. */
  readonly value: unknown;
  /** One line that is written above a key that is new. */
  readonly comment?: string | undefined;
}

/** The text of a settings file after the edits, or what keeps it from being edited. */
export type EditedText = { readonly text: string } | { readonly problem: string };

/** @param text JSON with comments; empty counts as `{}` */
export function editedSettings(
  text: string,
  edits: readonly SettingsEdit[],
  formattingOptions: FormattingOptions,
): EditedText {
  let current = text.trim() === '' ? '{}' : text;
  const problem = problemOf(current);
  if (problem !== undefined) return { problem };
  for (const { path, value, comment } of edits) {
    const keys = [...path];
    const isThere = nodeAt(current, keys) !== undefined;
    if (isThere) current = applyEdits(current, modify(current, keys, value, { formattingOptions }));
    else if (value !== undefined)
      current = withComment(withKey(current, keys, value, formattingOptions), keys, comment);
  }
  return { text: current };
}

/**
 * Puts a new key behind everything in the innermost object of its path that is there. jsonc-parser would put it right behind the
 * last value, which takes a comment that follows that value away from it.
 */
function withKey(text: string, path: readonly string[], value: unknown, format: FormattingOptions): string {
  const depth = path.findLastIndex((_, index) => nodeAt(text, path.slice(0, index))?.type === 'object');
  const object = nodeAt(text, path.slice(0, depth));
  const key = path[depth];
  if (!object || key === undefined) return text;
  const whole = path.slice(depth + 1).reduceRight((inner, name) => ({ [name]: inner }), value);
  const { eol = '\n', tabSize = 2, insertSpaces = true } = format;
  const step = insertSpaces ? ' '.repeat(tabSize) : '\t';
  const outer = indentAt(text, object.offset);
  const body = JSON.stringify(whole, undefined, step).replaceAll('\n', eol + outer + step);
  const brace = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const end = last ? last.offset + last.length : object.offset + 1;
  const rest = text.slice(end, brace);
  const comma = last && !withoutComments(rest).includes(',') ? ',' : '';
  return `${text.slice(0, end)}${comma}${rest.trimEnd()}${eol}${outer}${step}${JSON.stringify(key)}: ${body}${eol}${outer}${text.slice(brace)}`;
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** White space that the line of an offset begins with. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

function problemOf(text: string): string | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) return `line ${lineAt(text, first.offset)}: ${printParseErrorCode(first.error)}`;
  return root?.type === 'object' ? undefined : 'it is not a JSON object';
}

function nodeAt(text: string, path: readonly string[]) {
  const root = parseTree(text, [], { allowTrailingComma: true });
  return root && findNodeAtLocation(root, [...path]);
}

/** The comment goes on a line of its own above the key, as far in as the key is. */
function withComment(text: string, path: readonly string[], comment: string | undefined): string {
  const key = nodeAt(text, path)?.parent;
  if (!key || comment === undefined) return text;
  const start = text.lastIndexOf('\n', key.offset - 1) + 1;
  const indent = text.slice(start, key.offset);
  // On one line with something else there is no room for a line comment.
  if (indent.trim() !== '') return text;
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  return `${text.slice(0, start)}${indent}// ${comment.replace(/\s+/g, ' ').trim()}${end}${text.slice(start)}`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
