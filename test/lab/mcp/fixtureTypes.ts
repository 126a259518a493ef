/** Revisions of the protocol that the lab has servers for. */
export type Revision = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28';

export type Params = Readonly<Record<string, unknown>>;

/** What a client said it can do. */
export interface ClientAbilities {
  readonly elicitation?: { readonly form?: unknown; readonly url?: unknown } | undefined;
  readonly sampling?: unknown;
  readonly roots?: unknown;
}

/** One request, told alike by both generations of the SDK. */
export interface FixtureCall {
  /** Whose token came with this very request. */
  readonly user: string;
  readonly signal: AbortSignal;
  readonly revision: Revision;
  readonly abilities: ClientAbilities;
  readonly progressToken: string | number | undefined;
  /** Resources that this session wants to hear of; absent in revisions without sessions. */
  readonly subscriptions?: Set<string> | undefined;
  notify(method: string, params: Params): Promise<void>;
  log(level: 'debug' | 'info' | 'error', data: string): Promise<void>;
  /** Asks the client. In 2026-07-28 this ends the call, which comes again with the answer under the same key. */
  ask(key: string, method: string, params: Params): Promise<Params>;
}

export interface ToolResult {
  readonly content: readonly object[];
  readonly structuredContent?: Params;
  readonly isError?: boolean;
  readonly _meta?: Params;
}

export interface ObjectSchema {
  readonly type: 'object';
  readonly properties?: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

export interface FixtureTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: ObjectSchema;
  readonly outputSchema?: ObjectSchema;
  readonly annotations?: Params;
  /** What it throws is the error of the request. */
  run(args: Params, call: FixtureCall): ToolResult | Promise<ToolResult>;
}

/** Reaches the client as the error of its request. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** True where `revision` is this one or a later one. */
export function since(revision: Revision, first: Revision): boolean {
  // Revisions are dates.
  return revision >= first;
}
