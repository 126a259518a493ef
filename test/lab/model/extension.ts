import * as vscode from 'vscode';

import { nextStep, type Turn } from './rules.ts';

const vendor = 'data-passport-lab';

// Without `isUserSelectable`, which the typings lack, the chat never offers the model.
const model: vscode.LanguageModelChatInformation & { readonly isUserSelectable: boolean } = {
  id: 'lab-model',
  name: 'Rules, not AI',
  detail: 'Lab Model',
  tooltip: 'A small set of rules for trying Data Passport without an account. Not an AI; nothing leaves this machine.',
  family: 'lab-model',
  version: '1',
  maxInputTokens: 200_000,
  maxOutputTokens: 20_000,
  capabilities: { toolCalling: true },
  isUserSelectable: true,
};

/** `mcp_data_passport_query`, with a number behind the server's name where two servers have the same. */
const ourTool = /(?:^|_)data_passport\d*_(?<name>[a-z_]+)$/;

/** Offers the rules as a language model, and lays out the window for the demonstration. */
export function activate(context: vscode.ExtensionContext): void {
  let calls = 0;
  context.subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider(vendor, {
      provideLanguageModelChatInformation: () => [model],
      async provideLanguageModelChatResponse(_model, messages, options, progress) {
        const tools = new Map(
          (options.tools ?? []).flatMap(({ name }) => {
            const own = ourTool.exec(name)?.groups?.['name'];
            return own === undefined ? [] : [[own, name] as const];
          }),
        );
        // Prompts for titles and progress lines offer no tools at all.
        if ((options.tools ?? []).length === 0) {
          progress.report(new vscode.LanguageModelTextPart('Data Passport'));
          return;
        }
        const step = nextStep(turnOf(messages, new Set(tools.keys())));
        if (step.text) progress.report(new vscode.LanguageModelTextPart(step.text));
        if (!('call' in step)) return;
        const name = tools.get(step.call.tool);
        if (name === undefined) {
          progress.report(new vscode.LanguageModelTextPart(`The tool \`${step.call.tool}\` is not on offer here.`));
          return;
        }
        calls += 1;
        progress.report(new vscode.LanguageModelToolCallPart(`lab-${calls}`, name, step.call.input));
      },
      provideTokenCount: (_model, text) => Promise.resolve(typeof text === 'string' ? Math.ceil(text.length / 4) : 10),
    }),
  );
  context.subscriptions.push(vscode.commands.registerCommand('labModel.ask', ask));
  void layOut(context);
}

/** Types a question into the chat, or with none only opens it. */
async function ask(query?: string): Promise<void> {
  const how = { mode: 'agent', modelSelector: { vendor } };
  await vscode.commands.executeCommand('workbench.action.chat.open', query === undefined ? how : { ...how, query });
}

/** Shows the Data Passport view, what to try, and the chat, the first time that this browser opens the demonstration. */
async function layOut({ extension, globalState }: vscode.ExtensionContext): Promise<void> {
  if (globalState.get('laidOut') === true) return;
  await globalState.update('laidOut', true);
  await vscode.commands.executeCommand('workbench.view.extension.dataPassport');
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${extension.id}#try`, false);
  await ask();
}

/** What the person wrote last, and what the tools have returned since. */
function turnOf(messages: readonly vscode.LanguageModelChatRequestMessage[], tools: Turn['tools']): Turn {
  const written = messages.map(({ role, content }) =>
    role === vscode.LanguageModelChatMessageRole.User ? requestIn(textOf(content)) : undefined,
  );
  const at = written.findLastIndex((text) => text !== undefined);
  const parts: unknown[] = messages.slice(at + 1).flatMap(({ content }): readonly unknown[] => content);
  const results = new Map<string, string>();
  for (const part of parts) {
    if (part instanceof vscode.LanguageModelToolResultPart) results.set(part.callId, textOf(part.content));
  }
  return { message: written[at] ?? '', results: [...results.values()], tools };
}

function textOf(parts: Iterable<unknown>): string {
  return [...parts].flatMap((part) => (part instanceof vscode.LanguageModelTextPart ? [part.value] : [])).join('\n');
}

/** The agent wraps what a person wrote into a prompt of its own. */
function requestIn(prompt: string): string | undefined {
  const request = /<userRequest>(?<request>[\s\S]*?)<\/userRequest>/i.exec(prompt)?.groups?.['request'];
  return request?.trim();
}
