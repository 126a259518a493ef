import * as z from 'zod/mini';

import type { DatabaseSession, QueryOptions } from '../../connectors/connector.ts';
import type { Configured } from '../connectionTable.ts';

/** Plain data that becomes `structuredContent`. */
export type Output = Readonly<Record<string, unknown>>;

/** What a tool's code may use. */
export interface ToolRun<Arguments> {
  readonly arguments: Arguments;
  readonly connection: Configured;
  /** Lends a database session of the user; `options` are the bounds of the connection. The work runs once. */
  withSession<T>(work: (session: DatabaseSession, options: QueryOptions) => Promise<T>): Promise<T>;
  /** Milliseconds since the call began, whole. */
  elapsedMs(): number;
  /** What only the page beside the answer has use for: it becomes `_meta`, which no model reads. */
  tellPage(facts: Output): void;
}

interface ToolFacts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Whether calling it again changes nothing and gives the same kind of answer. */
  readonly idempotent: boolean;
  /** Properties of a good answer as JSON schemas. An error has `error` instead, so that none of them is required. */
  readonly output: Readonly<Record<string, object>>;
  /** `ui://` address of the page that shows its answers, in clients that show pages. */
  readonly page?: string | undefined;
  /** Called by such a page alone: no model is told of it, and clients without pages are not. */
  readonly forPages?: boolean | undefined;
}

export interface Tool<Arguments = unknown> extends ToolFacts {
  readonly input: z.ZodMiniType<Arguments>;
  /** Refuses what must not reach a credential, a session or a driver. @throws PassportError */
  check?(args: Arguments, connection: Configured): void;
  run(run: ToolRun<Arguments>): Promise<Output>;
  /** The statement among the arguments, for its hash in the audit line. */
  statement?(args: Arguments): string;
}

/** A tool that speaks of all connections and of no database. */
export interface Overview extends ToolFacts {
  list(connections: readonly Configured[]): Output;
}

/** Seals a tool's own argument type before it enters the table. */
export function tool<Arguments>(entry: Tool<Arguments>): Tool {
  return entry;
}

/** A property with the words that the model reads. */
export function described<Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema {
  z.globalRegistry.add(schema, { description });
  return schema;
}

/** JSON schemas of what an answer holds. */
export const text = { type: 'string' } as const;
export const whole = { type: 'integer' } as const;
export const flag = { type: 'boolean' } as const;
export const listOf = (items: object): object => ({ type: 'array', items });
/** Properties whose name ends in `?` may be absent. */
export function record(properties: Readonly<Record<string, object>>): object {
  const required = Object.keys(properties).filter((name) => !name.endsWith('?'));
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name.replace('?', ''), schema])),
    ...(required.length > 0 && { required }),
  };
}

/** Names from the outermost inwards. */
export const path = (least: number, most: number): z.ZodMiniArray<z.ZodMiniString> =>
  z.array(z.string().check(z.minLength(1))).check(...(least > 0 ? [z.minLength(least)] : []), z.maxLength(most));
