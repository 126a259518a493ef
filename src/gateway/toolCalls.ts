import type { CallToolResult } from '@modelcontextprotocol/server';
import type * as z from 'zod/mini';

import type { DatabaseSession, QueryOptions } from '../connectors/connector.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import { type Configured, type ConnectionTable, digest } from './connectionTable.ts';
import { faultFacts } from './faultFence.ts';
import type { Pool } from './pool.ts';
import { currentCaller, queryTag, requestContext } from './requestContext.ts';
import { withinLimit } from './timeLimit.ts';
import { failed, SignInNeeded } from './toolErrors.ts';
import type { Toolbox } from './tools/index.ts';
import type { Output, Tool } from './tools/tool.ts';

/** Key in `_meta` of an answer. */
const PAGE_FACTS = 'data-passport/page';

/** How a use of a connection went. */
export interface Use {
  readonly connection: string;
  readonly identity?: Identity | undefined;
  readonly error?: PassportError | undefined;
}

export interface ToolCallPorts {
  readonly toolbox: Toolbox;
  readonly connections: ConnectionTable;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly onUse: (use: Use) => void;
}

export interface ToolRequest {
  readonly id: string | number;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
  /** Id of the one connection that this endpoint serves, if it serves one. */
  readonly only?: string | undefined;
  readonly signal: AbortSignal;
}

/** Runs tools: arguments, guard, session, bounds, time limit, audit line. */
export interface ToolCalls {
  /**
   * Answers every failure as an `isError` result.
   * @throws SignInNeeded for the caller to turn into a sign-in card
   * @throws the signal's reason when it aborts
   */
  call(request: ToolRequest): Promise<CallToolResult>;
}

export function toolCalls(ports: ToolCallPorts): ToolCalls {
  const { toolbox, connections, pool, clock, log, redact, onUse } = ports;

  function connectionOf(args: Readonly<Record<string, unknown>>, only: string | undefined): Configured {
    if (only !== undefined) return connections.get(only);
    const { connection } = args;
    const all = connections.offered();
    if (typeof connection === 'string') return connections.forAgent(connection);
    if (connection === undefined && all.length === 1 && all[0]) return all[0];
    const problem = connection === undefined ? 'it is missing; list_connections names the ids' : 'it is not a string';
    throw new PassportError('DP-ARGUMENT-INVALID', { argument: 'connection', problem });
  }

  /** One piece of work in a session of the caller. */
  function inSession<T>(job: Job, work: SessionWork<T>): Promise<T> {
    const { connection, signal, tag } = job;
    const { limits, subject } = connection.wire;
    const user = { connection, subject: currentCaller().subject ?? subject ?? '', signal };
    return withinLimit(pool, user, (session, ended) => {
      job.identity = session.identity;
      return work(session, { signal: ended, maxRows: limits.rows, seconds: limits.seconds, tag });
    });
  }

  async function run(entry: Tool, request: ToolRequest, job: Partial<Job>): Promise<Output> {
    const connection = connectionOf(request.arguments, request.only);
    const begun = Object.assign(job, { connection, signal: request.signal, tag: queryTag(request.meta) }) as Job;
    const args = checked(entry.input, request.arguments, request.only === undefined);
    begun.statement = entry.statement?.(args);
    entry.check?.(args, connection);
    return entry.run({
      arguments: args,
      connection,
      withSession: (work) => inSession(begun, work),
      elapsedMs: () => Math.round(clock.now() - begun.startedAt),
      tellPage: (facts) => (begun.forPage = facts),
    });
  }

  /** Never a statement, never a value: what ran is known by its hash. */
  function audit(request: ToolRequest, job: Partial<Job>, outcome: { code: string; output?: Output }): void {
    const { connection, statement, startedAt = 0 } = job;
    const rows = outcome.output?.['rowCount'];
    const { subject } = currentCaller();
    log.info('tool call', {
      tool: request.name,
      connection: connection?.wire.id,
      outcome: outcome.code,
      rows: typeof rows === 'number' ? rows : undefined,
      ms: Math.round(clock.now() - startedAt),
      statement: statement === undefined ? undefined : digest(statement),
      principal: subject === undefined ? connection?.principal : digest(subject),
    });
  }

  async function answer(request: ToolRequest): Promise<CallToolResult> {
    const job: Partial<Job> = { startedAt: clock.now() };
    const overview = request.only === undefined ? toolbox.overviews.get(request.name) : undefined;
    const entry = toolbox.tools.get(request.name);
    try {
      if (!overview && !entry) {
        throw new PassportError('DP-ARGUMENT-INVALID', { argument: 'name', problem: 'there is no such tool' });
      }
      const output = overview ? overview.list(connections.offered()) : await run(entry as Tool, request, job);
      audit(request, job, { code: 'ok', output });
      if (job.connection && job.identity) onUse({ connection: job.connection.wire.id, identity: job.identity });
      return {
        content: [{ type: 'text', text: JSON.stringify(output) }],
        structuredContent: output,
        ...(job.forPage && { _meta: { [PAGE_FACTS]: job.forPage } }),
      };
    } catch (thrown) {
      const error = asPassportError(request.signal.aborted ? canceled(request.signal, job) : thrown);
      audit(request, job, { code: error.code });
      if (error.code === 'DP-INTERNAL') log.error('a tool failed', { tool: request.name, ...faultFacts(thrown) });
      if (job.connection) onUse({ connection: job.connection.wire.id, error });
      if (error instanceof SignInNeeded) throw error;
      return failed(error, redact);
    }
  }

  return {
    call: (request) =>
      requestContext.run({ caller: currentCaller(), request: request.id, signal: request.signal }, () =>
        answer(request),
      ),
  };
}

interface Job {
  readonly startedAt: number;
  readonly connection: Configured;
  readonly signal: AbortSignal;
  readonly tag: string;
  identity?: Identity;
  statement?: string | undefined;
  /** What the page beside the answer is told. */
  forPage?: Output;
}

type SessionWork<T> = (session: DatabaseSession, options: QueryOptions) => Promise<T>;

/** An aborted call: the reason when it is one of ours, else canceled by whoever called. */
function canceled(signal: AbortSignal, { connection }: Partial<Job>): PassportError {
  if (signal.reason instanceof PassportError) return signal.reason;
  return new PassportError('DP-QUERY-CANCELED', { connection: connection?.wire.id ?? '' });
}

function checked(input: z.ZodMiniType, given: Readonly<Record<string, unknown>>, named: boolean): unknown {
  const { connection: _, ...own } = given;
  const parsed = input.safeParse(named ? own : given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const argument = unknown ?? issue?.path.join('.') ?? '';
  const problem = unknown === undefined ? plain(issue?.message ?? 'wrong') : 'there is no such argument';
  throw new PassportError('DP-ARGUMENT-INVALID', { argument: argument.slice(0, 100), problem });
}

/** zod's sentence without its end, to stand in ours. */
function plain(message: string): string {
  return message.replace(/\.$/, '');
}
