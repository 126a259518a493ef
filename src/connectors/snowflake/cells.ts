import type { Column as DriverColumn } from 'snowflake-sdk';

import type { Cell, Column } from '../../core/result.ts';
import { asFloat, asInteger } from '../exactNumbers.ts';

/** A timestamp or date as the driver gives it: a JavaScript Date that knows what a Date can't hold. */
interface DriverDate {
  getEpochSeconds(): number;
  getNanoSeconds(): number;
  /** Name of a zone, or minutes east of Greenwich. */
  getTimezone(): string | number;
}

type ToCell = (value: unknown) => Cell;

/** Kinds that the driver is told to leave as the server's text. */
export const asStrings = ['Number', 'JSON', 'Buffer', 'Boolean'] as const;

/**
 * Parameters of each statement that decide how values are written. The driver's own formats cut seconds, so dates and
 * timestamps are written here instead; a time of day it gives as text only.
 */
export const formats = { BINARY_OUTPUT_FORMAT: 'HEX', TIME_OUTPUT_FORMAT: 'HH24:MI:SS.FF9' } as const;

export function columnOf(column: DriverColumn): Column {
  const type = column.getType().toLowerCase();
  return { name: column.getName(), type: typeName(type, column) };
}

/** The server's wire names in the words of its SQL. */
function typeName(type: string, column: DriverColumn): string {
  switch (type) {
    case 'fixed':
      return `number(${column.getPrecision()},${column.getScale()})`;
    case 'real':
      return 'float';
    case 'text':
      return 'varchar';
    default:
      return type;
  }
}

export function converterFor(column: DriverColumn): ToCell {
  const type = column.getType().toLowerCase();
  const convert = converters[type] ?? asText;
  return (value) => (value === null || value === undefined ? null : convert(value));
}

const asText: ToCell = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
const json: ToCell = (value) => compactJson(String(value));

const converters: Readonly<Record<string, ToCell>> = {
  fixed: (value) => asInteger(String(value)),
  real: (value) => asFloat(String(value)),
  boolean: (value) => (value === 'TRUE' ? true : value === 'FALSE' ? false : asText(value)),
  date: (value) => (isDriverDate(value) ? localTime(value.getEpochSeconds()).slice(0, -9) : asText(value)),
  time: (value) => withoutZeros(String(value)),
  timestamp_ntz: (value) => (isDriverDate(value) ? timestamp(value) : asText(value)),
  timestamp_ltz: (value) => (isDriverDate(value) ? zoned(value) : asText(value)),
  timestamp_tz: (value) => (isDriverDate(value) ? zoned(value) : asText(value)),
  variant: json,
  object: json,
  array: json,
  map: json,
};

function isDriverDate(value: unknown): value is DriverDate {
  return value instanceof Date && 'getEpochSeconds' in value && 'getNanoSeconds' in value && 'getTimezone' in value;
}

/** `2026-01-02 03:04:05.678`: the fraction without zeros at its end. */
function timestamp(value: DriverDate, offsetMinutes = 0): string {
  const fraction = String(value.getNanoSeconds()).padStart(9, '0');
  return withoutZeros(`${localTime(value.getEpochSeconds() + offsetMinutes * 60)}.${fraction}`);
}

function zoned(value: DriverDate): string {
  const zone = value.getTimezone();
  const minutes = typeof zone === 'number' ? zone : offsetOf(zone, value.getEpochSeconds());
  const absolute = Math.abs(minutes);
  const [hours, rest] = [Math.floor(absolute / 60), absolute % 60].map((each) => String(each).padStart(2, '0'));
  return `${timestamp(value, minutes)} ${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
}

function localTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  // Years of more than four digits have a sign in ISO 8601 that Snowflake does not write.
  return date.toISOString().slice(0, -5).replace('T', ' ').replace(/^\+0*/, '');
}

function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

/** Minutes east of Greenwich in a named zone at that moment. */
function offsetOf(zone: string, epochSeconds: number): number {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    const name = format.formatToParts(epochSeconds * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
    const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
    return sign === '-' ? -total : total;
  } catch {
    return 0;
  }
}

/**
 * An object or array without the white space between its tokens; numbers and strings stay as they are written.
 * A variant may also be XML, which is left alone.
 */
export function compactJson(text: string): string {
  if (!/^\s*[{[]/.test(text)) return text;
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_whole, kept: string | undefined) => kept ?? '');
}
