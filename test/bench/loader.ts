import { fork } from 'node:child_process';
import { once } from 'node:events';

import type { ClientConfig } from 'pg';
import type { ConnectionOptions } from 'snowflake-sdk';

import type { WireConnection, WireCredential } from '../../src/core/link.ts';
import type { McpPlace, ToolCall } from './mcp.ts';
import type { McpProgram } from './remote/ground.ts';

/** What can be loaded. */
export type Target =
  /** An MCP server, by a client with next to no work of its own. */
  | { readonly kind: 'raw'; readonly place: McpPlace; readonly call: ToolCall }
  /** An MCP server, by the client of the MCP SDK 1.32. */
  | { readonly kind: 'sdk'; readonly place: McpPlace; readonly call: ToolCall }
  /** The same with a program, which the load process starts. */
  | ({ readonly kind: 'program'; readonly call: ToolCall } & McpProgram)
  /** The bare drivers. */
  | { readonly kind: 'postgres'; readonly config: ClientConfig }
  | { readonly kind: 'snowflake'; readonly options: ConnectionOptions }
  /** Our connector without a gateway around it. */
  | { readonly kind: 'session'; readonly connection: WireConnection; readonly credential: WireCredential };

export interface LoadResult {
  readonly calls: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** To the first word of an answer that comes in parts, the median. */
  readonly first?: number | undefined;
}

/** How long a run lasts. */
export type Until =
  | { readonly milliseconds: number; readonly calls?: undefined }
  | { readonly calls: number; readonly milliseconds?: undefined };

export type LoadQuestion = { readonly id: number; readonly target: string; readonly callers: number } & (
  | { readonly type: 'open'; readonly with: Target }
  | { readonly type: 'run'; readonly until: Until }
  | { readonly type: 'close' }
);

/** What comes back: nothing for most questions. */
export interface Answered {
  readonly result?: LoadResult | undefined;
  /** Process of a program that was started. */
  readonly pid?: number | undefined;
}

export interface LoadAnswer extends Answered {
  readonly id: number;
  readonly error?: string;
}

/** The process that the load comes from. */
export interface Loader {
  /** @returns the process of a program that it started */
  open(name: string, callers: number, target: Target): Promise<number | undefined>;
  run(name: string, callers: number, until: Until): Promise<LoadResult>;
  close(name: string, callers: number): Promise<void>;
  end(): Promise<void>;
}

export function startLoader(): Loader {
  const child = fork(new URL('load.ts', import.meta.url), [], { serialization: 'advanced' });
  const waiting = new Map<number, PromiseWithResolvers<Answered>>();
  let last = 0;
  child.on('message', ({ id, error, ...answer }: LoadAnswer) => {
    if (error === undefined) waiting.get(id)?.resolve(answer);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('The load process has ended.'));
  });

  type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;
  async function ask(question: Unnumbered<LoadQuestion>): Promise<Answered> {
    last += 1;
    const answer = Promise.withResolvers<Answered>();
    waiting.set(last, answer);
    child.send({ ...question, id: last });
    try {
      return await answer.promise;
    } catch (error) {
      throw new Error(`${question.target}: ${error instanceof Error ? error.message : 'unknown'}`, { cause: error });
    }
  }

  return {
    open: async (target, callers, how) => (await ask({ type: 'open', target, callers, with: how })).pid,
    async run(target, callers, until) {
      const { result } = await ask({ type: 'run', target, callers, until });
      if (!result) throw new Error('A run without result.');
      return result;
    },
    close: async (target, callers) => void (await ask({ type: 'close', target, callers })),
    async end() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
