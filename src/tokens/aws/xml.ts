interface Cursor {
  readonly source: string;
  at: number;
}

/** Attributes are namespaces, which say nothing here. */
const opening = /<([A-Za-z][\w.-]*)(?:\s+[\w:.-]+="[^"<&]*")*\s*(\/?)>/y;
const closing = /<\/([A-Za-z][\w.-]*)\s*>/y;
const characters = /[^<]+/y;

/** Characters of the names of an element and of all that it is in. */
const LONGEST_PATH = 512;

/**
 * The text of every element without children, by its path from the root: `ErrorResponse/Error/Code`.
 *
 * Only what the query protocol of AWS uses is understood. Undefined for everything else, such as a document type, a comment,
 * an unknown entity, text beside elements, or two elements with one path: what it would mean is not guessed.
 */
export function leafTexts(document: string): ReadonlyMap<string, string> | undefined {
  const leaves = new Map<string, string>();
  const cursor: Cursor = { source: document.trim().replace(/^<\?xml [^<>?]*\?>\s*/, ''), at: 0 };
  return readElement(cursor, '', leaves) && cursor.at === cursor.source.length ? leaves : undefined;
}

/** Reads one element and all that is in it. False where it is not of the kind that is understood. */
function readElement(cursor: Cursor, parent: string, leaves: Map<string, string>): boolean {
  const [, name, empty] = take(opening, cursor) ?? [];
  const path = parent + name;
  if (name === undefined || path.length > LONGEST_PATH) return false;
  if (empty !== '') return addLeaf(path, '', leaves);
  const text = take(characters, cursor)?.[0] ?? '';
  let children = 0;
  while (!cursor.source.startsWith('</', cursor.at)) {
    if (!readElement(cursor, `${path}/`, leaves)) return false;
    if ((take(characters, cursor)?.[0] ?? '').trim() !== '') return false;
    children += 1;
  }
  if (take(closing, cursor)?.[1] !== name) return false;
  return children === 0 ? addLeaf(path, text, leaves) : text.trim() === '';
}

function take(pattern: RegExp, cursor: Cursor): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.source) ?? undefined;
  cursor.at += match?.[0].length ?? 0;
  return match;
}

function addLeaf(path: string, text: string, leaves: Map<string, string>): boolean {
  const decoded = withoutEntities(text);
  if (decoded === undefined || leaves.has(path)) return false;
  leaves.set(path, decoded);
  return true;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML 1.0 sections 4.1 and 4.6: the five predefined entities, and characters by number. */
function withoutEntities(text: string): string | undefined {
  let known = true;
  const decoded = text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+))?;?/gi,
    (whole, ...parts: (string | undefined)[]) => {
      const [decimal, hexadecimal, name = ''] = parts;
      const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
      const character =
        code <= 0x10_ffff ? String.fromCodePoint(code) : Object.hasOwn(entities, name) && entities[name];
      if (character === false || character === undefined || !whole.endsWith(';')) known = false;
      return typeof character === 'string' ? character : '';
    },
  );
  return known ? decoded : undefined;
}
