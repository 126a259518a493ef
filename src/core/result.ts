/** A database value in JSON: exact or not at all. What JSON numbers can not hold exactly is the database's own text. */
export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  /** The database's own name of the type, lower case. */
  readonly type: string;
}

/** Rows of a running statement, in the order the database gives them. Leaving the iteration early cancels the rest. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly batches: AsyncIterable<readonly (readonly Cell[])[]>;
}

/** Who the other side says we are. */
export interface Identity {
  readonly user: string;
  readonly role?: string | undefined;
  /** More that the database tells, such as warehouse or database; names in camelCase. */
  readonly details: Readonly<Record<string, string | null>>;
}

/** What a database offers its user for a setting such as `role`. */
export interface Offer {
  readonly current?: string | undefined;
  readonly values: readonly string[];
}

/** A table, view, schema or database as `list_objects` shows it. */
export interface DatabaseObject {
  readonly name: string;
  /** Name that a query can use, quoted where needed. */
  readonly qualifiedName: string;
  readonly kind: string;
  readonly comment?: string | undefined;
}

export interface ObjectDescription {
  readonly qualifiedName: string;
  readonly kind: string;
  readonly comment?: string | undefined;
  readonly columns: readonly ColumnDescription[];
}

export interface ColumnDescription {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly comment?: string | undefined;
}

/** Upper bounds of one result; cut results say so. */
export interface Limits {
  readonly rows: number;
  /** Characters of one cell. */
  readonly cellLength: number;
  /** Bytes of all rows as JSON. */
  readonly bytes: number;
  /** Seconds that a statement may run. */
  readonly seconds: number;
}
