import type { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';

export type RpcId = string | number;

/** A JSON-RPC message as it travels; members that we do not look into stay as they are. */
export interface RpcMessage {
  readonly jsonrpc: '2.0';
  readonly id?: RpcId | undefined;
  readonly method?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly result?: unknown;
  readonly error?: unknown;
}

export type RpcRequest = RpcMessage & { readonly id: RpcId; readonly method: string };

export function isRequest(message: RpcMessage): message is RpcRequest {
  return message.method !== undefined && message.id !== undefined;
}

export function isResponse(message: RpcMessage): boolean {
  return message.method === undefined && message.id !== undefined;
}

/** Codes of JSON-RPC and MCP that we answer with. */
export const METHOD_NOT_FOUND = -32601;
export const INTERNAL_ERROR = -32603;

export function resultOf(id: RpcId, result: unknown): RpcMessage {
  return { jsonrpc: '2.0', id, result };
}

export function errorOf(id: RpcId, code: number, message: string, data?: unknown): RpcMessage {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data !== undefined && { data }) } };
}

/** One of our errors where a result has no place for it. */
export function failureOf(id: RpcId, error: PassportError, redact: (text: string) => string): RpcMessage {
  const sentence = [error.message, error.detail && `Detail: ${error.detail}`, error.fix].filter(Boolean).join(' ');
  return errorOf(id, INTERNAL_ERROR, redact(`${error.code}: ${sentence}`));
}

/** Tells the other side that nobody waits for an answer any more. */
export function cancellation(requestId: RpcId, reason: string): RpcMessage {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason } };
}

/** The end of a call in one word, without parameters. */
export function reasonOf({ reason }: AbortSignal): string {
  return isObject(reason) && typeof reason['code'] === 'string' ? reason['code'] : 'canceled';
}

/** Messages of a JSON text: one, or a batch as 2025-03-26 servers may send it. Undefined: it is no such text. */
export function messagesIn(text: string): readonly RpcMessage[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const messages = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return messages.every(isRpc) ? messages : undefined;
}

function isRpc(value: unknown): value is RpcMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return false;
  const { id, method } = value;
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') return false;
  return typeof method === 'string' || 'result' in value || 'error' in value;
}
