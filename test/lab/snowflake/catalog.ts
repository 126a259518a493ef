import { databaseName, managersOnly, schemaName } from './database.ts';
import { missingObject, syntaxError } from './errors.ts';
import { identifierName, quoteString, stringValue, tokenize, type Token } from './lexer.ts';
import type { Session } from './sessions.ts';

/** A statement about the catalog, as a query over the lab's metadata views. */
export interface CatalogQuery {
  /** For DuckDB, already translated. */
  readonly sql: string;
  /** The object that must exist, or the statement is refused. */
  readonly subject?: { readonly schema: string; readonly name: string };
}

const owner = `'SYSADMIN'::VARCHAR AS "owner"`;
const created = `TIMESTAMPTZ '2026-01-02 08:00:00+00' AS "created_on"`;
const empty = (...names: string[]): string => names.map((name) => `''::VARCHAR AS "${name}"`).join(', ');

interface Listing {
  readonly columns: string;
  readonly from: string;
  readonly nameColumn: string;
  readonly schemaColumn?: string;
}

const metaSchema = `${databaseName}._META`;
const tableColumns = (kind: string): string =>
  `${created}, TABLE_NAME AS "name", TABLE_CATALOG AS "database_name", TABLE_SCHEMA AS "schema_name", ${kind} AS "kind",
   coalesce(COMMENT, '') AS "comment", ${empty('cluster_by')}, ROW_COUNT AS "rows", BYTES AS "bytes", ${owner}, '1' AS "retention_time", 'ROLE' AS "owner_role_type"`;

const listings: Readonly<Record<string, Listing>> = {
  DATABASES: {
    columns: `${created}, NAME AS "name", 'N' AS "is_default", 'Y' AS "is_current", '' AS "origin", ${owner}, '' AS "comment", '' AS "options", '1' AS "retention_time", 'STANDARD' AS "kind"`,
    from: `(SELECT '${databaseName}' AS NAME)`,
    nameColumn: 'NAME',
  },
  SCHEMAS: {
    columns: `${created}, SCHEMA_NAME AS "name", 'N' AS "is_default", CASE WHEN SCHEMA_NAME = current_schema() THEN 'Y' ELSE 'N' END AS "is_current",
      CATALOG_NAME AS "database_name", coalesce(SCHEMA_OWNER, '') AS "owner", coalesce(COMMENT, '') AS "comment", '' AS "options", '1' AS "retention_time"`,
    from: `${metaSchema}.SCHEMATA`,
    nameColumn: 'SCHEMA_NAME',
  },
  TABLES: {
    columns: tableColumns(`'TABLE'`),
    from: `(SELECT * FROM ${metaSchema}.TABLES WHERE TABLE_TYPE = 'BASE TABLE')`,
    nameColumn: 'TABLE_NAME',
    schemaColumn: 'TABLE_SCHEMA',
  },
  VIEWS: {
    columns: `${created}, TABLE_NAME AS "name", '' AS "reserved", TABLE_CATALOG AS "database_name", TABLE_SCHEMA AS "schema_name", ${owner}, coalesce(COMMENT, '') AS "comment",
      '' AS "text", 'false' AS "is_secure", 'false' AS "is_materialized", 'ROLE' AS "owner_role_type"`,
    from: `${metaSchema}.VIEWS`,
    nameColumn: 'TABLE_NAME',
    schemaColumn: 'TABLE_SCHEMA',
  },
  OBJECTS: {
    columns: tableColumns(`CASE WHEN TABLE_TYPE = 'VIEW' THEN 'VIEW' ELSE 'TABLE' END`),
    from: `${metaSchema}.TABLES`,
    nameColumn: 'TABLE_NAME',
    schemaColumn: 'TABLE_SCHEMA',
  },
  COLUMNS: {
    columns: `TABLE_NAME AS "table_name", TABLE_SCHEMA AS "schema_name", COLUMN_NAME AS "column_name", json_object('type', DATA_TYPE, 'nullable', IS_NULLABLE = 'YES')::VARCHAR AS "data_type",
      CASE IS_NULLABLE WHEN 'YES' THEN 'true' ELSE 'NOT_NULL' END AS "null?", '' AS "default", 'COLUMN' AS "kind", '' AS "expression", coalesce(COMMENT, '') AS "comment", TABLE_CATALOG AS "database_name", '' AS "autoincrement"`,
    from: `(SELECT * FROM ${metaSchema}.COLUMNS ORDER BY TABLE_NAME, ORDINAL_POSITION)`,
    nameColumn: 'COLUMN_NAME',
    schemaColumn: 'TABLE_SCHEMA',
  },
  WAREHOUSES: {
    columns: `NAME AS "name", 'STARTED' AS "state", 'STANDARD' AS "type", 'X-Small' AS "size", ${owner}, '' AS "comment"`,
    from: `(SELECT 'COMPUTE_WH' AS NAME)`,
    nameColumn: 'NAME',
  },
  ROLES: {
    columns: `${created}, NAME AS "name", 'N' AS "is_default", CASE WHEN NAME = current_role() THEN 'Y' ELSE 'N' END AS "is_current", 'N' AS "is_inherited", ${owner}, '' AS "comment"`,
    from: `(SELECT unnest(['ANALYST', 'MANAGER', 'PUBLIC']) AS NAME)`,
    nameColumn: 'NAME',
  },
};

/** SHOW … [LIKE '…'] [IN …] [STARTS WITH '…'] [LIMIT n], with TERSE and HISTORY taken and ignored. */
export function showQuery(sql: string, session: Session): CatalogQuery {
  const words = significant(sql).slice(1);
  while (/^(?:terse|primary|external|dynamic)$/iu.test(words[0]?.text ?? '')) words.shift();
  const kind = words.shift()?.text.toUpperCase() ?? '<EOF>';
  const listing = listings[kind];
  if (listing === undefined) throw syntaxError(kind);
  const conditions: string[] = [];
  let scope: { schema?: string; table?: string } =
    listing.schemaColumn === undefined || session.schema === null ? {} : { schema: session.schema };
  let limit = 10_000;
  while (words.length > 0) {
    const clause = words.shift()?.text.toUpperCase();
    if (clause === 'HISTORY' || clause === ';') continue;
    if (clause === 'LIKE') conditions.push(`${listing.nameColumn} ILIKE ${literalOf(words.shift())}`);
    else if (clause === 'STARTS') {
      words.shift();
      conditions.push(`starts_with(${listing.nameColumn}, ${literalOf(words.shift())})`);
    } else if (clause === 'LIMIT') {
      limit = Number(words.shift()?.text);
      if (words[0]?.text.toUpperCase() === 'FROM') {
        words.shift();
        conditions.push(`${listing.nameColumn} > ${literalOf(words.shift())}`);
      }
    } else if (clause === 'IN') scope = scopeOf(words, kind);
    else throw syntaxError(clause ?? '<EOF>');
  }
  if (listing.schemaColumn !== undefined && scope.schema !== undefined) {
    conditions.push(`${listing.schemaColumn} = ${quoteString(scope.schema)}`);
  }
  if (scope.table !== undefined) conditions.push(`TABLE_NAME = ${quoteString(scope.table)}`);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const order = kind === 'COLUMNS' ? '' : ` ORDER BY ${listing.nameColumn}`;
  return {
    sql: `SELECT ${listing.columns} FROM ${listing.from}${where}${order} LIMIT ${limit}`,
    ...(scope.table !== undefined
      ? { subject: { schema: scope.schema ?? schemaName, name: scope.table } }
      : scope.schema !== undefined
        ? { subject: { schema: scope.schema, name: '' } }
        : {}),
  };
}

/** IN ACCOUNT, IN [DATABASE] lab, IN [SCHEMA] lab.coffee, IN TABLE orders. */
function scopeOf(words: Token[], kind: string): { schema?: string; table?: string } {
  const wanted = /^(?:account|database|schema|table|view)$/iu.test(words[0]?.text ?? '')
    ? words.shift()?.text.toUpperCase()
    : undefined;
  if (wanted === 'ACCOUNT') return {};
  const parts = takeName(words);
  const last = parts.at(-1);
  if (
    wanted === 'DATABASE' ||
    (wanted === undefined && parts.length === 1 && last === databaseName) ||
    kind === 'SCHEMAS'
  ) {
    if (last !== undefined && last !== databaseName) throw missingObject(last);
    return {};
  }
  if (last === undefined) return {};
  if (wanted === 'TABLE' || wanted === 'VIEW' || (wanted === undefined && kind === 'COLUMNS')) {
    const [table, schema] = parts.toReversed();
    return { ...(table === undefined ? {} : { table }), schema: schema ?? schemaName };
  }
  if (parts.length > 1 && parts[0] !== databaseName) throw missingObject(parts.join('.'));
  return { schema: last };
}

/** DESCRIBE TABLE | VIEW name. */
export function describeQuery(sql: string, session: Session): CatalogQuery {
  const words = significant(sql).slice(1);
  if (/^(?:table|view)$/iu.test(words[0]?.text ?? '')) words.shift();
  const [name = '', schema = session.schema ?? schemaName, database = databaseName] = takeName(words).toReversed();
  if (name === '') throw syntaxError('<EOF>');
  if (database !== databaseName) throw missingObject(`${database}.${schema}.${name}`);
  const type = `CASE DATA_TYPE WHEN 'NUMBER' THEN 'NUMBER(' || NUMERIC_PRECISION || ',' || NUMERIC_SCALE || ')' WHEN 'TEXT' THEN 'VARCHAR(16777216)' WHEN 'TIMESTAMP_NTZ' THEN 'TIMESTAMP_NTZ(9)' ELSE DATA_TYPE END`;
  return {
    sql: `SELECT COLUMN_NAME AS "name", ${type} AS "type", 'COLUMN' AS "kind", CASE IS_NULLABLE WHEN 'YES' THEN 'Y' ELSE 'N' END AS "null?",
      NULL::VARCHAR AS "default", CASE WHEN IS_KEY_ THEN 'Y' ELSE 'N' END AS "primary key", 'N' AS "unique key", NULL::VARCHAR AS "check", NULL::VARCHAR AS "expression",
      COMMENT AS "comment", NULL::VARCHAR AS "policy name", NULL::VARCHAR AS "privacy domain"
      FROM ${metaSchema}.COLUMNS WHERE TABLE_SCHEMA = ${quoteString(schema)} AND TABLE_NAME = ${quoteString(name)} ORDER BY ORDINAL_POSITION`,
    subject: { schema, name },
  };
}

export type ExplainFormat = 'TEXT' | 'JSON' | 'TABULAR';

/** EXPLAIN [USING format] statement; the plan itself is made up from the tables that the statement names. */
export function explainParts(sql: string): { format: ExplainFormat; statement: string } {
  const [, using, statement = ''] = /^\s*explain(?:\s+using\s+(\w+))?\s+([\s\S]*)$/iu.exec(sql) ?? [];
  const format = (using ?? 'TABULAR').toUpperCase();
  if (format !== 'TEXT' && format !== 'JSON' && format !== 'TABULAR') throw syntaxError(format);
  return { format, statement };
}

export function explainQuery(format: ExplainFormat, tables: readonly string[]): string {
  const operations = [
    { id: null, parent: null, operation: 'GlobalStats', objects: null },
    { id: 0, parent: null, operation: 'Result', objects: null },
    ...tables.map((table, index) => ({ id: index + 1, parent: 0, operation: 'TableScan', objects: table })),
  ];
  if (format === 'JSON') {
    const plan = {
      GlobalStats: { partitionsTotal: tables.length, partitionsAssigned: tables.length, bytesAssigned: 1024 },
      Operations: [operations.slice(1)],
    };
    return `SELECT ${quoteString(JSON.stringify(plan))} AS "content"`;
  }
  if (format === 'TEXT') {
    const lines = operations.map(({ operation, objects }, index) =>
      index === 0 ? `${operation}:` : `${'  '.repeat(index)}->${operation}  ${objects ?? ''}`.trimEnd(),
    );
    return `SELECT ${quoteString(lines.join('\n'))} AS "content"`;
  }
  const rows = operations.map(
    ({ id, parent, operation, objects }, index) =>
      `(${index === 0 ? 'NULL' : 1}, ${id ?? 'NULL'}, ${parent ?? 'NULL'}, '${operation}', ${objects === null ? 'NULL' : quoteString(objects)})`,
  );
  return `SELECT step::BIGINT AS "step", id::BIGINT AS "id", parent::BIGINT AS "parent", operation AS "operation", objects::VARCHAR AS "objects",
    NULL::VARCHAR AS "alias", NULL::VARCHAR AS "expressions", 1 AS "partitionsTotal", 1 AS "partitionsAssigned", 1024 AS "bytesAssigned"
    FROM (VALUES ${rows.join(', ')}) AS plan(step, id, parent, operation, objects)`;
}

/** Does the statement name something that this role must not know of? Any mention counts. */
export function forbiddenName(sql: string, session: Session): string | undefined {
  if (session.role === 'MANAGER') return undefined;
  const mentioned = tokenize(sql).some(
    ({ kind, text }) => (kind === 'word' || kind === 'quoted') && identifierName(text) === managersOnly,
  );
  return mentioned ? `${databaseName}.${schemaName}.${managersOnly}` : undefined;
}

/** Words and literals without spaces, and without a semicolon. */
export function significant(sql: string): Token[] {
  return tokenize(sql).filter(({ kind, text }) => kind !== 'space' && text !== ';');
}

function takeName(words: Token[]): string[] {
  const parts: string[] = [];
  while (words[0]?.kind === 'word' || words[0]?.kind === 'quoted') {
    if (parts.length > 0 && /^(?:like|starts|limit)$/iu.test(words[0].text)) break;
    parts.push(identifierName(words[0].text));
    words.shift();
    if (words[0]?.text !== '.') break;
    words.shift();
  }
  return parts;
}

function literalOf(token: Token | undefined): string {
  if (token?.kind !== 'string') throw syntaxError(token?.text ?? '<EOF>');
  return quoteString(stringValue(token.text));
}
