/** What an entry may be called, out of what was entered for it: the first of these that it has. */
const TELLING = [
  'database',
  'server',
  'account',
  'domain',
  'tenant',
  'realm',
  'url',
  'issuer',
  'host',
  'command',
] as const;

/** A name to start from. @param usual where nothing tells */
export function suggestedName(value: Readonly<Record<string, unknown>>, usual: string): string {
  const told = TELLING.map((key) => value[key]).find((each): each is string => typeof each === 'string' && each !== '');
  if (told === undefined) return usual;
  return URL.canParse(told) && /^https?:/.test(told) ? new URL(told).hostname : told;
}

/** An id for a name, as settings and addresses can hold it. @param taken ids that are in use */
export function idFor(name: string, taken: readonly string[]): string {
  const bare = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 36)
    .replace(/^-+|-+$/g, '');
  const base = bare === '' ? 'entry' : bare;
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? base : `${base}-${count}`;
    if (!taken.includes(id)) return id;
  }
}
