import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

import {
  maskedEmail,
  sampleDatabase,
  sampleSchema,
  sampleTables,
  unmaskedRole,
  type SampleColumn,
  type SampleTable,
  type SampleValue,
} from '../sampleData.ts';
import { zonedMicros, zonedMinutes } from './encoding.ts';
import { quoteString } from './lexer.ts';

export const databaseName = sampleDatabase;
export const schemaName = sampleSchema.toUpperCase();
export const publicSchema = 'PUBLIC';
/** The real table to write to; everything else in the schema is a view over rows that nobody can change. */
export const scratchTable = 'SCRATCH';
export const accountName = 'LAB_EU';
export const organizationName = 'COFFEE';
export const serverVersion = '10.38.1';

/** What a connection's SQL functions and row filters go by. */
export interface SqlContext {
  readonly user: string;
  readonly role: string;
  readonly availableRoles: readonly string[];
  readonly warehouse: string | null;
  readonly database: string | null;
  readonly schema: string | null;
  readonly sessionId: string;
  readonly client: string;
  readonly lastQueryId: string;
}

export interface Database {
  /** A connection of its own for each statement, so that statements of one session can run side by side. */
  connect(context: SqlContext): Promise<DuckDBConnection>;
  /** Unrestricted, for tests that look behind the curtain. */
  inspect(sql: string): Promise<Record<string, unknown>[]>;
  close(): void;
}

export async function createDatabase(): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const owner = await instance.connect();
  await owner.run(`ATTACH ':memory:' AS ${databaseName}; USE ${databaseName};`);
  await owner.run(
    `SET enable_external_access = false; SET TimeZone = 'UTC'; SET VARIABLE sf_user = ''; SET VARIABLE sf_role = '';`,
  );
  for (const schema of [schemaName, publicSchema, '_BASE', '_META', '_FUNCTIONS']) {
    await owner.run(`CREATE SCHEMA ${databaseName}.${schema}`);
  }
  await owner.run(
    `CREATE TABLE _BASE._OBJECTS (NAME VARCHAR, COMMENT VARCHAR, ROWS BIGINT);
     CREATE TABLE _BASE._COLUMNS (TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR, NULLABLE BOOLEAN, IS_KEY BOOLEAN, COMMENT VARCHAR);`,
  );
  for (const table of sampleTables) await loadRows(owner, table);
  for (const table of sampleTables) await createView(owner, table);
  await owner.run(
    `CREATE TABLE ${schemaName}.${scratchTable} (ID BIGINT, NOTE VARCHAR);
     CREATE VIEW ${schemaName}.MONTHLY_SALES AS
       SELECT date_trunc('month', ORDER_DATE)::DATE AS MONTH, REGION, count(*) AS ORDERS, sum(AMOUNT) AS AMOUNT
       FROM ${databaseName}.${schemaName}.ORDERS GROUP BY ALL;`,
  );
  for (const view of metadataViews) await owner.run(view);
  for (const [signature, body] of functions) await owner.run(`CREATE MACRO _FUNCTIONS.${signature} AS ${body}`);

  return {
    async connect(context) {
      const connection = await instance.connect();
      const variables: Record<string, string | null> = {
        sf_user: context.user,
        sf_role: context.role,
        sf_roles: JSON.stringify(context.availableRoles),
        sf_warehouse: context.warehouse,
        sf_database: context.database,
        sf_schema: context.schema,
        sf_session: context.sessionId,
        sf_client: context.client,
        sf_query: context.lastQueryId,
      };
      const path = [...(context.schema === null ? [] : [context.schema]), '_FUNCTIONS']
        .map((schema) => `${databaseName}.${schema}`)
        .join(',');
      await connection.run(
        [
          `SET search_path = ${quoteString(path)}`,
          ...Object.entries(variables).map(
            ([name, value]) => `SET VARIABLE ${name} = ${value === null ? 'NULL::VARCHAR' : quoteString(value)}`,
          ),
        ].join(';'),
      );
      return connection;
    },
    async inspect(sql) {
      return (await owner.runAndReadAll(sql)).getRowObjectsJson();
    },
    close() {
      owner.closeSync();
      instance.closeSync();
    },
  };
}

const duckTypes: Readonly<Record<Exclude<SampleColumn['kind'], 'decimal'>, string>> = {
  integer: 'BIGINT',
  text: 'VARCHAR',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  json: 'JSON',
  boolean: 'BOOLEAN',
};

async function loadRows(owner: DuckDBConnection, table: SampleTable): Promise<void> {
  const name = table.name.toUpperCase();
  const columns = upperColumns(table);
  const type = (column: SampleColumn): string =>
    column.kind === 'decimal' ? `DECIMAL(${column.precision},${column.scale})` : duckTypes[column.kind];
  await owner.run(`CREATE TABLE _BASE.${name} (${columns.map((each) => `"${each.name}" ${type(each)}`).join(', ')})`);
  await owner.run(
    `INSERT INTO _BASE.${name} VALUES ${table.rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}`,
  );
  const object = [name, table.comment, table.rows.length];
  await owner.run(`INSERT INTO _BASE._OBJECTS VALUES (${object.map(literal).join(', ')})`);
  for (const each of columns) {
    const isKey = table.primaryKey.some((key) => key.toUpperCase() === each.name);
    const row = [name, each.name, each.nullable, isKey, each.comment];
    await owner.run(`INSERT INTO _BASE._COLUMNS VALUES (${row.map(literal).join(', ')})`);
  }
}

/** What users see in place of the rows: row access and masking as policies would do them. */
async function createView(owner: DuckDBConnection, table: SampleTable): Promise<void> {
  const name = table.name.toUpperCase();
  const masked = new Set(table.maskedColumns.map((column) => column.toUpperCase()));
  const shown = upperColumns(table).map((each) =>
    masked.has(each.name)
      ? `CASE WHEN getvariable('sf_role')::VARCHAR = '${unmaskedRole}' THEN "${each.name}" ELSE '${maskedEmail}' END AS "${each.name}"`
      : `"${each.name}"`,
  );
  const filter =
    table.regionColumn === undefined
      ? ''
      : ` WHERE "${table.regionColumn.toUpperCase()}" IN (SELECT REGION FROM ${databaseName}._BASE.REGION_GRANTS WHERE upper(USER_NAME) = getvariable('sf_user')::VARCHAR)`;
  await owner.run(
    `CREATE VIEW ${schemaName}.${name} AS SELECT ${shown.join(', ')} FROM ${databaseName}._BASE.${name}${filter}`,
  );
}

function upperColumns(table: SampleTable): readonly SampleColumn[] {
  return table.columns.map((column) => Object.assign({}, column, { name: column.name.toUpperCase() }));
}

function literal(value: SampleValue): string {
  return typeof value === 'string' ? quoteString(value) : String(value).toUpperCase();
}

const shownSchema = String.raw`schema_name NOT LIKE '\_%' ESCAPE '\' AND schema_name NOT IN ('main', 'information_schema', 'pg_catalog')`;
const created = `TIMESTAMPTZ '2026-01-02 08:00:00+00'`;
/** For everyone but managers the grants do not exist; names only are hidden here, rows by the check of names. */
export const managersOnly = 'REGION_GRANTS';
const visible = `(o.name <> '${managersOnly}' OR getvariable('sf_role')::VARCHAR = '${unmaskedRole}')`;

/** INFORMATION_SCHEMA, as far as tools look into it. */
const metadataViews: readonly string[] = [
  `CREATE VIEW _META.SCHEMATA AS
     SELECT '${databaseName}' AS CATALOG_NAME, schema_name AS SCHEMA_NAME, 'SYSADMIN' AS SCHEMA_OWNER, ${created} AS CREATED,
       CASE schema_name WHEN '${schemaName}' THEN 'Sales of a coffee roastery' END AS COMMENT
     FROM duckdb_schemas() WHERE database_name = '${databaseName}' AND ${shownSchema}
     UNION ALL SELECT '${databaseName}', 'INFORMATION_SCHEMA', NULL, ${created}, 'Views describing the contents of schemas in this database'`,
  `CREATE VIEW _META.TABLES AS
     SELECT '${databaseName}' AS TABLE_CATALOG, o.schema_name AS TABLE_SCHEMA, o.name AS TABLE_NAME, 'SYSADMIN' AS TABLE_OWNER,
       CASE WHEN o.is_view AND b.NAME IS NULL THEN 'VIEW' ELSE 'BASE TABLE' END AS TABLE_TYPE, 'NO' AS IS_TRANSIENT,
       coalesce(b.ROWS, o.rows) AS ROW_COUNT, coalesce(b.ROWS, o.rows) * 64 AS BYTES, ${created} AS CREATED, ${created} AS LAST_ALTERED, b.COMMENT AS COMMENT
     FROM (
       SELECT database_name, schema_name, view_name AS name, true AS is_view, NULL AS rows FROM duckdb_views() WHERE NOT internal
       UNION ALL SELECT database_name, schema_name, table_name, false, estimated_size FROM duckdb_tables()
     ) o LEFT JOIN ${databaseName}._BASE._OBJECTS b ON b.NAME = o.name AND o.schema_name = '${schemaName}'
     WHERE o.database_name = '${databaseName}' AND ${shownSchema} AND ${visible}`,
  `CREATE VIEW _META.VIEWS AS
     SELECT TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, TABLE_OWNER, NULL::VARCHAR AS VIEW_DEFINITION, 'NO' AS IS_SECURE, CREATED, COMMENT
     FROM ${databaseName}._META.TABLES WHERE TABLE_TYPE = 'VIEW'`,
  `CREATE VIEW _META.COLUMNS AS
     SELECT '${databaseName}' AS TABLE_CATALOG, o.schema_name AS TABLE_SCHEMA, o.name AS TABLE_NAME, o.column_name AS COLUMN_NAME,
       o.column_index AS ORDINAL_POSITION, NULL::VARCHAR AS COLUMN_DEFAULT,
       CASE WHEN coalesce(b.NULLABLE, true) THEN 'YES' ELSE 'NO' END AS IS_NULLABLE,
       CASE WHEN o.data_type LIKE 'DECIMAL%' OR o.data_type IN ('BIGINT', 'HUGEINT', 'INTEGER') THEN 'NUMBER'
         WHEN o.data_type = 'VARCHAR' THEN 'TEXT' WHEN o.data_type = 'JSON' THEN 'VARIANT' WHEN o.data_type = 'DOUBLE' THEN 'FLOAT'
         WHEN o.data_type = 'TIMESTAMP' THEN 'TIMESTAMP_NTZ' WHEN o.data_type = 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP_LTZ'
         ELSE o.data_type END AS DATA_TYPE,
       CASE WHEN o.data_type = 'VARCHAR' THEN 16777216 END AS CHARACTER_MAXIMUM_LENGTH,
       CASE WHEN o.data_type LIKE 'DECIMAL%' THEN o.numeric_precision WHEN o.data_type IN ('BIGINT', 'HUGEINT', 'INTEGER') THEN 38 END AS NUMERIC_PRECISION,
       CASE WHEN o.data_type LIKE 'DECIMAL%' THEN o.numeric_scale WHEN o.data_type IN ('BIGINT', 'HUGEINT', 'INTEGER') THEN 0 END AS NUMERIC_SCALE,
       coalesce(b.IS_KEY, false) AS IS_KEY_, b.COMMENT AS COMMENT
     FROM (SELECT *, table_name AS name FROM duckdb_columns() WHERE NOT internal) o
     LEFT JOIN ${databaseName}._BASE._COLUMNS b ON b.TABLE_NAME = o.name AND b.COLUMN_NAME = o.column_name AND o.schema_name = '${schemaName}'
     WHERE o.database_name = '${databaseName}' AND ${shownSchema} AND ${visible}`,
];

const variable = (name: string): string => `getvariable('${name}')::VARCHAR`;
const offset = String.raw`coalesce(nullif(regexp_extract(x, '([+-]\d{2}):?(\d{2})$', 1), '')::INTEGER * 60 + nullif(regexp_extract(x, '([+-])\d{2}:?(\d{2})$', 1) || regexp_extract(x, '([+-])\d{2}:?(\d{2})$', 2), '')::INTEGER, 0)`;

/** Functions of the server that DuckDB lacks, or answers for itself. */
const functions: readonly (readonly [signature: string, body: string])[] = [
  ['current_user()', variable('sf_user')],
  ['current_role()', variable('sf_role')],
  ['current_available_roles()', variable('sf_roles')],
  ['current_secondary_roles()', `'{"roles":"","value":""}'`],
  ['current_warehouse()', variable('sf_warehouse')],
  ['current_database()', variable('sf_database')],
  ['current_schema()', variable('sf_schema')],
  ['current_schemas()', `'["' || ${variable('sf_database')} || '.' || ${variable('sf_schema')} || '"]'`],
  ['current_session()', variable('sf_session')],
  ['current_client()', variable('sf_client')],
  ['current_ip_address()', `'127.0.0.1'`],
  ['current_account()', `'LAB00001'`],
  ['current_account_name()', `'${accountName}'`],
  ['current_organization_name()', `'${organizationName}'`],
  ['current_region()', `'PUBLIC.AWS_EU_CENTRAL_1'`],
  ['current_version()', `'${serverVersion}'`],
  ['last_query_id()', variable('sf_query')],
  ['is_role_in_session(x)', `list_contains(CAST(${variable('sf_roles')} AS JSON)::VARCHAR[], x)`],
  ['iff(a, b, c)', 'CASE WHEN a THEN b ELSE c END'],
  ['nvl(a, b)', 'coalesce(a, b)'],
  ['nvl2(a, b, c)', 'CASE WHEN a IS NOT NULL THEN b ELSE c END'],
  ['zeroifnull(x)', 'coalesce(x, 0)'],
  ['nullifzero(x)', 'nullif(x, 0)'],
  ['div0(a, b)', 'CASE WHEN b = 0 THEN 0 ELSE a / b END'],
  ['to_date(x)', 'CAST(x AS DATE)'],
  ['to_time(x)', 'CAST(x AS TIME)'],
  ['to_timestamp_ntz(x)', 'CAST(x AS TIMESTAMP)'],
  ['to_timestamp_ltz(x)', 'CAST(x AS TIMESTAMPTZ)'],
  [
    'to_timestamp_tz(x)',
    `struct_pack(${zonedMicros} := epoch_us(CAST(regexp_replace(x, ' ([+-])', '\\1') AS TIMESTAMPTZ)), ${zonedMinutes} := ${offset})`,
  ],
  ['to_varchar(x)', 'CAST(x AS VARCHAR)'],
  ['to_char(x)', 'CAST(x AS VARCHAR)'],
  ['to_number(x)', 'CAST(x AS DECIMAL(38, 0))'],
  ['to_double(x)', 'CAST(x AS DOUBLE)'],
  ['to_boolean(x)', 'CAST(x AS BOOLEAN)'],
  ['try_to_number(x)', 'TRY_CAST(x AS DECIMAL(38, 0))'],
  ['to_binary(x, f)', 'unhex(x)'],
  ['to_variant(x)', 'to_json(x)'],
  ['parse_json(x)', 'CAST(x AS JSON)'],
  ['try_parse_json(x)', 'TRY_CAST(x AS JSON)'],
  ['array_size(x)', 'len(x)'],
  ['object_keys(x)', 'json_keys(x)'],
  ['startswith(a, b)', 'starts_with(a, b)'],
  ['endswith(a, b)', 'ends_with(a, b)'],
  ['uuid_string()', 'CAST(uuid() AS VARCHAR)'],
  [
    'dateadd(p, n, d)',
    `CASE p WHEN 'year' THEN d + to_years(n) WHEN 'quarter' THEN d + to_months(n * 3) WHEN 'month' THEN d + to_months(n) WHEN 'week' THEN d + to_days(n * 7)
       WHEN 'day' THEN d + to_days(n) WHEN 'hour' THEN d + to_hours(n) WHEN 'minute' THEN d + to_minutes(n) ELSE d + to_seconds(n) END`,
  ],
];
