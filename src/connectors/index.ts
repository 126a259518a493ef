import type { Connector } from './connector.ts';
import { mcpConnectors } from './mcp/index.ts';
import { postgres } from './postgres.ts';
import { snowflake } from './snowflake.ts';

const all: readonly Connector[] = [postgres, snowflake, ...mcpConnectors];

/**
 * Every kind of connection, by the `type` of a connection, with its `preset` behind a slash where a type has several. No prototype,
 * so that a look-up finds nothing inherited.
 */
export const connectors: Readonly<Record<string, Connector>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, Connector>,
    Object.fromEntries(
      all.map((each) => [each.preset === undefined ? each.type : `${each.type}/${each.preset}`, each]),
    ),
  ),
);
