import type { HttpServer, RemoteServer } from '../../connectors/mcp/server.ts';
import { PassportError } from '../../core/errors.ts';
import { isObject } from '../record.ts';
import type { Answered } from './channel.ts';
import { featureOf, offeredToClient, offeredToServer } from './features.ts';
import { inertResult, inertText, isHarmlessJson } from './inertContent.ts';
import type { ServerMemory } from './memory.ts';
import type { OwnSecrets } from './ownSecrets.ts';
import { plainText } from './plainText.ts';
import { errorOf, METHOD_NOT_FOUND, messagesIn, type RpcMessage, type RpcRequest } from './rpc.ts';
import { asksForSecrets } from './secretQuestions.ts';
import { cleanTools, isTool, type ToolDefinition } from './toolDefinitions.ts';

/** Characters from which an answer is looked over as text before it is parsed. */
const LARGE = 16 * 1024;
/** Bytes of a message beside an answer. */
const MESSAGE = 64 * 1024;
/** Levels of objects and lists in one another. */
const DEEPEST = 64;
/** Characters of an error's message. */
const ERROR_LENGTH = 2048;

export interface PolicyPorts {
  readonly server: RemoteServer;
  /** Id of the connection: the beginning of the server's name in the editor. */
  readonly connection: string;
  readonly title: string;
  readonly bytes: number;
  readonly memory: ServerMemory;
  readonly secrets: OwnSecrets;
}

/** What a server's message becomes: passed on, dropped, or answered in the client's place. */
export interface Passage {
  readonly on?: RpcMessage | undefined;
  readonly back?: RpcMessage | undefined;
}

/** What passes between the client and a server that nobody here vouches for. Data in, data out. */
export interface Policies {
  /** Why a request of the client goes no further. */
  refusal(request: RpcRequest): PassportError | undefined;
  /** `initialize` as the server gets it. */
  opening(params: RpcRequest['params']): Readonly<Record<string, unknown>>;
  /** Parameters of a request of 2026-07-28, which say each time what the client offers. */
  envelope(params: RpcRequest['params']): RpcRequest['params'];
  /** The answer to `initialize`, or to `server/discover`. */
  introduced(said: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** An answer as the client gets it. */
  answer(request: RpcRequest, answered: Answered): Answered;
  /** Tools from the list that the user knows. */
  knownTools(): readonly ToolDefinition[];
  /** A page of the server's list: remembered, compared, cleaned. */
  tools(result: unknown): unknown;
  heard(message: RpcMessage): Passage;
  /** An answer that the server kept for a client that comes back for it. */
  keptAnswer(message: RpcMessage): string;
}

export function policies(ports: PolicyPorts): Policies {
  const { server, connection, title, bytes, memory, secrets } = ports;
  const { allow, trusted, reach } = server;
  const remark: HttpServer['remark'] = reach.kind === 'http' ? reach.remark : undefined;

  function refusal({ method, params }: RpcRequest): PassportError | undefined {
    const feature = featureOf(method);
    if (feature !== undefined && !allow.includes(feature))
      return new PassportError('DP-MCP-NOT-ALLOWED', { connection, feature });
    const tool = params?.['name'];
    if (method === 'tools/call' && typeof tool === 'string' && memory.withholds(tool))
      return new PassportError('DP-MCP-TOOL-CHANGED', { connection, tool: plainText(tool).slice(0, 100) });
    return undefined;
  }

  /** The editor makes the names of tools from the first thirteen characters of the title: nothing of the server's, which may change. */
  function introduced(said: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const info = isObject(said['serverInfo']) ? said['serverInfo'] : {};
    const { icons: _icons, ...rest } = info;
    const { instructions, capabilities } = said;
    const tools = isObject(capabilities) && isObject(capabilities['tools']) ? capabilities['tools'] : {};
    return {
      ...said,
      // Changes are announced also when the server does not: a sign-in brings another list.
      capabilities: { ...offeredToClient(capabilities, allow), tools: { ...tools, listChanged: true } },
      serverInfo: { version: '', ...(trusted ? info : rest), name: connection, title: `${connection} (${title})` },
      ...(typeof instructions === 'string' && {
        instructions: trusted ? instructions : inertText(instructions.slice(0, ERROR_LENGTH * 2)),
      }),
    };
  }

  function tools(result: unknown): unknown {
    if (!isObject(result)) return result;
    const listed: readonly unknown[] = Array.isArray(result['tools']) ? result['tools'] : [];
    const shown = memory.take(listed.filter(isTool), result['nextCursor'] === undefined);
    return trusted ? result : { ...result, tools: cleaned(shown) };
  }

  function cleaned(offered: readonly ToolDefinition[]): readonly ToolDefinition[] {
    return trusted ? offered : cleanTools(offered, { trustHints: false }).tools.map(withoutResultSchema);
  }

  function answer(request: RpcRequest, answered: Answered): Answered {
    const text = secrets.clean(answered.text);
    const message = text === answered.text ? answered.message : (messagesIn(text)?.[0] ?? answered.message);
    if (passesAsIs(request, message, text)) return { ...answered, text };
    const changed = isObject(message.error) ? withError(message, message.error) : withResult(request, message);
    return changed === message
      ? { ...answered, text }
      : { ...answered, text: JSON.stringify(changed), message: changed };
  }

  /** True for a large result in which nothing would be changed: it goes on as the text that it is. */
  function passesAsIs({ method }: RpcRequest, { result, error }: RpcMessage, text: string): boolean {
    if (text.length < LARGE || (method !== 'tools/call' && method !== 'resources/read')) return false;
    if (error !== undefined || !isObject(result) || 'inputRequests' in result) return false;
    if (remark && text.length > REMARKABLE) return false;
    return trusted || (fits(text, bytes) && isHarmlessJson(text) && isShallow(result, DEEPEST));
  }

  /** The elicitations of an error that sends the user to a page stand or fall with the setting. */
  function withError(message: RpcMessage, error: Readonly<Record<string, unknown>>): RpcMessage {
    if (trusted && allow.includes('elicitation')) return message;
    const said = inertText(String(error['message']).slice(0, ERROR_LENGTH));
    if (error['code'] === URL_ELICITATION && !allow.includes('elicitation')) return refusedWith(message, 'elicitation');
    const { data } = error;
    const bounded = data === undefined ? {} : { data: inertResult(data, { bytes: ERROR_LENGTH * 4 }).result };
    return { jsonrpc: '2.0', id: message.id, error: { code: error['code'], message: said, ...bounded } };
  }

  function refusedWith({ id }: RpcMessage, feature: string): RpcMessage {
    const { code, message, fix } = new PassportError('DP-MCP-NOT-ALLOWED', { connection, feature });
    return { jsonrpc: '2.0', id, error: { code: METHOD_NOT_FOUND, message: `${code}: ${message} ${fix}` } };
  }

  /** What an answer asks of the client that it may not be asked (2026-07-28). */
  function closedQuestion(questions: unknown): string | undefined {
    for (const question of Object.values(isObject(questions) ? questions : {})) {
      const { method, params } = isObject(question) ? question : {};
      const feature = typeof method === 'string' ? featureOf(method) : undefined;
      if (feature !== undefined && !allow.includes(feature)) return feature;
      if (!trusted && method === 'elicitation/create' && asksForSecrets(params)) return 'forms that ask for secrets';
    }
    return undefined;
  }

  function withResult({ method, id }: RpcRequest, message: RpcMessage): RpcMessage {
    const { result } = message;
    const closed = isObject(result) ? closedQuestion(result['inputRequests']) : undefined;
    if (closed) return refusedWith(message, closed);
    if (method === 'tools/list') return { ...message, id, result: tools(result) };
    if (method === 'server/discover' && isObject(result)) return { ...message, result: introduced(result) };
    const noted = remark ? withRemark(result) : result;
    if (trusted) return noted === result ? message : { ...message, result: noted };
    return { ...message, result: inertResult(noted, { bytes }).result };
  }

  function withRemark(result: unknown): unknown {
    const content: readonly unknown[] = isObject(result) && Array.isArray(result['content']) ? result['content'] : [];
    const texts = content.flatMap((block) =>
      isObject(block) && typeof block['text'] === 'string' ? [remark?.(block['text'])] : [],
    );
    const said = texts.find((text) => text !== undefined);
    if (said === undefined || !isObject(result)) return result;
    // First, so that it stays when the rest is cut once more.
    return { ...result, content: [{ type: 'text', text: `[${said}]` }, ...content] };
  }

  function heard({ method, id, params }: RpcMessage): Passage {
    if (method === undefined) return {};
    // Nothing but what belongs to it: beside a method, a result would answer a request of the client.
    const message: RpcMessage = {
      jsonrpc: '2.0',
      ...(id !== undefined && { id }),
      method,
      ...(isObject(params) && { params }),
    };
    const feature = featureOf(method);
    const closed = feature !== undefined && !allow.includes(feature);
    if (id === undefined) return closed ? {} : { on: cleanedMessage(message) };
    if (closed) return { back: errorOf(id, METHOD_NOT_FOUND, `This client does not offer ${feature}.`) };
    if (!trusted && method === 'elicitation/create' && asksForSecrets(params))
      return { back: { jsonrpc: '2.0', id, result: { action: 'decline' } } };
    return { on: cleanedMessage(message) };
  }

  function cleanedMessage(message: RpcMessage): RpcMessage {
    const text = JSON.stringify(message);
    const own = secrets.clean(text);
    const safe = own === text ? message : (messagesIn(own)?.[0] ?? message);
    if (trusted || safe.params === undefined || (fits(own, MESSAGE) && isHarmlessJson(own))) return safe;
    return {
      ...safe,
      params: inertResult(safe.params, { bytes: MESSAGE }).result as Readonly<Record<string, unknown>>,
    };
  }

  return {
    refusal,
    opening: (params = {}) => ({ ...params, capabilities: offeredToServer(params['capabilities'], allow) }),
    envelope(params) {
      const meta = params?.['_meta'];
      if (!isObject(meta) || !(CAPABILITIES in meta)) return params;
      return { ...params, _meta: { ...meta, [CAPABILITIES]: offeredToServer(meta[CAPABILITIES], allow) } };
    },
    introduced,
    answer,
    keptAnswer: (message) => secrets.clean(JSON.stringify(message)),
    knownTools: () => cleaned(memory.known()),
    tools,
    heard,
  };
}

/** Whether nothing lies deeper: programs that copy what they get do so level by level. */
function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

/** A character takes up to three bytes, so most need not be counted. */
function fits(text: string, bytes: number): boolean {
  return text.length <= bytes / 3 || Buffer.byteLength(text) <= bytes;
}

/** A result that was cut does not fit it any more, and clients refuse one that does not. */
function withoutResultSchema({ outputSchema: _schema, _meta, ...tool }: ToolDefinition): ToolDefinition {
  // A page of an app is HTML, which does not pass either.
  const { ui: _ui, ...meta } = _meta ?? {};
  return Object.keys(meta).length > 0 ? { ...tool, _meta: meta } : tool;
}

/** Characters from which a preset may have something to say of a result. */
const REMARKABLE = 60_000;
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
/** URL elicitation required (MCP 2025-11-25). */
const URL_ELICITATION = -32042;
