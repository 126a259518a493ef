import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import {
  Client,
  ProtocolError,
  SdkError,
  StreamableHTTPClientTransport,
  type Tool,
} from '@modelcontextprotocol/client';
import * as z from 'zod/mini';

import { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';
import type { Authorized } from './authorized.ts';
import { answered, type Answered, type Call, type Channel, type Heard } from './channel.ts';
import { questions } from './questions.ts';
import { errorOf, type RpcRequest, resultOf } from './rpc.ts';

/** The revision that today's editors speak. */
const EDITOR_REVISION = '2025-11-25';
/** Milliseconds between two tries of an event stream. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** Milliseconds: the limit of a call is set by its signal. */
const NEVER = 2 ** 31 - 1;
const anything = z.looseObject({});

export interface BridgePorts {
  readonly auth: Authorized;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What the editor offers to servers, as far as the settings let it. */
type Capabilities = Readonly<Record<string, unknown>>;

/**
 * A conversation with a server of 2026-07-28, which knows no sessions, for a client that does: the official client speaks to the
 * server; its questions (elicitation, sampling, roots) go to the editor.
 * @throws as {@link Channel.request}
 */
export async function openBridged(initialize: RpcRequest, signal: AbortSignal, ports: BridgePorts): Promise<Channel> {
  const { capabilities, clientInfo } = initialize.params ?? {};
  const life = new AbortController();
  /** Of the running calls, the newest last. */
  const running = new Set<(heard: Heard) => void>();
  let beside: (heard: Heard) => void = () => undefined;
  const hear = (heard: Heard): void => ([...running].at(-1) ?? beside)(heard);
  const asked = questions(hear);
  const offered = isObject(capabilities) ? capabilities : {};
  const client = clientFor(clientInfo, offered);
  for (const [name, method] of Object.entries(QUESTIONS))
    if (name in offered)
      client.setRequestHandler(method, ({ params }) => asked.ask(method, params, life.signal) as never);
  client.fallbackNotificationHandler = (notification) => {
    const heard = { message: { jsonrpc: '2.0', ...notification } } as const;
    // A log line most likely belongs to the newest call.
    (notification.method === 'notifications/message' ? hear : beside)(heard);
    return Promise.resolve();
  };
  let failure: unknown;
  const transport = new StreamableHTTPClientTransport(new URL(ports.url), {
    fetch: authorizedFetch(ports.auth, (error) => {
      failure = error;
    }),
  });
  /** Our own errors travel through the client as the cause of others. */
  async function named<T>(work: Promise<T>, canceled: AbortSignal): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (canceled.aborted) throw canceled.reason;
      if (error instanceof ProtocolError) throw error;
      throw passportErrorIn(error) ?? (begun ? undefined : passportErrorIn(failure)) ?? unusable(error, ports.params);
    }
  }
  /** While it begins, one request runs at a time: what failed last is what it failed of. */
  let begun = false;
  await named(client.connect(transport, { signal, timeout: 30_000 }), signal);
  begun = true;
  const tools = new Map<string, Tool>();
  let level: unknown;

  async function list(params: RpcRequest['params'], canceled: AbortSignal): Promise<unknown> {
    const listed = await client.listTools(params, { signal: canceled, timeout: NEVER, cacheMode: 'refresh' });
    for (const tool of listed.tools) tools.set(tool.name, tool);
    return listed;
  }

  async function result({ message, signal: canceled, hear: heard }: Call): Promise<unknown> {
    const { method, params = {} } = message;
    if (method === 'ping') return {};
    if (method === 'logging/setLevel') {
      level = params['level'];
      return {};
    }
    if (method === 'tools/list') return list(params, canceled);
    if (method === 'resources/subscribe') return subscribe(String(params['uri']));
    if (method === 'resources/unsubscribe') return unsubscribe(String(params['uri']));
    const { own, token } = ownMeta(params, level);
    const options = {
      signal: canceled,
      timeout: NEVER,
      ...(token !== undefined && {
        onprogress: (progress: object) =>
          heard({
            message: {
              jsonrpc: '2.0',
              method: 'notifications/progress',
              params: { ...progress, progressToken: token },
            },
          }),
      }),
    };
    if (method !== 'tools/call') return client.request({ method, params: own }, anything, options);
    const name = String(params['name']);
    if (!tools.has(name)) await list({}, canceled);
    const known = tools.get(name);
    // The schema of the result is the editor's to check.
    const definition = known && withoutResult(known);
    return client.callTool(own as never, { ...options, ...(definition && { toolDefinition: definition }) });
  }

  const subscriptions = new Map<string, { close(): Promise<void> }>();
  async function subscribe(uri: string): Promise<unknown> {
    await unsubscribe(uri);
    subscriptions.set(uri, await client.listen({ resourceSubscriptions: [uri] }, { signal: life.signal }));
    return {};
  }
  async function unsubscribe(uri: string): Promise<unknown> {
    await subscriptions.get(uri)?.close();
    subscriptions.delete(uri);
    return {};
  }

  return {
    initialized: {
      protocolVersion: EDITOR_REVISION,
      capabilities: { ...client.getServerCapabilities() },
      serverInfo: { name: '', version: '', ...client.getServerVersion() },
      ...(client.getInstructions() !== undefined && { instructions: client.getInstructions() }),
    },
    async request(call): Promise<Answered> {
      running.add(call.hear);
      try {
        const given = await named(result(call), call.signal);
        return answered(resultOf(call.message.id, withoutEra(given)));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return answered(errorOf(call.message.id, error.code, error.message, error.data));
      } finally {
        running.delete(call.hear);
      }
    },
    tell(message) {
      asked.answer(message);
      return Promise.resolve();
    },
    async listen(heard, canceled) {
      beside = heard;
      const { tools: t, prompts: p, resources: r } = client.getServerCapabilities() ?? {};
      const wish = {
        ...(t?.listChanged === true && { toolsListChanged: true }),
        ...(p?.listChanged === true && { promptsListChanged: true }),
        ...(r?.listChanged === true && { resourcesListChanged: true }),
      };
      let pause = FIRST_PAUSE;
      while (Object.keys(wish).length > 0 && !canceled.aborted) {
        const open = await client.listen(wish, { signal: canceled }).catch(() => undefined);
        if (open && (await open.closed) === 'local') break;
        await delay(pause, undefined, { signal: canceled, ref: false }).catch(() => undefined);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
      if (beside === heard) beside = () => undefined;
    },
    async close() {
      life.abort(new Error('closed'));
      await client.close().catch(() => undefined);
    },
  };
}

/** Requests of the server that the editor answers, by the capability that announces it. */
const QUESTIONS = {
  elicitation: 'elicitation/create',
  sampling: 'sampling/createMessage',
  roots: 'roots/list',
} as const;

function withoutResult({ outputSchema: _schema, ...rest }: Tool): Tool {
  return rest;
}

function clientFor(info: unknown, offered: Capabilities): Client {
  const { name = 'data-passport', version = '0' } = (isObject(info) ? info : {}) as { name?: string; version?: string };
  const capabilities = Object.fromEntries(
    Object.keys(QUESTIONS).flatMap((name) => (name in offered ? [[name, offered[name]]] : [])),
  );
  return new Client({ name, version }, { capabilities, versionNegotiation: { mode: 'auto' } });
}

function authorizedFetch(auth: Authorized, onFailure: (error: unknown) => void) {
  return async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(url);
    const signal = init.signal ?? new AbortController().signal;
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = typeof init.body === 'string' ? init.body : undefined;
    const method = init.method === 'GET' || init.method === 'DELETE' ? init.method : 'POST';
    try {
      const answer = await auth.run(signal, (send) =>
        send({ method, headers, body, repeatable: false, path: pathname + search }),
      );
      const kept = 'text' in answer ? { 'content-type': 'application/json' } : plainHeaders(answer.headers);
      const content = 'text' in answer ? answer.text : (Readable.toWeb(answer.body) as ReadableStream);
      return new Response(EMPTY.has(answer.status) ? null : content, { status: answer.status, headers: kept });
    } catch (error) {
      onFailure(error);
      throw error;
    }
  };
}

const EMPTY: ReadonlySet<number> = new Set([204, 205, 304]);

function plainHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const type = headers['content-type'];
  return typeof type === 'string' ? { 'content-type': type } : {};
}

function passportErrorIn(error: unknown): PassportError | undefined {
  for (let current = error; current instanceof Error; current = current.cause)
    if (current instanceof PassportError) return current;
  return undefined;
}

function unusable(error: unknown, params: BridgePorts['params']): PassportError {
  const problem = error instanceof SdkError ? error.code : error instanceof Error ? error.name : 'unknown';
  return new PassportError('DP-MCP-ANSWER', { ...params, problem });
}

/** The client numbers progress itself; the level of log messages travels with each request. */
function ownMeta(
  params: Readonly<Record<string, unknown>>,
  level: unknown,
): { readonly own: Record<string, unknown>; readonly token: unknown } {
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  const { progressToken, ...rest } = meta;
  const own = { ...rest, ...(level !== undefined && { 'io.modelcontextprotocol/logLevel': level }) };
  return { own: { ...params, ...(Object.keys(own).length > 0 && { _meta: own }) }, token: progressToken };
}

/** What the newer revision adds to every result means nothing to the older one. */
function withoutEra(result: unknown): unknown {
  if (!isObject(result)) return result;
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = result;
  return rest;
}
