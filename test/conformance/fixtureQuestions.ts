import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type GetPromptResult,
  type InputRequest,
  inputRequired,
  type InputRequiredResult,
  type ServerContext,
} from '@modelcontextprotocol/server';

import { type Outcome, type Params, said, type Tool } from './fixtureTools.ts';

/** Seals what a call has to remember between its rounds. One key for the process: each request has a server object of its own. */
export const states = createRequestStateCodec<Params>({ key: 'a key for tests, and for nothing else at all' });

/** JSON Schema of a form. */
function form(properties: Record<string, object>, required: readonly string[] = Object.keys(properties)): Params {
  return { type: 'object', properties, required };
}

export function elicit(message: string, requestedSchema: Params): InputRequest {
  return inputRequired.elicit({ message, requestedSchema: requestedSchema as never });
}

function sample(text: string, maxTokens = 100): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens,
  });
}

export const nameForm = form({ name: { type: 'string' } });
const askName = (): InputRequest => elicit('What is your name?', nameForm);

/** The content of an answer to a form that was accepted. */
export function contentOf(answer: unknown): Params | undefined {
  const { action, content } = (answer ?? {}) as { action?: unknown; content?: Params };
  return action === 'accept' ? content : undefined;
}

function answersOf({ mcpReq }: ServerContext): Params {
  return mcpReq.inputResponses ?? {};
}

/** A tool that asks one form and says what came. */
function asksForm(name: string, schema: Params, label = 'Elicitation completed: action'): Tool {
  return {
    name,
    description: 'Asks the user to fill in a form.',
    run(_args, context) {
      const { action, content } = (answersOf(context)['form'] ?? {}) as { action?: string; content?: Params };
      if (action === undefined)
        return inputRequired({ inputRequests: { form: elicit('Please fill this in', schema) } });
      return said(`${label}=${action}, content=${JSON.stringify(content ?? {})}`);
    },
  };
}

const defaults = form(
  {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
  [],
);

const titled = (noun: string): readonly object[] =>
  ['First', 'Second', 'Third'].map((which, index) => ({ const: `value${index + 1}`, title: `${which} ${noun}` }));
const options = ['option1', 'option2', 'option3'];
const enums = form(
  {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
  [],
);

/** Tools that ask the client before they answer: the SDK asks clients of the older revision with requests, and ends the call for the newer. */
export const askingTools: readonly Tool[] = [
  {
    name: 'test_sampling',
    description: 'Asks the language model of the client.',
    input: form({ prompt: { type: 'string' } }),
    run({ prompt }, context) {
      const answer = answersOf(context)['reply'];
      if (answer === undefined) return inputRequired({ inputRequests: { reply: sample(String(prompt)) } });
      return said(`LLM response: ${textIn(answer)}`);
    },
  },
  {
    name: 'test_elicitation',
    description: 'Asks the user.',
    input: form({ message: { type: 'string' } }),
    run({ message }, context) {
      const answer = answersOf(context)['reply'];
      const wanted = form({
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      });
      if (answer === undefined) return inputRequired({ inputRequests: { reply: elicit(String(message), wanted) } });
      return said(`User response: ${JSON.stringify(answer)}`);
    },
  },
  asksForm('test_elicitation_sep1034_defaults', defaults),
  asksForm('test_elicitation_sep1330_enums', enums),
  asksForm('test_streaming_elicitation', nameForm),
  {
    name: 'test_missing_capability',
    description: 'Needs the language model of the client.',
    run: () => inputRequired({ inputRequests: { reply: sample('Say anything') } }),
  },
  {
    name: 'test_input_required_result_elicitation',
    description: 'Greets the user by name.',
    run(_args, context) {
      const name = contentOf(answersOf(context)['user_name'])?.['name'];
      if (typeof name === 'string') return said(`Hello, ${name}!`);
      return inputRequired({ inputRequests: { user_name: askName() } });
    },
  },
  {
    name: 'test_input_required_result_sampling',
    description: 'Asks the language model for a capital.',
    run(_args, context) {
      const answer = answersOf(context)['capital_question'];
      if (answer !== undefined) return said(textIn(answer));
      return inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?') } });
    },
  },
  {
    name: 'test_input_required_result_list_roots',
    description: 'Lists the roots of the client.',
    run(_args, context) {
      const { roots } = (answersOf(context)['client_roots'] ?? {}) as { roots?: readonly { uri?: string }[] };
      if (roots) return said(`Roots: ${roots.map(({ uri }) => uri).join(', ')}`);
      return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
    },
  },
  { name: 'test_input_required_result_request_state', description: 'Remembers.', run: remembering },
  { name: 'test_input_required_result_tampered_state', description: 'Remembers as well.', run: remembering },
  { name: 'test_input_required_result_multiple_inputs', description: 'Asks three things at once.', run: askingAll },
  { name: 'test_input_required_result_multi_round', description: 'Asks twice.', run: askingTwice },
  { name: 'test_input_required_result_capabilities', description: 'Asks what the client can do.', run: askingAble },
];

/** The text of an answer of a language model. */
function textIn(answer: unknown): string {
  const { content } = answer as { content?: { text?: string } };
  return content?.text ?? '';
}

async function remembering(_args: Params, context: ServerContext): Promise<Outcome<CallToolResult>> {
  const state = context.mcpReq.requestState<Params>();
  const confirmed = contentOf(answersOf(context)['confirm']);
  if (state?.['for'] === 'confirm' && confirmed) return said('state-ok');
  return inputRequired({
    inputRequests: { confirm: elicit('Please confirm', form({ ok: { type: 'boolean' } })) },
    requestState: await states.mint({ for: 'confirm' }),
  });
}

async function askingAll(_args: Params, context: ServerContext): Promise<Outcome<CallToolResult>> {
  const { user_name: name, greeting, client_roots: roots } = answersOf(context);
  if (
    context.mcpReq.requestState() !== undefined &&
    name !== undefined &&
    greeting !== undefined &&
    roots !== undefined
  )
    return said(`${textIn(greeting)} ${JSON.stringify(contentOf(name))} ${JSON.stringify(roots)}`);
  return inputRequired({
    inputRequests: {
      user_name: askName(),
      greeting: sample('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    },
    requestState: await states.mint({ for: 'all' }),
  });
}

async function askingTwice(_args: Params, context: ServerContext): Promise<Outcome<CallToolResult>> {
  const { step1, step2 } = answersOf(context);
  const round = context.mcpReq.requestState<Params>()?.['round'];
  if (round === 2 && step2 !== undefined) return said(`You like ${JSON.stringify(contentOf(step2))}.`);
  const next = round === 1 && step1 !== undefined ? 2 : 1;
  const question =
    next === 1
      ? { step1: elicit('Step 1: What is your name?', nameForm) }
      : { step2: elicit('Step 2: What is your favorite color?', form({ color: { type: 'string' } })) };
  return inputRequired({ inputRequests: question, requestState: await states.mint({ round: next }) });
}

/** Asks nothing that the client did not say it answers. */
function askingAble(_args: Params, context: ServerContext): Outcome<CallToolResult> {
  const answers = answersOf(context);
  if (Object.keys(answers).length > 0) return said(`Answered: ${Object.keys(answers).join(', ')}`);
  const envelope: Params = context.mcpReq.envelope ?? {};
  const { elicitation, sampling, roots } = (envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Params;
  const inputRequests = {
    ...(elicitation !== undefined && { name: askName() }),
    ...(sampling !== undefined && { greeting: sample('Generate a greeting') }),
    ...(roots !== undefined && { roots: inputRequired.listRoots() }),
  };
  return Object.keys(inputRequests).length === 0 ? said('Nothing to ask.') : inputRequired({ inputRequests });
}

/** A prompt that asks before it answers. */
export function askingPrompt(context: ServerContext): GetPromptResult | InputRequiredResult {
  const given = contentOf(answersOf(context)['user_context'])?.['context'];
  if (typeof given !== 'string') {
    const question = elicit('What context should the prompt use?', form({ context: { type: 'string' } }));
    return inputRequired({ inputRequests: { user_context: question } });
  }
  return { messages: [{ role: 'user', content: { type: 'text', text: `In the context of ${given}` } }] };
}
