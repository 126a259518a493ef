import type { Connector } from './connector.ts';
import { postgres } from './postgres.ts';
import { snowflake } from './snowflake.ts';

const all: readonly Connector[] = [postgres, snowflake];

/** Every kind of database, by the `type` of a connection. No prototype, so that a look-up finds nothing inherited. */
export const connectors: Readonly<Record<string, Connector>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, Connector>,
    Object.fromEntries(all.map((each) => [each.type, each])),
  ),
);
