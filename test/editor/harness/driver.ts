import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type * as vscode from 'vscode';

import {
  endpointVariable,
  lineReader,
  scriptedVendor,
  type DriverMessage,
  type TestMessage,
} from '../driver/protocol.ts';
import { scriptedModel, type ScriptedModel } from './scriptedModel.ts';

export interface ToolInfo {
  readonly name: string;
  readonly description: string;
}

/** The extension host of one open window. */
export interface EditorWindow {
  /**
   * Runs a function inside the extension host. It is sent as text: it sees its arguments and nothing of its surroundings,
   * and what it returns must fit into JSON.
   *
   * When the signal aborts, the function's token is cancelled; what it then does decides the outcome.
   *
   * @throws Error with the name and message of what was thrown there
   */
  evaluate<A, R>(
    body: (api: typeof vscode, argument: A, token: vscode.CancellationToken) => R | PromiseLike<R>,
    argument: A,
    signal?: AbortSignal,
  ): Promise<R>;
  executeCommand<R = unknown>(id: string, ...args: readonly unknown[]): Promise<R>;
  /** Tools that the editor offers to agents now. */
  tools(): Promise<ToolInfo[]>;
  /** Starts an extension's MCP server (`<publisher.name>/<label>`, or `*` for all) and waits for a tool whose name matches. */
  startMcpServer(id: string, tool: RegExp, milliseconds?: number): Promise<string>;
  /** Calls a tool outside of chat, as extensions do: nothing is asked. The signal becomes the editor's cancellation. */
  invokeTool(name: string, input: object, signal?: AbortSignal): Promise<string>;
  getSession(
    providerId: string,
    scopes: readonly string[],
    options: vscode.AuthenticationGetSessionOptions,
  ): Promise<vscode.AuthenticationSession | undefined>;
  setting(name: string): Promise<unknown>;
  updateSetting(name: string, value: unknown): Promise<void>;
  /** Sends a message to the agent in the chat view, with the scripted model. Returns before the answer is there. */
  askAgent(query: string): Promise<void>;
}

export interface Driver {
  /** What the editor's environment needs so that the driver extension finds this test. */
  readonly env: Readonly<Record<string, string>>;
  readonly model: ScriptedModel;
  /** The nth window that connected, waiting for it; reloads count as new windows. */
  window(index?: number, milliseconds?: number): Promise<EditorWindow>;
  close(): Promise<void>;
}

/** Listens for the driver extension of the editors that a test starts. */
export async function startDriver(): Promise<Driver> {
  const key = randomBytes(16).toString('hex');
  const windows: EditorWindow[] = [];
  const sockets = new Set<Socket>();
  const model = scriptedModel();

  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = connectionOver(socket);
    socket.on(
      'data',
      lineReader((line) => {
        const message = line as DriverMessage;
        if (message.type === 'hello') {
          if (message.key === key) windows.push(windowOver(connection));
          else socket.destroy();
        } else if (message.type === 'model') {
          connection.send({ type: 'answer', id: message.id, parts: model.answer(message.request) });
        } else connection.settle(message);
      }),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      connection.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    env: { [endpointVariable]: `${port}:${key}` },
    model,
    window: (index = 0, milliseconds = 60_000) =>
      until(() => windows[index], milliseconds, `Window ${index} did not connect (${windows.length} did).`),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Asks again and again until there is an answer other than undefined. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  milliseconds: number,
  otherwise: string | (() => string),
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(typeof otherwise === 'string' ? otherwise : otherwise());
    await delay(50);
  }
}

interface Connection {
  send(message: TestMessage): void;
  evaluate(source: string, argument: unknown, signal?: AbortSignal): Promise<unknown>;
  settle(message: Extract<DriverMessage, { type: 'result' | 'failure' }>): void;
  end(): void;
}

function connectionOver(socket: Socket): Connection {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  const send = (message: TestMessage): void => {
    socket.write(`${JSON.stringify(message)}\n`);
  };
  return {
    send,
    async evaluate(source, argument, signal) {
      signal?.throwIfAborted();
      if (socket.destroyed) throw new Error('The window is gone.');
      last += 1;
      const id = last;
      const result = Promise.withResolvers<unknown>();
      waiting.set(id, result);
      const cancel = (): void => send({ type: 'cancel', id });
      signal?.addEventListener('abort', cancel, { once: true });
      send({ type: 'evaluate', id, source, argument });
      try {
        return await result.promise;
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
    settle(message) {
      const result = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.type === 'result') result?.resolve(message.value);
      else result?.reject(Object.assign(new Error(message.message), { name: message.name }));
    },
    end() {
      for (const { reject } of waiting.values()) reject(new Error('The window is gone.'));
      waiting.clear();
    },
  };
}

function windowOver(connection: Connection): EditorWindow {
  const evaluate: EditorWindow['evaluate'] = async <A, R>(
    body: (api: typeof vscode, argument: A, token: vscode.CancellationToken) => R | PromiseLike<R>,
    argument: A,
    signal?: AbortSignal,
  ) => (await connection.evaluate(body.toString(), argument, signal)) as R;

  const tools: EditorWindow['tools'] = () =>
    evaluate((api) => api.lm.tools.map(({ name, description }) => ({ name, description })), undefined);
  const executeCommand: EditorWindow['executeCommand'] = <R>(id: string, ...args: readonly unknown[]) =>
    evaluate((api, argument) => api.commands.executeCommand<R>(argument.id, ...argument.args), { id, args });

  return {
    evaluate,
    executeCommand,
    tools,
    async startMcpServer(id, tool, milliseconds = 20_000) {
      const present: string[] = [];
      // A server that was registered just now is not known yet: the editor's own list lags half a second.
      return until(
        async () => {
          await executeCommand('workbench.mcp.startServer', id, { waitForLiveTools: true });
          present.splice(0, present.length, ...(await tools()).map((info) => info.name));
          return present.find((name) => tool.test(name));
        },
        milliseconds,
        () => `No tool matches ${tool}. There are: ${present.join(', ')}`,
      );
    },
    invokeTool: (name, input, signal) =>
      evaluate(
        async (api, argument, token) => {
          const { content } = await api.lm.invokeTool(
            argument.name,
            { input: argument.input, toolInvocationToken: undefined },
            token,
          );
          return content
            .filter((part) => part instanceof api.LanguageModelTextPart)
            .map((part) => part.value)
            .join('\n');
        },
        { name, input },
        signal,
      ),
    getSession: (providerId, scopes, options) =>
      evaluate((api, [provider, asked, how]) => api.authentication.getSession(provider, asked, how), [
        providerId,
        scopes,
        options,
      ] as const),
    setting: (name) => evaluate((api, setting) => api.workspace.getConfiguration().get(setting), name),
    updateSetting: (name, value) =>
      evaluate(
        (api, argument) =>
          api.workspace.getConfiguration().update(argument.name, argument.value, api.ConfigurationTarget.Global),
        { name, value },
      ),
    async askAgent(query) {
      await executeCommand('workbench.action.chat.open', {
        query,
        mode: 'agent',
        modelSelector: { vendor: scriptedVendor },
      });
    },
  };
}
