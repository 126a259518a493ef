import type { Cell } from '../../core/result.ts';
import { asFloat, asInteger } from '../exactNumbers.ts';

/**
 * Names of the built-in types by object id (pg_type.dat, fixed for ever), as `format_type` writes them.
 * Others are asked of the catalog.
 */
export const typeNames: ReadonlyMap<number, string> = new Map([
  [16, 'boolean'],
  [17, 'bytea'],
  [18, '"char"'],
  [19, 'name'],
  [20, 'bigint'],
  [21, 'smallint'],
  [23, 'integer'],
  [25, 'text'],
  [26, 'oid'],
  [114, 'json'],
  [142, 'xml'],
  [700, 'real'],
  [701, 'double precision'],
  [790, 'money'],
  [1000, 'boolean[]'],
  [1005, 'smallint[]'],
  [1007, 'integer[]'],
  [1009, 'text[]'],
  [1015, 'character varying[]'],
  [1016, 'bigint[]'],
  [1022, 'double precision[]'],
  [1042, 'character'],
  [1043, 'character varying'],
  [1082, 'date'],
  [1083, 'time without time zone'],
  [1114, 'timestamp without time zone'],
  [1184, 'timestamp with time zone'],
  [1186, 'interval'],
  [1231, 'numeric[]'],
  [1266, 'time with time zone'],
  [1700, 'numeric'],
  [2205, 'regclass'],
  [2278, 'void'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);

/** Turns a value's own text into a cell that is exact, or leaves the text alone. */
type ToCell = (text: string) => Cell;

const asText: ToCell = (text) => text;
const asBoolean: ToCell = (text) => (text === 't' ? true : text === 'f' ? false : text);

const converters: ReadonlyMap<number, ToCell> = new Map([
  [16, asBoolean],
  [20, asInteger],
  [21, asInteger],
  [23, asInteger],
  [26, asInteger],
  [700, asFloat],
  [701, asFloat],
  [1700, asInteger],
]);

/** @param oid object id of the column's type */
export function converterFor(oid: number): ToCell {
  return converters.get(oid) ?? asText;
}
