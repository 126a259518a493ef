import type { Cell } from '../core/result.ts';

/** What a column's values are to sorting, alignment and charts. */
export type ValueKind = 'number' | 'moment' | 'boolean' | 'text';

/** Names of types, as PostgreSQL and Snowflake write them, without what stands in parentheses. */
const kinds: readonly (readonly [RegExp, ValueKind])[] = [
  [
    /^(?:smallint|integer|bigint|int|int[248]|oid|numeric|decimal|decfloat|number|fixed|real|float[48]?|double(?: precision)?)$/,
    'number',
  ],
  [/^(?:date|datetime|timestamp(?:_ntz|_ltz|_tz)?(?: with(?:out)? time zone)?)$/, 'moment'],
  [/^bool(?:ean)?$/, 'boolean'],
];

/** @param type the database's own name of a type, lower case, such as `number(10,2)` */
export function kindOf(type: string): ValueKind {
  const name = type.replace(/\s*\([^)]*\)/, '').trim();
  return kinds.find(([pattern]) => pattern.test(name))?.[1] ?? 'text';
}

/** A number of any size and scale: `sign × 0.digits × 10^exponent`. */
interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly exponent: number;
  readonly digits: string;
}

/** Reads a number exactly. Undefined for what is none, such as NaN. */
export function decimalOf(value: Cell): Decimal | undefined {
  const [, minus, whole = '', fraction = '', exponent = '0'] =
    /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?\s*$/.exec(String(value)) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return { sign: 0, exponent: 0, digits };
  const leading = all.length - all.replace(/^0+/, '').length;
  return { sign: minus === '-' ? -1 : 1, exponent: whole.length - leading + Number(exponent), digits };
}

function compareDecimals(left: Decimal, right: Decimal): number {
  if (left.sign !== right.sign) return left.sign - right.sign;
  const size = left.exponent - right.exponent || (left.digits < right.digits ? -1 : left.digits > right.digits ? 1 : 0);
  return left.sign * size;
}

/** Numbers of double precision compare as such; everything else as exact text. What is no number comes after the infinities. */
function compareNumbers(left: Cell, right: Cell): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [one, other] = [decimalOf(left), decimalOf(right)];
  if (one && other) return compareDecimals(one, other);
  return rankOf(left, one) - rankOf(right, other);
}

function rankOf(value: Cell, decimal: Decimal | undefined): number {
  if (decimal) return 0;
  if (/^\s*-inf(inity)?\s*$/i.test(String(value))) return -1;
  return /^\s*\+?inf(inity)?\s*$/i.test(String(value)) ? 1 : 2;
}

const momentPattern =
  /^(\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*(?:Z|([+-])(\d\d):?(\d\d)?(?::?(\d\d))?)?( BC)?$/;

interface Moment {
  /** Since 1970, in universal time; a text without a zone counts as that. */
  readonly seconds: number;
  /** Of a second, as `.123`. */
  readonly fraction: string;
}

/** Reads a date or timestamp of ISO 8601 or as PostgreSQL and Snowflake write it. Undefined for anything else. */
export function momentOf(value: Cell): Moment | undefined {
  const text = String(value).trim();
  if (text === 'infinity' || text === '-infinity') {
    return { seconds: text === 'infinity' ? Infinity : -Infinity, fraction: '' };
  }
  const found = momentPattern.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0] = found.map((part) =>
    part === undefined ? part : Number(part),
  );
  const [fraction = '', sign, ahead = 0, aheadMinutes = 0, aheadSeconds = 0, before] = found.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(before === undefined ? (year ?? 0) : 1 - (year ?? 0), (month ?? 1) - 1, day);
  const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
  const offset = Number(ahead) * 3600 + Number(aheadMinutes) * 60 + Number(aheadSeconds);
  return { seconds: local - (sign === '-' ? -offset : offset), fraction: fraction.replace(/\.?0+$/, '') };
}

function compareMoments(left: Cell, right: Cell): number {
  const [one, other] = [momentOf(left), momentOf(right)];
  if (!one || !other) return Number(!one) - Number(!other) || compareText(left, right);
  if (one.seconds !== other.seconds) return one.seconds < other.seconds ? -1 : 1;
  return one.fraction < other.fraction ? -1 : one.fraction > other.fraction ? 1 : 0;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compareText(left: Cell, right: Cell): number {
  return collator.compare(String(left), String(right));
}

const comparers: Readonly<Record<ValueKind, (left: Cell, right: Cell) => number>> = {
  number: compareNumbers,
  moment: compareMoments,
  boolean: (left, right) => Number(left) - Number(right),
  text: compareText,
};

/** Compares two values that are there. */
export function comparer(kind: ValueKind): (left: Cell, right: Cell) => number {
  return comparers[kind];
}

/** A value as a place on an axis; undefined for what has none. As close as a double comes, which is enough to draw it. */
export function position(kind: ValueKind, value: Cell): number | undefined {
  if (value === null) return undefined;
  if (kind === 'moment') {
    const moment = momentOf(value);
    return finite(moment && (moment.seconds + Number(`0${moment.fraction}`)) * 1000);
  }
  return kind === 'number' ? finite(Number(value)) : undefined;
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
