import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { isObject, type JsonRecord } from './record.ts';

/** Bytes of a request body. */
const BODY_LIMIT = 4 * 1024 * 1024;
/** Bytes of a request's headers. */
export const HEADERS_LIMIT = 16 * 1024;
/** Objects and arrays inside one another. */
const DEEPEST = 64;

/** True for a value that equals the key; takes as long for one that does not. */
export function keyCheck(key: string): (value: string | undefined) => boolean {
  const expected = hash('sha256', `Bearer ${key}`, 'buffer');
  return (value) => timingSafeEqual(hash('sha256', value ?? '', 'buffer'), expected);
}

/**
 * Whether a request may be read further: addressed to us by name, not sent by a web page, nothing said twice.
 * @param host what the Host header has to be, port included
 */
export function admissible({ headers, rawHeaders, method }: IncomingMessage, host: string): boolean {
  if (headers.host !== host || headers.origin !== undefined) return false;
  if (method === 'POST' && !isJson(headers['content-type'])) return false;
  return !saidTwice(rawHeaders);
}

const once = new Set(['host', 'authorization', 'content-type', 'content-length', 'mcp-session-id', 'x-database-token']);

/** Node joins or drops repeated headers, each kind in its own way: only the raw list shows them. */
function saidTwice(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!once.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function isJson(contentType: string | undefined): boolean {
  return contentType === 'application/json' || /^application\/json\s*(?:;|$)/i.test(contentType ?? '');
}

/** The JSON object of a body. Undefined: too large, cut off, not JSON, nested too deeply, a batch or no object. */
export async function jsonBody(request: IncomingMessage): Promise<JsonRecord | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT) return undefined;
  const body = await bytesOf(request);
  if (!body || tooDeep(body)) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the client can take the answer as a stream of events. */
export function acceptsStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') ?? false;
}

/** Whether a body has the shape of a JSON-RPC 2.0 message. */
export function isMessage(body: JsonRecord): boolean {
  const { jsonrpc, method, id } = body;
  if (jsonrpc !== '2.0') return false;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') return false;
  return typeof method === 'string' || (id !== undefined && ('result' in body || 'error' in body));
}

function bytesOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > BODY_LIMIT) {
        request.pause();
        resolve(undefined);
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.once('close', () => resolve(undefined));
    request.once('error', () => resolve(undefined));
  });
}

const [QUOTE, BACKSLASH, OPEN_OBJECT, OPEN_ARRAY, CLOSE_OBJECT, CLOSE_ARRAY] = Buffer.from('"\\{[}]');

/** Counts brackets outside strings before anything recursive sees the text. */
function tooDeep(body: Buffer): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index];
    if (quoted) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth -= 1;
  }
  return false;
}
