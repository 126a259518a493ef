import { hasUnseen, placeholder } from '../text.ts';

/**
 * Names that are refused as they are (https://docs.snowflake.com/en/sql-reference/reserved-keywords), as far as somebody may call
 * an object so.
 */
const RESERVED: ReadonlySet<string> = new Set(
  `ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE
  CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM FULL GRANT GROUP
  GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT LIKE LOCALTIME LOCALTIMESTAMP MINUS
  NATURAL NOT NULL OF ON OR ORDER ORGANIZATION QUALIFY REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SCHEMA SELECT SET SOME START TABLE
  TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHENEVER WHERE WITH`.split(
    /\s+/,
  ),
);

/**
 * An identifier as settings name it: without quotes where it needs none, so that it means what it means in the settings
 * (https://docs.snowflake.com/en/sql-reference/identifiers-syntax). What can not be seen has no spelling in one, so such a name is
 * left to the reader.
 */
export function identifier(name: string): string {
  if (hasUnseen(name)) return placeholder('name with characters that can not be shown');
  if (/^[A-Za-z_][A-Za-z0-9_$]*$/.test(name))
    return RESERVED.has(name.toUpperCase()) ? `"${name.toUpperCase()}"` : name;
  return `"${name.replaceAll('"', '""')}"`;
}

/** The name as the catalog has it, for parameters that take a name as text. */
export function catalogName(name: string): string {
  if (hasUnseen(name)) return placeholder('name with characters that can not be shown');
  return /^[A-Za-z_][A-Za-z0-9_$]*$/.test(name) ? name.toUpperCase() : name;
}

const ESCAPES: Readonly<Record<string, string>> = { "'": "''", '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A string constant in single quotes (https://docs.snowflake.com/en/sql-reference/data-types-text#escape-sequences-in-single-quoted-string-constants). */
export function literal(value: string): string {
  const body = value.replaceAll(
    /['\\]|[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (found) => ESCAPES[found] ?? String.raw`\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${body}'`;
}
