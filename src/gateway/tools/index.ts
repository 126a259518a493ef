import * as z from 'zod/mini';

import { listConnections, whoami } from './identity.ts';
import { objectTools } from './objects.ts';
import { type Guard, queryTools } from './query.ts';
import { type Overview, record, text, type Tool } from './tool.ts';

/** How tools name their connection: always, only where there are several, or not at all. */
export type ConnectionArgument = 'required' | 'optional' | 'absent';

export interface Toolbox {
  readonly overviews: ReadonlyMap<string, Overview>;
  readonly tools: ReadonlyMap<string, Tool>;
  /** The `tools` of a tools/list answer; built once for each way to name a connection, with pages and without. */
  definitions(argument: ConnectionArgument, client: { readonly pages: boolean }): readonly ToolDefinition[];
}

export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [key: string]: unknown };
  readonly outputSchema: { readonly type: 'object'; readonly [key: string]: unknown };
  readonly annotations: {
    readonly readOnlyHint: true;
    readonly destructiveHint: false;
    readonly idempotentHint: boolean;
    readonly openWorldHint: false;
  };
  readonly _meta?: { readonly ui: { readonly resourceUri: string } };
}

export function toolbox(guard: Guard): Toolbox {
  const overviews = [listConnections];
  const tools = [whoami, ...objectTools, ...queryTools(guard)];
  const built = new Map<string, readonly ToolDefinition[]>();
  const build = (argument: ConnectionArgument): readonly ToolDefinition[] => [
    ...(argument === 'absent' ? [] : overviews.map((entry) => definition(entry, { type: 'object' }))),
    ...tools.map((entry) => definition(entry, inputSchema(entry, argument))),
  ];
  return {
    overviews: new Map(overviews.map((entry) => [entry.name, entry])),
    tools: new Map(tools.map((entry) => [entry.name, entry])),
    definitions(argument, { pages }) {
      const key = `${argument} ${pages}`;
      const known = built.get(key) ?? (pages ? build(argument) : build(argument).map(withoutPage));
      built.set(key, known);
      return known;
    },
  };
}

/** Clients check errors against the output schema as well, so that nothing else is required at its top. */
const error = record({ code: text, message: text, fix: text });

function definition(entry: Tool | Overview, input: ToolDefinition['inputSchema']): ToolDefinition {
  const { name, title, description, idempotent, output, page } = entry;
  return {
    name,
    title,
    description,
    inputSchema: input,
    outputSchema: { type: 'object', properties: { ...output, error } },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: idempotent, openWorldHint: false },
    ...(page !== undefined && { _meta: { ui: { resourceUri: page } } }),
  };
}

function withoutPage(definition: ToolDefinition): ToolDefinition {
  const { _meta: _, ...rest } = definition;
  return rest;
}

function inputSchema(entry: Tool, argument: ConnectionArgument): ToolDefinition['inputSchema'] {
  const { $schema: _, ...own } = z.toJSONSchema(entry.input, { io: 'input' });
  const { properties, required = [] } = own;
  const connection = {
    type: 'string',
    description: argument === 'required' ? 'Id from list_connections' : 'Optional: there is one',
  };
  return {
    ...own,
    type: 'object',
    properties: { ...(argument !== 'absent' && { connection }), ...properties },
    required: [...(argument === 'required' ? ['connection'] : []), ...required],
  };
}
