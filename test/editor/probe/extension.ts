import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import * as vscode from 'vscode';

const secretName = 'probe.secret';

/** One of everything that the harness must be able to drive. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const item = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left);
  item.text = '$(key) probe ready';
  item.command = 'probe.greet';

  const server = createServer((request, response) => {
    void answer(request).then((body) => {
      response.writeHead(body ? 200 : 202, { 'content-type': 'application/json' });
      response.end(body ? JSON.stringify(body) : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  context.subscriptions.push(
    item,
    { dispose: () => server.close() },
    vscode.commands.registerCommand('probe.greet', async () => {
      const chosen = await vscode.window.showInformationMessage('Hello from the probe', 'Fine', 'Not now');
      item.text = `$(key) probe ${chosen ?? 'dismissed'}`;
    }),
    vscode.commands.registerCommand('probe.choose', async () => {
      const chosen = await vscode.window.showQuickPick(['Apples', 'Pears'], { placeHolder: 'What?' });
      const why = await vscode.window.showInputBox({ prompt: 'Why?' });
      item.text = `$(key) ${chosen}: ${why}`;
    }),
    vscode.commands.registerCommand('probe.remember', async (value?: string) => {
      if (value !== undefined) await context.secrets.store(secretName, value);
      return context.secrets.get(secretName);
    }),
    vscode.commands.registerCommand('probe.open', () => {
      const page = vscode.workspace.getConfiguration().get<string>('probe.page', '');
      return vscode.env.openExternal(vscode.Uri.parse(page));
    }),
    vscode.lm.registerMcpServerDefinitionProvider('probe', {
      provideMcpServerDefinitions: () => [
        new vscode.McpHttpServerDefinition('Probe', vscode.Uri.parse(`http://127.0.0.1:${port}/mcp`), {}, '1'),
      ],
    }),
  );
  item.show();
}

interface Call {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly name?: string } };
}

/** The least of an MCP server: one tool, one JSON answer a request, nothing for notifications. */
async function answer(request: IncomingMessage): Promise<object | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.method !== 'POST') return undefined;
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as Call;
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'probe', version: '1' },
    },
    'tools/list': {
      tools: [
        {
          name: 'greet',
          description: 'Greets somebody.',
          inputSchema: { type: 'object', properties: { name: { type: 'string' } } },
          annotations: { readOnlyHint: true, openWorldHint: false },
        },
      ],
    },
    'tools/call': { content: [{ type: 'text', text: `Hello, ${params?.arguments?.name}!` }] },
  };
  if (id === undefined) return undefined;
  return { jsonrpc: '2.0', id, result: results[method ?? ''] ?? {} };
}
