import { AsyncLocalStorage } from 'node:async_hooks';

/** Who sent the HTTP request. In the editor there is one caller: whoever holds the key of this window. */
export interface Caller {
  /** Names the caller in session bindings and audit lines; never a secret. */
  readonly id: string;
  /** Subject that database sessions belong to, where the request itself says it (team server). */
  readonly subject?: string | undefined;
}

/** What code deep below a request may ask for without its being handed down. */
export interface RequestContext {
  readonly caller: Caller;
  /** JSON-RPC id, while a tool call runs. */
  readonly request?: string | number | undefined;
  /** Aborts when the call is canceled, its client is gone, or the gateway stops. */
  readonly signal?: AbortSignal | undefined;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** The caller of the running request. @throws Error outside of one: that is a fault of ours */
export function currentCaller(): Caller {
  const context = requestContext.getStore();
  if (!context) throw new Error('There is no request.');
  return context.caller;
}

const LONGEST_TAG_PART = 80;
const tagParts = [
  ['vscode.conversationId', 'conversation'],
  ['vscode.requestId', 'request'],
  ['traceparent', 'trace'],
] as const;

/**
 * Text that marks a statement in the database's own history, made from the `_meta` of a tool call.
 * Only letters, digits and `.:_-` of a value are kept, so it is harmless in a comment, a setting or a log.
 */
export function queryTag(meta: Readonly<Record<string, unknown>> | undefined): string {
  let tag = 'data-passport';
  for (const [key, name] of tagParts) {
    const value = meta?.[key];
    if (typeof value !== 'string') continue;
    const harmless = value.slice(0, LONGEST_TAG_PART).replace(/[^\w.:-]/g, '');
    if (harmless) tag += ` ${name}=${harmless}`;
  }
  return tag;
}
