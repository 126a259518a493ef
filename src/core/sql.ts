/** The SQL dialects that statements can be checked in. A new one is a name here and an entry in the guard's table. */
export type SqlDialect = 'postgresql' | 'snowflake';
