import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';

/** A column as the server describes it to the driver. */
export interface RowType {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly length: number | null;
  readonly byteLength: number | null;
}

export type Cell = string | null;

/** Field of the struct that stands for a timestamp with its own offset, which DuckDB has no type for. */
export const zonedMicros = 'sf_tz_micros';
export const zonedMinutes = 'sf_tz_minutes';

const integers = new Set<DuckDBTypeId>([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
]);

const fixedTypes: Readonly<Partial<Record<DuckDBTypeId, string>>> = {
  [DuckDBTypeId.BOOLEAN]: 'boolean',
  [DuckDBTypeId.FLOAT]: 'real',
  [DuckDBTypeId.DOUBLE]: 'real',
  [DuckDBTypeId.DATE]: 'date',
  [DuckDBTypeId.TIME]: 'time',
  [DuckDBTypeId.TIMESTAMP]: 'timestamp_ntz',
  [DuckDBTypeId.TIMESTAMP_S]: 'timestamp_ntz',
  [DuckDBTypeId.TIMESTAMP_MS]: 'timestamp_ntz',
  [DuckDBTypeId.TIMESTAMP_NS]: 'timestamp_ntz',
  [DuckDBTypeId.TIMESTAMP_TZ]: 'timestamp_ltz',
  [DuckDBTypeId.BLOB]: 'binary',
  [DuckDBTypeId.LIST]: 'array',
  [DuckDBTypeId.ARRAY]: 'array',
  [DuckDBTypeId.STRUCT]: 'object',
  [DuckDBTypeId.MAP]: 'object',
};

export function rowType(name: string, type: DuckDBType): RowType {
  const plain = { name, nullable: true, precision: null, scale: null, length: null, byteLength: null };
  if (integers.has(type.typeId)) return { ...plain, type: 'fixed', precision: 38, scale: 0 };
  if (type.typeId === DuckDBTypeId.DECIMAL && 'width' in type) {
    return { ...plain, type: 'fixed', precision: type.width, scale: type.scale };
  }
  if (type.alias === 'JSON') return { ...plain, type: 'variant' };
  if (type.typeId === DuckDBTypeId.STRUCT && 'entryNames' in type && type.entryNames[0] === zonedMicros) {
    return { ...plain, type: 'timestamp_tz', scale: 9 };
  }
  const known = fixedTypes[type.typeId];
  if (known === undefined) return { ...plain, type: 'text', length: 16_777_216, byteLength: 16_777_216 };
  if (known === 'binary') return { ...plain, type: known, length: 8_388_608, byteLength: 8_388_608 };
  return known.startsWith('time') ? { ...plain, type: known, scale: 9 } : { ...plain, type: known };
}

/** A value in the form in which the server puts it into a JSON row set: text or null. */
export function encodeCell(value: DuckDBValue): Cell {
  if (value === null) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value instanceof DuckDBDateValue) return String(value.days);
  if (value instanceof DuckDBTimeValue) return fraction(value.micros, 6);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
    return fraction(value.micros, 6);
  if (value instanceof DuckDBTimestampSecondsValue) return fraction(value.seconds, 0);
  if (value instanceof DuckDBTimestampMillisecondsValue) return fraction(value.millis, 3);
  if (value instanceof DuckDBTimestampNanosecondsValue) return fraction(value.nanos, 9);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex').toUpperCase();
  if (value instanceof DuckDBStructValue && zonedMicros in value.entries) {
    const micros = value.entries[zonedMicros];
    const minutes = value.entries[zonedMinutes];
    return typeof micros === 'bigint' ? `${fraction(micros, 6)} ${Number(minutes ?? 0) + 1440}` : null;
  }
  if (isNested(value)) return JSON.stringify(plainValue(value));
  return String(value);
}

function isNested(value: DuckDBValue): boolean {
  return (
    value instanceof DuckDBListValue ||
    value instanceof DuckDBArrayValue ||
    value instanceof DuckDBStructValue ||
    value instanceof DuckDBMapValue
  );
}

/** A value inside an array or object, as JSON has it. */
function plainValue(value: DuckDBValue): unknown {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, each]) => [key, plainValue(each)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: each }) => [String(key), plainValue(each)]));
  }
  if (typeof value === 'bigint' || value instanceof DuckDBDecimalValue) return Number(value.toString());
  return value === null || typeof value === 'boolean' || typeof value === 'number' ? value : String(value);
}

/** Seconds since the epoch (or midnight) with nine digits after the point. */
function fraction(units: bigint, digits: number): string {
  const nanos = units * 10n ** BigInt(9 - digits);
  const size = nanos < 0n ? -nanos : nanos;
  const whole = size / 1_000_000_000n;
  return `${nanos < 0n ? '-' : ''}${whole}.${String(size % 1_000_000_000n).padStart(9, '0')}`;
}
