/** Milliseconds. Clocks that differ by less agree: the header has whole seconds, and the answer was on its way. */
const NOTICEABLE = 60_000;

/**
 * Milliseconds by which the clock of a server is ahead of ours, from the Date of its answer (RFC 9110 section 6.6.1).
 * Whoever is told an end by that clock takes this off, and whoever signs a time for it puts this on.
 * @param now milliseconds since the epoch, when the answer had come
 */
export function clockAhead(headers: Headers, now: number): number {
  const ahead = Date.parse(headers.get('date') ?? '') - now;
  return Math.abs(ahead) >= NOTICEABLE ? ahead : 0;
}

/** Milliseconds since the epoch of a time such as `2026-11-27T09:30:00Z` (RFC 3339 section 5.6), or NaN for anything else. */
export function instant(text: string | undefined): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text ?? '')
    ? Date.parse(text ?? '')
    : Number.NaN;
}
