import type { McpConnector } from '../connector.ts';
import { databaseGateway } from './databaseGateway.ts';
import { genericMcp } from './generic.ts';
import { snowflakeMcp } from './snowflake.ts';
import { spcs } from './spcs.ts';
import { stdioMcp } from './stdio.ts';

/** Every preset of a remote MCP server. */
export const mcpConnectors: readonly McpConnector[] = [genericMcp, snowflakeMcp, spcs, databaseGateway, stdioMcp];
