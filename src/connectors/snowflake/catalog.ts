import { PassportError } from '../../core/errors.ts';
import type { Cell, DatabaseObject, ObjectDescription } from '../../core/result.ts';
import { containing, identifier, literal, meant, quoted } from './names.ts';
import type { StatementText, Table } from './statements.ts';

export type Ask = (statement: StatementText) => Promise<Table>;

/** Where the session stands. */
export interface Place {
  readonly connection: string;
  readonly database: string | undefined;
  readonly schema: string | undefined;
}

interface Listing {
  readonly path: readonly string[];
  readonly pattern: string;
  readonly limit: number;
}

/**
 * What lies in a container. SHOW needs no warehouse, so that looking around costs nothing and wakes nothing.
 *
 * Empty path: tables and views of the session's schema, or of its whole database, or the databases when it has neither.
 * One name: the schemas of that database. Two names: tables and views of that schema.
 * @throws PassportError DP-OBJECT-UNKNOWN
 */
export async function listObjects(
  ask: Ask,
  place: Place,
  { path, pattern, limit }: Listing,
): Promise<readonly DatabaseObject[]> {
  const names = path.map(meant);
  if (names.length > 2) throw unknown(path, place);
  const like = pattern === '' ? '' : ` LIKE ${literal(containing(pattern))}`;
  const show = (what: string, where: string): Promise<Table> =>
    known(ask({ text: `SHOW ${what}${like}${where} LIMIT ${limit}` }), path, place);
  const fits = ({ name }: DatabaseObject): boolean => name.toLowerCase().includes(pattern.toLowerCase());
  const [database, schema] = names.length > 0 ? names : [place.database, place.schema];
  if (database === undefined) return objects(await show('DATABASES', ''), 'database', []).filter(fits);
  const within =
    schema === undefined ? ` IN DATABASE ${quoted(database)}` : ` IN SCHEMA ${quoted(database)}.${quoted(schema)}`;
  const found =
    names.length === 1
      ? objects(await show('SCHEMAS', within), 'schema', ['database_name'])
      : objects(await show('OBJECTS', within), 'table', inSchema);
  return found.filter(fits);
}

const inSchema = ['database_name', 'schema_name'];

/**
 * Columns of a table or view; names that are left out are those of the session.
 * @throws PassportError DP-OBJECT-UNKNOWN
 */
export async function describeObject(ask: Ask, place: Place, path: readonly string[]): Promise<ObjectDescription> {
  const [name, schema = place.schema, database = place.database] = path.toReversed();
  if (name === undefined || schema === undefined || database === undefined || path.length > 3)
    throw unknown(path, place);
  const where = `${quoted(meant(database))}.${quoted(meant(schema))}`;
  // LIKE knows no case, so the exact name is looked for among the few that it finds.
  const like = literal(containing(name).slice(1, -1));
  const found = await known(ask({ text: `SHOW OBJECTS LIKE ${like} IN SCHEMA ${where}` }), path, place);
  const all = objects(found, 'table', inSchema);
  const object = all.find((each) => each.name === name) ?? all.find((each) => each.name === meant(name));
  if (!object) throw unknown(path, place);
  const table = await known(ask({ text: `DESCRIBE TABLE ${where}.${quoted(object.name)}` }), path, place);
  const field = reader(table);
  return {
    qualifiedName: object.qualifiedName,
    kind: object.kind,
    comment: object.comment,
    columns: table.rows.map((row) => ({
      name: field(row, 'name'),
      type: field(row, 'type').toLowerCase(),
      nullable: field(row, 'null?') !== 'N',
      comment: field(row, 'comment') || undefined,
    })),
  };
}

function objects(table: Table, kind: string, containers: readonly string[]): DatabaseObject[] {
  const field = reader(table);
  return table.rows.map((row) => {
    const name = field(row, 'name');
    const parts = [...containers.map((container) => field(row, container)).filter((each) => each !== ''), name];
    return {
      name,
      qualifiedName: parts.map(identifier).join('.'),
      // SHOW SCHEMAS and SHOW DATABASES have a column of that name for something else.
      kind: kind === 'table' ? field(row, 'kind').toLowerCase() || kind : kind,
      comment: field(row, 'comment') || undefined,
    };
  });
}

function reader(table: Table): (row: readonly Cell[], name: string) => string {
  return (row, name) => {
    const value = row[table.column(name)];
    return value === undefined || value === null ? '' : String(value);
  };
}

/** A container that does not exist and one that may not be seen are told apart by nobody. */
async function known(table: Promise<Table>, path: readonly string[], place: Place): Promise<Table> {
  try {
    return await table;
  } catch (error) {
    if (error instanceof PassportError && error.code === 'DP-DATABASE-PERMISSION') throw unknown(path, place, error);
    throw error;
  }
}

function unknown(path: readonly string[], { connection }: Place, cause?: unknown): PassportError {
  return new PassportError('DP-OBJECT-UNKNOWN', { connection, name: path.join('.') || '(no name)' }, { cause });
}
