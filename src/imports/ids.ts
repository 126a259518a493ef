/** Characters of an id in the settings. */
const MOST = 40;

/** The nearest id to a name: lower-case letters, digits, `-` and `_`, beginning with a letter or digit. */
export function idOf(name: string, otherwise: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const id = plain
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, MOST)
    .replace(/-+$/, '');
  return id === '' ? otherwise : id;
}

/** The id itself, or with a number behind it, so that it is nobody else's. */
export function uniqueId(id: string, isTaken: (id: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `-${number}`;
    const candidate = `${id.slice(0, MOST - suffix.length)}${suffix}`;
    if (!isTaken(candidate)) return candidate;
  }
}
