import { escapeIdentifier, escapeLiteral } from 'pg';

import {
  type ColumnKind,
  labUsers,
  maskedEmail,
  sampleSchema,
  type SampleTable,
  sampleTables,
  type SampleValue,
  unmaskedRole,
} from '../sampleData.ts';

const types: Record<ColumnKind['kind'], string> = {
  integer: 'integer',
  text: 'text',
  date: 'date',
  timestamp: 'timestamp',
  json: 'jsonb',
  boolean: 'boolean',
  decimal: 'numeric',
};
/** Holds the real rows of tables with a masked column; nobody but the owner gets in. */
const vault = 'coffee_vault';
const grants = 'region_grants';

/** The roles of the lab: alice and bob log in, analyst and manager are groups to take with SET ROLE. */
export function rolesSql(): string {
  const groups = [...new Set(labUsers.flatMap((user) => user.roles))].map((role) => role.toLowerCase());
  return [
    ...groups.map((group) => `CREATE ROLE ${group} NOLOGIN;`),
    ...labUsers.map((user) => `CREATE ROLE ${user.name} LOGIN IN ROLE ${user.roles.join(', ').toLowerCase()};`),
  ].join('\n');
}

/**
 * The coffee company in schema `coffee`. A user sees the rows of their regions, whatever role they took (`session_user`), and
 * customers' e-mail addresses only as `manager`. Besides: `scratch`, which alice alone may write to, and things that look like
 * reading and write.
 */
export function schemaSql(): string {
  const everyone = labUsers.map((user) => user.name).join(', ');
  const groups = [...new Set(labUsers.flatMap((user) => user.roles))].join(', ').toLowerCase();
  return `
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE SCHEMA ${sampleSchema};
    CREATE SCHEMA ${vault};
    GRANT USAGE ON SCHEMA ${sampleSchema} TO ${groups};
    ${sampleTables.map(tableSql).join('\n')}
    ${sampleTables.map((table) => (masked(table) ? maskingViewSql(table) : filterSql(table))).join('\n')}
    ${sampleTables.map(commentsSql).join('\n')}
    CREATE TABLE ${sampleSchema}.scratch (note text NOT NULL, written_by text NOT NULL DEFAULT session_user);
    COMMENT ON TABLE ${sampleSchema}.scratch IS 'Notes; alice may write';
    CREATE SEQUENCE ${sampleSchema}.visits;
    CREATE FUNCTION ${sampleSchema}.remember(note text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN INSERT INTO ${sampleSchema}.scratch (note) VALUES (note); RETURN 1; END $$;
    CREATE FUNCTION ${sampleSchema}.count_visit() RETURNS bigint LANGUAGE sql AS
      $$ SELECT nextval('${sampleSchema}.visits') $$;
    CREATE VIEW ${sampleSchema}.harmless_report AS SELECT ${sampleSchema}.remember('written by a view') AS rows_written;
    COMMENT ON FUNCTION ${sampleSchema}.remember IS 'Looks like reading, writes to scratch';
    GRANT SELECT ON ALL TABLES IN SCHEMA ${sampleSchema} TO ${groups};
    GRANT INSERT, UPDATE, DELETE ON ${sampleSchema}.scratch TO alice;
    GRANT USAGE ON SEQUENCE ${sampleSchema}.visits TO ${everyone};
    ANALYZE;
  `;
}

function masked(table: SampleTable): boolean {
  return table.maskedColumns.length > 0;
}

function nameOf(table: SampleTable): string {
  return `${masked(table) ? vault : sampleSchema}.${table.name}`;
}

function tableSql(table: SampleTable): string {
  const columns = table.columns.map((column) => {
    const size = column.kind === 'decimal' ? `(${column.precision}, ${column.scale})` : '';
    return `${escapeIdentifier(column.name)} ${types[column.kind]}${size}${column.nullable ? '' : ' NOT NULL'}`;
  });
  const references = table.references.map(({ column, table: parent, target }) => {
    const found = sampleTables.find((each) => each.name === parent);
    if (!found) throw new Error(`${table.name} refers to ${parent}, which is no table`);
    return `FOREIGN KEY (${column}) REFERENCES ${nameOf(found)} (${target})`;
  });
  const parts = [...columns, `PRIMARY KEY (${table.primaryKey.join(', ')})`, ...references];
  const rows = table.rows.map((row) => `(${row.map(literal).join(', ')})`);
  return [
    `CREATE TABLE ${nameOf(table)} (${parts.join(', ')});`,
    `INSERT INTO ${nameOf(table)} VALUES ${rows.join(', ')};`,
  ].join('\n');
}

function commentsSql(table: SampleTable): string {
  const name = `${sampleSchema}.${table.name}`;
  return [
    `COMMENT ON ${masked(table) ? 'VIEW' : 'TABLE'} ${name} IS ${escapeLiteral(table.comment)};`,
    ...table.columns.map((column) => `COMMENT ON COLUMN ${name}.${column.name} IS ${escapeLiteral(column.comment)};`),
  ].join('\n');
}

/** `current_user` in a view is still the caller, while the rows are read as the view's owner. */
function maskingViewSql(table: SampleTable): string {
  const columns = table.columns.map(({ name }) =>
    table.maskedColumns.includes(name)
      ? `CASE WHEN current_user = '${unmaskedRole.toLowerCase()}' THEN ${name} ELSE '${maskedEmail}' END AS ${name}`
      : name,
  );
  const where = table.regionColumn === undefined ? 'true' : seesRegion(table.regionColumn);
  return `CREATE VIEW ${sampleSchema}.${table.name} WITH (security_barrier) AS
    SELECT ${columns.join(', ')} FROM ${nameOf(table)} WHERE ${where};`;
}

function filterSql(table: SampleTable): string {
  const own = table.name === grants ? 'user_name = session_user' : undefined;
  const filter = own ?? (table.regionColumn === undefined ? undefined : seesRegion(table.regionColumn));
  if (filter === undefined) return '';
  return `ALTER TABLE ${nameOf(table)} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_regions ON ${nameOf(table)} FOR SELECT USING (${filter});`;
}

function seesRegion(column: string): string {
  return `${column} IN (SELECT region FROM ${sampleSchema}.${grants} WHERE user_name = session_user)`;
}

function literal(value: SampleValue): string {
  return value === null ? 'NULL' : typeof value === 'string' ? escapeLiteral(value) : String(value);
}
