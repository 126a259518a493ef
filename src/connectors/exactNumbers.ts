import type { Cell } from '../core/result.ts';

/** Whole numbers that a JSON number holds exactly; what it does not, and `1.50`, stays text. */
export function asInteger(text: string): Cell {
  if (!/^-?(?:0|[1-9]\d{0,15})$/.test(text) || text === '-0') return text;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** Binary floats, whose shortest text reads back as the same number, in JSON too. NaN, infinities and -0 stay text. */
export function asFloat(text: string): Cell {
  const value = Number(text);
  return Number.isFinite(value) && !Object.is(value, -0) ? value : text;
}
