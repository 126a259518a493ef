import { fixturePrompts, fixtureResources } from './fixtureContent.ts';
import { fixtureTools, refusal } from './fixtureTools.ts';
import {
  type FixtureCall,
  type FixtureTool,
  type Params,
  type Revision,
  RpcError,
  since,
  type ToolResult,
} from './fixtureTypes.ts';

/** A call of a tool, and what became of it. */
export interface FixtureToolCall {
  readonly tool: string;
  readonly user: string;
  readonly args: Params;
  readonly state: 'running' | 'done' | 'failed' | 'aborted';
}

export type FixtureChange = 'tools' | { readonly resource: string };

/** Levers of everything that is no matter of HTTP. */
export interface FixtureLevers {
  /** Calls of tools so far, oldest first. */
  readonly calls: readonly FixtureToolCall[];
  /** How often a tool was called. */
  executions(tool: string): number;
  /** Resolves when a call of this tool is in this state. */
  untilCall(tool: string, state: FixtureToolCall['state']): Promise<FixtureToolCall>;
  /** Has every waiting call of `slow` answer now. */
  finishSlow(text?: string): void;
  /** Gives a tool another description and tells every client that the list has changed. */
  describeAs(tool: string, description: string): void;
  addTool(tool: FixtureTool): void;
  removeTool(tool: string): void;
  /** Lists come in pages of this many items from now on. */
  setPageSize(items: number): void;
  /** Tells whoever subscribed to a resource that it has changed. */
  touchResource(uri: string): void;
}

export interface Fixture extends FixtureLevers {
  readonly revision: Revision;
  readonly info: { readonly name: string; readonly version: string };
  readonly instructions: string;
  readonly capabilities: Readonly<Record<string, Params>>;
  /** Methods that it answers. */
  readonly methods: readonly string[];
  /** @throws RpcError for what the protocol itself refuses */
  answer(method: string, params: Params, call: FixtureCall): Promise<Params>;
  onChange(listener: (change: FixtureChange) => void): void;
}

/** The one server that the lab has for every revision: what it offers, and a record of what was asked of it. */
export function createFixture(revision: Revision): Fixture {
  const waitingForSlow = new Set<(text: string) => void>();
  const tools = new Map(fixtureTools(waitingForSlow).map((tool) => [tool.name, tool]));
  const listeners = new Set<(change: FixtureChange) => void>();
  const calls: FixtureToolCall[] = [];
  const watchers = new Set<() => void>();
  let pageSize = Number.POSITIVE_INFINITY;

  const tell = (change: FixtureChange): void => {
    for (const listener of listeners) listener(change);
  };

  function record(tool: string, args: Params, user: string): (state: FixtureToolCall['state']) => void {
    const call: { -readonly [Key in keyof FixtureToolCall]: FixtureToolCall[Key] } = {
      tool,
      user,
      args,
      state: 'running',
    };
    calls.push(call);
    const become = (state: FixtureToolCall['state']): void => {
      call.state = state;
      for (const look of watchers) look();
    };
    become('running');
    return become;
  }

  async function run(params: Params, call: FixtureCall): Promise<ToolResult> {
    const { name, arguments: args = {} } = params as { name: string; arguments?: Params };
    const tool = tools.get(name);
    if (!tool) throw new RpcError(-32602, `Tool ${name} not found`);
    const become = record(name, args, call.user);
    call.signal.addEventListener('abort', () => become('aborted'), { once: true });
    const missing = (tool.inputSchema.required ?? []).filter((key) => args[key] === undefined);
    try {
      const result = missing.length > 0 ? refusal(`Missing: ${missing.join(', ')}`) : await tool.run(args, call);
      if (!call.signal.aborted) become(result.isError === true ? 'failed' : 'done');
      return result;
    } catch (error) {
      if (!call.signal.aborted) become('failed');
      throw error;
    }
  }

  function page(key: string, items: readonly object[], { cursor }: Params): Params {
    const start = cursor === undefined ? 0 : Number(cursor);
    if (!Number.isInteger(start) || start < 0 || start > items.length) throw new RpcError(-32602, 'Invalid cursor');
    const end = start + pageSize;
    return { [key]: items.slice(start, end), ...(end < items.length && { nextCursor: String(end) }) };
  }

  const content = { ...fixtureResources(), ...fixturePrompts() };
  const handlers: Record<string, (params: Params, call: FixtureCall) => Params | Promise<Params>> = {
    'tools/list': (params) =>
      page(
        'tools',
        [...tools.values()].map((tool) => definition(tool, revision)),
        params,
      ),
    'tools/call': async (params, call) => shown(await run(params, call), revision),
    'resources/list': (params) => page('resources', content.resources, params),
    'resources/templates/list': (params) => page('resourceTemplates', content.templates, params),
    'resources/read': ({ uri }, { user }) => content.read(String(uri), user),
    'resources/subscribe': ({ uri }, { subscriptions }) => (subscriptions?.add(String(uri)), {}),
    'resources/unsubscribe': ({ uri }, { subscriptions }) => (subscriptions?.delete(String(uri)), {}),
    'prompts/list': (params) => page('prompts', content.prompts, params),
    'prompts/get': (params) => content.prompt(params),
    ...(since(revision, '2025-03-26') && { 'completion/complete': (params: Params) => content.complete(params) }),
  };

  return {
    revision,
    info: { name: 'lab', version: '1.0.0' },
    instructions: 'A server of the lab.',
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      ...(since(revision, '2025-03-26') && { completions: {} }),
    },
    methods: Object.keys(handlers),
    async answer(method, params, call) {
      const handler = handlers[method];
      if (!handler) throw new RpcError(-32601, 'Method not found');
      return handler(params, call);
    },
    onChange: (listener) => void listeners.add(listener),
    calls,
    executions: (tool) => calls.filter((call) => call.tool === tool).length,
    untilCall: (tool, state) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = calls.find((call) => call.tool === tool && call.state === state);
          if (!found) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    finishSlow(text = 'finished') {
      for (const finish of waitingForSlow) finish(text);
      waitingForSlow.clear();
    },
    describeAs(name, description) {
      const tool = tools.get(name);
      if (!tool) throw new Error(`There is no tool ${name}`);
      tools.set(name, { ...tool, description });
      tell('tools');
    },
    addTool(tool) {
      tools.set(tool.name, tool);
      tell('tools');
    },
    removeTool(name) {
      tools.delete(name);
      tell('tools');
    },
    setPageSize(items) {
      pageSize = items;
    },
    touchResource: (resource) => tell({ resource }),
  };
}

function definition(tool: FixtureTool, revision: Revision): object {
  const { name, description, inputSchema, outputSchema, title, annotations } = tool;
  return {
    name,
    description,
    inputSchema,
    ...(annotations && since(revision, '2025-03-26') && { annotations }),
    ...(title !== undefined && since(revision, '2025-06-18') && { title }),
    ...(outputSchema && since(revision, '2025-06-18') && { outputSchema }),
  };
}

function shown({ structuredContent, ...result }: ToolResult, revision: Revision): Params {
  return { ...result, ...(structuredContent && since(revision, '2025-06-18') && { structuredContent }) };
}
