/**
 * A local MCP server, to be run as a program: `node test/lab/mcp/stdioServer.ts`. It says what it was given, never a secret itself.
 * It imports nothing of the lab, so that it starts fast.
 */
import { createHash } from 'node:crypto';

import { type CallToolResult, Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

type Arguments = Readonly<Record<string, unknown>>;

interface StdioTool {
  readonly description: string;
  readonly properties?: Record<string, Record<string, string>>;
  run(args: Arguments): unknown;
}

const { env } = process;

const tools: Readonly<Record<string, StdioTool>> = {
  whoami: {
    description: 'Says which token is in DP_TOKEN, by its SHA-256, and which process this is.',
    run: () => ({ sha256: env['DP_TOKEN'] === undefined ? null : sha256(env['DP_TOKEN']), pid: process.pid }),
  },
  environment: {
    description: 'Lists the names of environment variables.',
    run: () => Object.keys(env).toSorted(),
  },
  fetch_home: {
    description: 'Asks the address in DP_HOME for /me.',
    async run() {
      const response = await fetch(`${env['DP_HOME'] ?? ''}/me`);
      return { status: response.status, body: await response.text() };
    },
  },
  echo: {
    description: 'Says it again.',
    properties: { text: { type: 'string' } },
    run: ({ text }) => String(text),
  },
  complain: {
    description: 'Writes a line to standard error.',
    properties: { text: { type: 'string' } },
    run({ text }) {
      process.stderr.write(`${String(text)}\n`);
      return 'written';
    },
  },
  crash: {
    description: 'Ends the process with exit code 70, before it answers.',
    run: () => process.exit(70),
  },
};

serveStdio(() => {
  const server = new Server({ name: 'lab-stdio', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({
    tools: Object.entries(tools).map(([name, { description, properties = {} }]) => ({
      name,
      description,
      inputSchema: { type: 'object' as const, properties, required: Object.keys(properties) },
    })),
  }));
  server.setRequestHandler('tools/call', async ({ params }): Promise<CallToolResult> => {
    const tool = Object.hasOwn(tools, params.name) ? tools[params.name] : undefined;
    if (!tool) return { content: [{ type: 'text', text: `There is no tool ${params.name}` }], isError: true };
    try {
      const answer = await tool.run(params.arguments ?? {});
      return { content: [{ type: 'text', text: typeof answer === 'string' ? answer : JSON.stringify(answer) }] };
    } catch (error) {
      return { content: [{ type: 'text', text: error instanceof Error ? error.name : 'Error' }], isError: true };
    }
  });
  return server;
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
