import { PassportError } from '../../core/errors.ts';
import type { DatabaseObject, ObjectDescription } from '../../core/result.ts';
import type { RawRows, ReadRequest } from './reader.ts';

/** Asks the database one of our own questions. */
export type Ask = (request: ReadRequest) => Promise<RawRows>;

/** Where the question stands: the connection's id for errors, and its database. */
export interface Place {
  readonly connection: string;
  readonly database: string;
}

const kinds = `CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
  WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' END`;

/** What the user may read, or see at least a column of. Partitions are part of their table. */
const visible = `c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')`;

const system = `(n.nspname = 'information_schema' OR n.nspname LIKE 'pg\\_%')`;

/**
 * Tables and views: of every schema but the system's when the path is empty, of one schema otherwise.
 * @param limit rows at most
 * @throws PassportError DP-OBJECT-UNKNOWN
 */
export async function listObjects(
  ask: Ask,
  place: Place,
  { path, pattern, limit }: { path: readonly string[]; pattern: string; limit: number },
): Promise<readonly DatabaseObject[]> {
  const [schema] = inDatabase(path, place, 1);
  const { rows } = await ask({
    prefix: '',
    text: `SELECT c.relname, format('%I.%I', n.nspname, c.relname), ${kinds}, obj_description(c.oid, 'pg_class')
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE ${visible} AND CASE WHEN $1::text IS NULL THEN NOT ${system} ELSE n.nspname = $1 END
        AND position(lower($2) IN lower(c.relname)) > 0
      ORDER BY n.nspname, c.relname LIMIT $3`,
    values: [schema ?? null, pattern, limit],
  });
  if (rows.length === 0 && schema !== undefined) await demandSchema(ask, place, schema);
  return rows.map(([name, qualifiedName, kind, comment]) => ({
    name: name ?? '',
    qualifiedName: qualifiedName ?? '',
    kind: kind ?? '',
    comment: comment ?? undefined,
  }));
}

/**
 * Columns of a table or view. A name alone is looked up as a query would (search_path).
 * @throws PassportError DP-OBJECT-UNKNOWN
 */
export async function describeObject(ask: Ask, place: Place, path: readonly string[]): Promise<ObjectDescription> {
  const names = inDatabase(path, place, 2);
  const table = names.at(-1);
  const schema = names.length > 1 ? names[0] : undefined;
  if (table === undefined) throw unknown(path, place);
  const { rows } = await ask({
    prefix: '',
    text: `SELECT format('%I.%I', n.nspname, c.relname), ${kinds}, obj_description(c.oid, 'pg_class'),
        a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, col_description(c.oid, a.attnum)
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = $1
        AND CASE WHEN $2::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $2 END
        AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
      ORDER BY a.attnum`,
    values: [table, schema ?? null],
  });
  const [first] = rows;
  if (!first) throw unknown(path, place);
  const [qualifiedName, kind, comment] = first;
  return {
    qualifiedName: qualifiedName ?? '',
    kind: kind ?? '',
    comment: comment ?? undefined,
    columns: rows.flatMap(([, , , name, type, nullable, note]) =>
      typeof name === 'string'
        ? [{ name, type: (type ?? '').toLowerCase(), nullable: nullable === 't', comment: note ?? undefined }]
        : [],
    ),
  };
}

/** A path may begin with the database that the session is in; there is no way into another one. */
function inDatabase(path: readonly string[], place: Place, most: number): readonly string[] {
  if (path.length <= most) return path;
  if (path.length === most + 1 && path[0] === place.database) return path.slice(1);
  throw unknown(path, place);
}

async function demandSchema(ask: Ask, place: Place, schema: string): Promise<void> {
  const text = `SELECT 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 AND has_schema_privilege(n.oid, 'USAGE')`;
  const { rows } = await ask({ prefix: '', text, values: [schema] });
  if (rows.length === 0) throw unknown([schema], place);
}

function unknown(path: readonly string[], { connection }: Place): PassportError {
  return new PassportError('DP-OBJECT-UNKNOWN', { connection, name: path.join('.') || '(no name)' });
}
