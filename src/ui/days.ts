/** Milliseconds ahead that the user is told of a secret's last day. */
const AHEAD = 7 * 24 * 3600_000;

/** The end of a day to come, in the user's own time; undefined for anything else. @param now milliseconds since the epoch */
export function dayOf(text: string, now: number): Date | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(Number(year), Number(month) - 1, Number(day), 23, 59, 59);
  return date.getMonth() === Number(month) - 1 && date.getTime() > now ? date : undefined;
}

/** Whether it ends within a week, or has ended. @param now milliseconds since the epoch */
export function isNear(ends: Date, now: number): boolean {
  return ends.getTime() - now < AHEAD;
}
