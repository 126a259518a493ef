import { RpcError, type Params } from './fixtureTypes.ts';

export interface ResourceContent {
  readonly resources: readonly object[];
  readonly templates: readonly object[];
  /** @throws RpcError with -32002, as MCP has it, where there is no such resource */
  read(uri: string, user: string): Params;
}

export interface PromptContent {
  readonly prompts: readonly object[];
  prompt(params: Params): Params;
  complete(params: Params): Params;
}

/** A GIF of one pixel. */
const dot = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
const tables = ['customers', 'orders', 'products', 'regions'];

export function fixtureResources(): ResourceContent {
  return {
    resources: [
      { uri: 'note://today', name: 'today', description: 'Says whose token came.', mimeType: 'text/plain' },
      { uri: 'image://dot', name: 'dot', mimeType: 'image/gif' },
    ],
    templates: [{ uriTemplate: 'table://{table}', name: 'table', description: 'A table.', mimeType: 'text/plain' }],
    read(uri, user) {
      const text = (content: string): Params => ({ contents: [{ uri, mimeType: 'text/plain', text: content }] });
      if (uri === 'note://today') return text(`A note for ${user}`);
      if (uri === 'image://dot') return { contents: [{ uri, mimeType: 'image/gif', blob: dot }] };
      const table = /^table:\/\/(\w+)$/.exec(uri)?.[1];
      if (table !== undefined && tables.includes(table)) return text(`The table ${table}`);
      throw new RpcError(-32002, 'Resource not found', { uri });
    },
  };
}

export function fixturePrompts(): PromptContent {
  return {
    prompts: [
      {
        name: 'summarize',
        description: 'Summarizes a table.',
        arguments: [
          { name: 'table', description: 'Name of the table', required: true },
          { name: 'style', required: false },
        ],
      },
    ],
    prompt({ name, arguments: args = {} }) {
      const { table, style = 'short' } = args as Params;
      if (name !== 'summarize') throw new RpcError(-32602, `Prompt ${String(name)} not found`);
      if (typeof table !== 'string') throw new RpcError(-32602, 'Missing: table');
      const text = `Summarize the table ${table}, ${String(style)}.`;
      return { description: 'Summarizes a table.', messages: [{ role: 'user', content: { type: 'text', text } }] };
    },
    complete({ argument }) {
      const { name, value } = argument as { name: string; value: string };
      const values = name === 'table' ? tables.filter((table) => table.startsWith(value)) : [];
      return { completion: { values, total: values.length, hasMore: false } };
    },
  };
}
