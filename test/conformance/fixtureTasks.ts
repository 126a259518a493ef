import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { CLIENT_CAPABILITIES_META_KEY, type InputRequest } from '@modelcontextprotocol/server';

import { contentOf, elicit, nameForm } from './fixtureQuestions.ts';
import { type Params, said, type Tool } from './fixtureTools.ts';

export const TASKS = 'io.modelcontextprotocol/tasks';

/** A message of the tasks extension (SEP-2663), which the official SDK knows nothing of, and what it is answered with. */
export interface TaskAnswer {
  readonly status: number;
  readonly message: object;
}

export interface Tasks {
  /** For the list of tools, and for clients that do not know tasks. */
  readonly tools: readonly Tool[];
  /** Undefined for a message that is not about tasks. */
  answer(message: unknown, headers: IncomingHttpHeaders): TaskAnswer | undefined;
  close(): void;
}

/** What a task comes to. */
type Outcome = { readonly result: object } | { readonly error: object };

interface Task {
  readonly id: string;
  readonly createdAt: string;
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  inputRequests: Record<string, InputRequest>;
  outcome?: Outcome;
  timer?: NodeJS.Timeout;
}

/** Fails a request. */
class Refused extends Error {
  readonly error: object;
  readonly status: number;

  constructor(error: object, status = 200) {
    super('refused');
    this.error = error;
    this.status = status;
  }
}

/** Milliseconds that stand for a second, so that nobody waits for long. */
const SECOND = 100;
const missing = new Refused(
  {
    code: -32021,
    message: 'Missing required client capability',
    data: { requiredCapabilities: { extensions: { [TASKS]: {} } } },
  },
  400,
);
const done = { resultType: 'complete' };
const confirm = elicit('Are you sure?', { type: 'object', properties: { confirm: { type: 'boolean' } } });

export function fixtureTasks(): Tasks {
  const tasks = new Map<string, Task>();

  function create(outcome: Outcome, { seconds = 0, inputRequests = {} }: TaskWish = {}): object {
    const status = Object.keys(inputRequests).length === 0 ? 'working' : 'input_required';
    const task: Task = { id: randomUUID(), createdAt: new Date().toISOString(), status, inputRequests, outcome };
    tasks.set(task.id, task);
    if (status === 'working') finish(task, seconds);
    return { ...envelope({ ...task, status: 'working' }), resultType: 'task' };
  }

  function finish(task: Task, seconds: number): void {
    task.status = 'working';
    task.timer = setTimeout(() => {
      task.status = task.outcome && 'error' in task.outcome ? 'failed' : 'completed';
    }, seconds * SECOND);
  }

  const makers: Readonly<Record<string, (args: Params, params: Params) => object | undefined>> = {
    slow_compute: ({ seconds }) => create({ result: said('Computed.') }, { seconds: Number(seconds) }),
    failing_job: () => create({ result: { ...said('The job failed.'), isError: true } }),
    protocol_error_job: () => create({ error: { code: -32603, message: 'Internal error' } }),
    confirm_delete: () => create({ result: said('Deleted.') }, { inputRequests: { [randomUUID()]: confirm } }),
    multi_input: () =>
      create({ result: said('Both came.') }, { inputRequests: { [randomUUID()]: confirm, [randomUUID()]: confirm } }),
    // Asks as any tool does before it becomes a task.
    test_tool_with_task(_args, { inputResponses = {} }) {
      const name = contentOf((inputResponses as Params)['user_name'])?.['name'];
      if (typeof name === 'string') return create({ result: said(`Hello, ${name}!`) });
      const inputRequests = { user_name: elicit('What is your name?', nameForm) };
      return { resultType: 'input_required', inputRequests, requestState: 'asked' };
    },
  };

  function named({ taskId }: Params, headers: IncomingHttpHeaders): Task {
    const header = headers['mcp-name'];
    if (header !== undefined && header !== taskId)
      throw new Refused({ code: -32020, message: 'Mcp-Name names another task' }, 400);
    const task = tasks.get(String(taskId));
    if (!task) throw new Refused({ code: -32602, message: 'Unknown task' });
    return task;
  }

  const methods: Readonly<Record<string, (task: Task, params: Params) => object>> = {
    'tasks/get': (task) => ({ ...envelope(task), ...detail(task), ...done }),
    'tasks/update'(task, { inputResponses = {} }) {
      const open = Object.entries(task.inputRequests).filter(([key]) => !Object.hasOwn(inputResponses as object, key));
      task.inputRequests = Object.fromEntries(open);
      if (task.status === 'input_required' && open.length === 0) finish(task, 0);
      return done;
    },
    'tasks/cancel'(task) {
      clearTimeout(task.timer);
      if (task.status === 'working' || task.status === 'input_required') task.status = 'cancelled';
      return done;
    },
  };

  function resultOf(method: string, params: Params, headers: IncomingHttpHeaders): object | undefined {
    const act = methods[method];
    const make = method === 'tools/call' ? makers[String(params['name'])] : undefined;
    if (!act && !make) return undefined;
    if (!knowsTasks(params)) {
      if (act || params['name'] === 'failing_job') throw missing;
      return undefined;
    }
    return act ? act(named(params, headers), params) : make?.((params['arguments'] ?? {}) as Params, params);
  }

  return {
    tools: [
      {
        name: 'greet',
        description: 'Greets, and is no task.',
        input: { type: 'object', properties: { name: { type: 'string' } } },
        run: ({ name }) => said(`Hello, ${String(name)}!`),
      },
      ...Object.keys(makers).map((name) => ({
        name,
        description: 'Becomes a task.',
        run: () => said('It is done without a task.'),
      })),
    ],
    answer(message, headers) {
      const { id, method, params = {} } = (message ?? {}) as { id?: unknown; method?: unknown; params?: Params };
      try {
        const result = resultOf(String(method), params, headers);
        return result && { status: 200, message: { jsonrpc: '2.0', id, result } };
      } catch (refused) {
        if (!(refused instanceof Refused)) throw refused;
        return { status: refused.status, message: { jsonrpc: '2.0', id, error: refused.error } };
      }
    },
    close() {
      for (const { timer } of tasks.values()) clearTimeout(timer);
    },
  };
}

interface TaskWish {
  readonly seconds?: number;
  /** What the client has to answer first. */
  readonly inputRequests?: Record<string, InputRequest>;
}

function envelope({ id, status, createdAt }: Task): object {
  return { taskId: id, status, createdAt, lastUpdatedAt: new Date().toISOString(), ttlMs: 60_000, pollIntervalMs: 50 };
}

function detail({ status, inputRequests, outcome }: Task): object {
  if (status === 'input_required') return { inputRequests };
  return status === 'completed' || status === 'failed' ? { ...outcome } : {};
}

function knowsTasks({ _meta: meta }: Params): boolean {
  const able = ((meta ?? {}) as Params)[CLIENT_CAPABILITIES_META_KEY] as { extensions?: object } | undefined;
  return Object.hasOwn(able?.extensions ?? {}, TASKS);
}
