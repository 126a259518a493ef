/** Grammars that the read-only guard knows. */
export type SqlDialect = 'postgresql' | 'snowflake';
