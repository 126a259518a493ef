import * as z from 'zod/mini';

import { listConnections, whoami } from './identity.ts';
import { objectTools } from './objects.ts';
import { type Guard, queryTools } from './query.ts';
import { type Overview, record, text, type Tool } from './tool.ts';

/** How tools name their connection: always, only where there are several, or not at all. */
export type ConnectionArgument = 'required' | 'optional' | 'absent';

/** What a list of tools depends on. */
export interface ListKind {
  readonly argument: ConnectionArgument;
  /** Whether the client shows pages. */
  readonly pages: boolean;
  /** Whom the one connection runs as, and with which role; absent where there are several. */
  readonly runsAs?: string | undefined;
}

export interface Toolbox {
  readonly overviews: ReadonlyMap<string, Overview>;
  readonly tools: ReadonlyMap<string, Tool>;
  /** The `tools` of a tools/list answer; built once for each kind of list. */
  definitions(kind: ListKind): readonly ToolDefinition[];
}

export interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: { readonly type: 'object'; readonly [key: string]: unknown };
  readonly outputSchema?: { readonly type: 'object'; readonly [key: string]: unknown };
  readonly annotations: {
    readonly readOnlyHint: true;
    readonly destructiveHint: false;
    readonly idempotentHint: boolean;
    readonly openWorldHint: false;
  };
  readonly _meta?: { readonly ui: { readonly resourceUri: string } | { readonly visibility: readonly ['app'] } };
}

export function toolbox(guard: Guard): Toolbox {
  const overviews = [listConnections];
  const tools = [whoami, ...objectTools, ...queryTools(guard)];
  const built = new Map<string, readonly ToolDefinition[]>();
  /** People come and go, and each makes lists of their own: those of the last few are kept. */
  const keep = (key: string, list: readonly ToolDefinition[]): void => {
    if (built.size >= MOST_LISTS) built.clear();
    built.set(key, list);
  };
  const build = (argument: ConnectionArgument, pages: boolean): readonly ToolDefinition[] => [
    ...(argument === 'absent' ? [] : overviews.map((entry) => definition(entry, { type: 'object' }))),
    ...tools
      .filter(({ forPages }) => pages || !forPages)
      .map((entry) => (entry.forPages ? pageTool(entry) : definition(entry, inputSchema(entry, argument)))),
  ];
  return {
    overviews: new Map(overviews.map((entry) => [entry.name, entry])),
    tools: new Map(tools.map((entry) => [entry.name, entry])),
    definitions({ argument, pages, runsAs = SOMEBODY }) {
      const key = JSON.stringify([argument, pages, runsAs]);
      const known = built.get(key);
      if (known) return known;
      const told = build(argument, pages).map((each) => runningAs(each, runsAs));
      const list = pages ? told : told.map(withoutPage);
      keep(key, list);
      return list;
    },
  };
}

const MOST_LISTS = 50;

/** Where nobody in particular can be named. */
const SOMEBODY = 'the signed-in user';

function runningAs(definition: ToolDefinition, who: string): ToolDefinition {
  return { ...definition, description: definition.description.replace(SOMEBODY, who) };
}

/** Clients check errors against the output schema as well, so that nothing is required of it. */
const error = record({ 'code?': text, 'message?': text, 'fix?': text });

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

/** The page knows what it takes and gives: nobody else reads it. */
function pageTool({ name, title, description, idempotent }: Tool): ToolDefinition {
  return {
    name,
    title,
    description,
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: idempotent, openWorldHint: false },
    _meta: { ui: { visibility: ['app'] } },
  };
}

function withoutPage(definition: ToolDefinition): ToolDefinition {
  const { _meta: _, ...rest } = definition;
  return rest;
}

function inputSchema(entry: Tool, argument: ConnectionArgument): ToolDefinition['inputSchema'] {
  // That nothing else is taken shows in the answer: in each definition it would cost every request of every agent.
  const { $schema: _, additionalProperties: _strict, ...own } = z.toJSONSchema(entry.input, { io: 'input' });
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
