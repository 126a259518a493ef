import { connect } from 'node:net';
import { runInThisContext } from 'node:vm';

import * as vscode from 'vscode';

import {
  endpointVariable,
  lineReader,
  scriptedVendor,
  type DriverMessage,
  type ModelMessage,
  type ModelPart,
  type TestMessage,
} from './protocol.ts';

type Evaluated = (api: typeof vscode, argument: unknown, token: vscode.CancellationToken) => unknown;

/** Connects to the test that started this editor; does nothing anywhere else. */
export function activate(context: vscode.ExtensionContext): void {
  const [port, key = ''] = (process.env[endpointVariable] ?? '').split(':');
  if (!port) return;
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', (error) => console.error(`Test driver: ${error.message}`));
  context.subscriptions.push({ dispose: () => socket.destroy() });

  const send = (message: DriverMessage): void => {
    socket.write(`${JSON.stringify(message)}\n`);
  };
  const running = new Map<number, vscode.CancellationTokenSource>();
  const asked = new Map<number, (parts: readonly ModelPart[]) => void>();

  async function evaluate({ id, source, argument }: Extract<TestMessage, { type: 'evaluate' }>): Promise<void> {
    const cancellation = new vscode.CancellationTokenSource();
    running.set(id, cancellation);
    try {
      // The function was written in the test and has nothing but its arguments.
      const evaluated = runInThisContext(`(${source})`) as Evaluated;
      send({ type: 'result', id, value: plain(await evaluated(vscode, argument, cancellation.token)) });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      send({ type: 'failure', id, name, message });
    } finally {
      running.delete(id);
      cancellation.dispose();
    }
  }

  socket.on(
    'data',
    lineReader((line) => {
      const message = line as TestMessage;
      if (message.type === 'evaluate') void evaluate(message);
      else if (message.type === 'cancel') running.get(message.id)?.cancel();
      else asked.get(message.id)?.(message.parts);
    }),
  );
  socket.once('connect', () => send({ type: 'hello', key }));

  let requests = 0;
  const provider: vscode.LanguageModelChatProvider = {
    provideLanguageModelChatInformation: () => [scriptedModel],
    async provideLanguageModelChatResponse(_model, messages, options, progress) {
      requests += 1;
      const id = requests;
      const tools = (options.tools ?? []).map((tool) => tool.name);
      const parts = await new Promise<readonly ModelPart[]>((resolve) => {
        asked.set(id, resolve);
        send({ type: 'model', id, request: { messages: messages.map(modelMessage), tools } });
      });
      asked.delete(id);
      for (const part of parts) {
        if (part.type === 'text') progress.report(new vscode.LanguageModelTextPart(part.text));
        if (part.type === 'call') {
          progress.report(new vscode.LanguageModelToolCallPart(part.callId, part.name, part.input));
        }
      }
    },
    provideTokenCount: (_model, text) => Promise.resolve(typeof text === 'string' ? Math.ceil(text.length / 4) : 10),
  };
  context.subscriptions.push(vscode.lm.registerLanguageModelChatProvider(scriptedVendor, provider));
}

// Without `isUserSelectable`, which the typings lack, the chat never offers the model.
const scriptedModel: vscode.LanguageModelChatInformation & { readonly isUserSelectable: boolean } = {
  id: 'scripted',
  name: 'Scripted',
  family: 'scripted',
  version: '1',
  maxInputTokens: 200_000,
  maxOutputTokens: 20_000,
  capabilities: { toolCalling: true },
  isUserSelectable: true,
};

function modelMessage(message: vscode.LanguageModelChatRequestMessage): ModelMessage {
  const roles: Record<number, ModelMessage['role']> = {
    [vscode.LanguageModelChatMessageRole.User]: 'user',
    [vscode.LanguageModelChatMessageRole.Assistant]: 'assistant',
  };
  return { role: roles[message.role] ?? 'system', parts: message.content.map(modelPart) };
}

function modelPart(part: unknown): ModelPart {
  if (part instanceof vscode.LanguageModelTextPart) return { type: 'text', text: part.value };
  if (part instanceof vscode.LanguageModelToolCallPart) {
    return { type: 'call', callId: part.callId, name: part.name, input: part.input };
  }
  if (part instanceof vscode.LanguageModelToolResultPart) {
    const texts = part.content.filter((inner) => inner instanceof vscode.LanguageModelTextPart);
    return { type: 'result', callId: part.callId, text: texts.map((inner) => inner.value).join('\n') };
  }
  return { type: 'other' };
}

/** What JSON can carry of a result; commands may return anything. */
function plain(value: unknown): unknown {
  try {
    JSON.stringify(value);
    return value;
  } catch {
    return String(value);
  }
}
