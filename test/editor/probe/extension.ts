import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import * as vscode from 'vscode';

const secretName = 'probe.secret';

/** One of everything that the harness must be able to drive. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const item = vscode.window.createStatusBarItem(vscode.StatusBarAlignment.Left);
  item.text = '$(key) probe ready';
  item.command = 'probe.greet';

  const server = mcpServer();
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
    vscode.authentication.registerAuthenticationProvider('probe', 'Probe Accounts', accounts()),
    vscode.lm.registerMcpServerDefinitionProvider('probe', {
      provideMcpServerDefinitions: () => [
        new vscode.McpHttpServerDefinition('Probe', vscode.Uri.parse(`http://127.0.0.1:${port}/mcp`), {}, '1'),
      ],
    }),
  );
  item.show();
}

/** Whoever asks is alice. */
function accounts(): vscode.AuthenticationProvider {
  const sessions: vscode.AuthenticationSession[] = [];
  const changed = new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>();
  return {
    onDidChangeSessions: changed.event,
    getSessions: () => Promise.resolve(sessions),
    createSession(scopes) {
      const session = { id: '1', accessToken: 'made up', account: { id: 'alice', label: 'alice' }, scopes };
      sessions.push(session);
      changed.fire({ added: [session], removed: [], changed: [] });
      return Promise.resolve(session);
    },
    removeSession: () => Promise.resolve(),
  };
}

interface Call {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly name?: string;
    readonly arguments?: { readonly name?: string };
  };
}

/** The least of an MCP server: a tool that greets, and one that wants its page to be opened before it answers. */
function mcpServer(): Server {
  const streams = new Set<ServerResponse>();
  let opened = false;
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/open-me') {
      opened = true;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Opened.</p>');
      const params = { elicitationId: 'page' };
      const complete = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params });
      for (const stream of streams) stream.write(`data: ${complete}\n\n`);
    } else if (request.method === 'GET') {
      streams.add(response);
      response.once('close', () => streams.delete(response));
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    } else {
      void bodyOf(request).then((text) => {
        const call = JSON.parse(text || '{}') as Call;
        if (call.id === undefined) return response.writeHead(202).end();
        const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/open-me`;
        const reply = { jsonrpc: '2.0', id: call.id, ...answer(call, opened ? undefined : page) };
        response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'probe' });
        return response.end(JSON.stringify(reply));
      });
    }
  });
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function answer({ method, params }: Call, pageToOpen: string | undefined): object {
  const say = (text: string): object => ({ result: { content: [{ type: 'text', text }] } });
  const tool = (name: string, description: string): object => ({
    name,
    description,
    inputSchema: { type: 'object', properties: { name: { type: 'string' } } },
    annotations: { readOnlyHint: true, openWorldHint: false },
  });
  switch (method ?? '') {
    case 'initialize':
      return {
        result: {
          protocolVersion: params?.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'probe', version: '1' },
        },
      };
    case 'tools/list':
      return { result: { tools: [tool('greet', 'Greets somebody.'), tool('vault', 'Tells a secret.')] } };
    case 'tools/call':
      if (params?.name === 'greet') return say(`Hello, ${params.arguments?.name}!`);
      if (pageToOpen === undefined) return say('The vault is open.');
      return {
        error: {
          code: -32_042,
          message: 'A page must be opened first.',
          data: { elicitations: [{ mode: 'url', elicitationId: 'page', url: pageToOpen, message: 'Open the page' }] },
        },
      };
    default:
      return { result: {} };
  }
}
