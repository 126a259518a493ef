/**
 * How a field says when a token ends.
 * - `time`: seconds (or milliseconds) since the epoch, or ISO 8601 with its zone.
 * - `seconds`: from now; 0 for one that does not end (Vault).
 * - `localTime`: ISO 8601 without a zone, in this machine's (old versions of `az`).
 * - `any`: a number below 1,000,000,000 counts from now, everything else is a time.
 */
export type ExpiryForm = 'time' | 'seconds' | 'localTime' | 'any';

/** Numbers from here on are milliseconds: in seconds it would be the year 5138. */
const MILLISECONDS = 1e11;
/** In seconds since the epoch that was in 2001. */
const COUNTS_FROM_NOW = 1e9;

/**
 * @param now milliseconds since the epoch
 * @returns the end of a token; `never` where the field says so; undefined where it says nothing that can be read
 */
export function expiryIn(value: unknown, form: ExpiryForm, now: number): Date | 'never' | undefined {
  const number = typeof value === 'string' && /^\d{1,15}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number') return typeof value === 'string' ? timeIn(value, form) : undefined;
  if (!Number.isFinite(number) || number < 0 || number > 8e15 || form === 'localTime') return undefined;
  if (form === 'seconds' || (form === 'any' && number < COUNTS_FROM_NOW))
    return number === 0 ? 'never' : valid(new Date(now + number * 1000));
  return valid(new Date(number >= MILLISECONDS ? number : number * 1000));
}

function timeIn(text: string, form: ExpiryForm): Date | undefined {
  const [, day, clock, zone] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)\s?(Z|[+-]\d\d:?\d\d)?$/i.exec(text) ?? [];
  if (day === undefined || form === 'seconds' || (form === 'localTime') !== (zone === undefined)) return undefined;
  const shortZone = zone?.toUpperCase().replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2');
  return valid(new Date(`${day}T${clock}${shortZone ?? ''}`));
}

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date;
}
