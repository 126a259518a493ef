import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { ModelPart, ModelRequest } from '../driver/protocol.ts';

/** What the model says next: it calls the first tool whose name matches, or it talks. */
export type ScriptStep =
  | { readonly call: RegExp; readonly input: object }
  | { readonly text: string | ((results: readonly string[]) => string) };

export interface ScriptedModel {
  /** Replaces the script. One step an answer; after the last one the model has nothing to say. */
  script(steps: readonly ScriptStep[]): void;
  /** Everything that agents asked since the script was set, without the editor's own prompts for titles and the like. */
  readonly requests: readonly ModelRequest[];
  /** What the tools returned to this script's calls, in the order of the calls, once there are as many. */
  results(count: number, milliseconds?: number): Promise<string[]>;
  answer(request: ModelRequest): readonly ModelPart[];
}

/**
 * A language model that does as a test says.
 *
 * Its place in the script is the number of its own calls that the conversation holds results for, because the editor
 * sends the first request of a session twice.
 */
export function scriptedModel(): ScriptedModel {
  let steps: readonly ScriptStep[] = [];
  let mark = '';
  const requests: ModelRequest[] = [];

  function resultsIn(request: ModelRequest): string[] {
    const found = new Map<string, string>();
    for (const part of request.messages.flatMap((message) => message.parts)) {
      // The editor adds to the ids of calls.
      if (part.type === 'result' && mark && part.callId.startsWith(mark)) found.set(part.callId, part.text);
    }
    return [...found.values()];
  }

  return {
    requests,
    script(next) {
      steps = next;
      mark = `call-${randomBytes(4).toString('hex')}-`;
      requests.length = 0;
    },
    async results(count, milliseconds = 60_000) {
      const end = Date.now() + milliseconds;
      for (;;) {
        const found = requests.map(resultsIn).find((results) => results.length >= count);
        if (found) return found;
        if (Date.now() > end) {
          throw new Error(`The model got no ${count} tool results. Requests: ${JSON.stringify(requests).slice(-2000)}`);
        }
        await delay(50);
      }
    },
    answer(request) {
      // Prompts for titles and progress lines offer no tools.
      if (request.tools.length === 0) return [{ type: 'text', text: 'Working' }];
      requests.push(request);
      const results = resultsIn(request);
      const step = steps[results.length];
      if (!step) return [{ type: 'text', text: 'Nothing more.' }];
      if ('text' in step)
        return [{ type: 'text', text: typeof step.text === 'string' ? step.text : step.text(results) }];
      const name = request.tools.find((tool) => step.call.test(tool));
      if (!name) return [{ type: 'text', text: `No tool matches ${step.call}. On offer: ${request.tools.join(', ')}` }];
      return [{ type: 'call', callId: `${mark}${results.length}`, name, input: step.input }];
    },
  };
}
