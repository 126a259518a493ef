/**
 * Words that no unquoted identifier may be
 * (https://docs.snowflake.com/en/sql-reference/reserved-keywords).
 */
const reserved = new Set(
  `ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION CONSTRAINT CREATE CROSS CURRENT
  CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM
  FULL GRANT GROUP GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT LIKE LOCALTIME
  LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER ORGANIZATION QUALIFY REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SCHEMA
  SELECT SET SOME START TABLE TABLESAMPLE THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHENEVER
  WHERE WITH`.split(/\s+/),
);

/** An identifier for exactly this name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An identifier for exactly this name, quoted only where it has to be. */
export function identifier(name: string): string {
  return /^[A-Z_][A-Z0-9_$]*$/.test(name) && !reserved.has(name) ? name : quoted(name);
}

/** The name that someone means who writes `orders`: an unquoted identifier is upper case. Any other case is meant as it is. */
export function meant(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name.toUpperCase() : name;
}

/** A string constant. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * A LIKE pattern that finds every text with `part` in it, and perhaps some more: what would need escaping is any character here,
 * and the caller looks again.
 */
export function containing(part: string): string {
  return `%${part.replace(/[\\%_']/g, '_')}%`;
}
