import { mcpPlantings } from './mcpPlantings.ts';
import { finds } from './plantings.ts';

finds('At a remote MCP server', mcpPlantings);
