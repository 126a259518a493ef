/** The spoken version of MCP Apps (modelcontextprotocol/ext-apps, specification/2026-01-26/apps.mdx). */
const PROTOCOL = '2026-01-26';

/** What the editor says of itself, as far as this page cares. */
export interface HostContext {
  readonly theme?: 'light' | 'dark' | undefined;
  readonly styles?: { readonly variables?: Readonly<Record<string, string | undefined>> | undefined } | undefined;
  readonly locale?: string | undefined;
  readonly containerDimensions?: { readonly height?: number; readonly maxHeight?: number } | undefined;
}

export interface HostEvents {
  /** Once after the connection is made, then whenever something changes; only what changed is given. */
  context(context: HostContext): void;
  /** The arguments of the tool call that this page belongs to. */
  input(args: Readonly<Record<string, unknown>>): void;
  /** The result of that call, as tools/call gives it. */
  result(result: unknown): void;
  canceled(): void;
}

export interface Host {
  /** Calls a tool of the server that this page came from. @throws Error with the editor's sentence */
  callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** @param height in CSS pixels that the page would like to have */
  sizeChanged(height: number): void;
}

type Params = Readonly<Record<string, unknown>>;
interface Message {
  readonly jsonrpc?: unknown;
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: unknown;
  readonly error?: { readonly message?: string };
}

/**
 * Speaks JSON-RPC with the window around this one, which alone is listened to. By hand: the official package brings its schema
 * library and would make the page twenty times as large.
 *
 * @throws Error when the editor refuses the handshake
 */
export async function connectHost(events: HostEvents, version: string): Promise<Host> {
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let lastId = 0;

  const send = (message: object): void => window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
  const request = (method: string, params: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      send({ id: lastId, method, params });
    });

  const notifications: Readonly<Record<string, (params: Params) => void>> = {
    'ui/notifications/tool-input': (params) => events.input((params['arguments'] ?? {}) as Params),
    'ui/notifications/tool-result': (params) => events.result(params),
    'ui/notifications/tool-cancelled': () => events.canceled(),
    'ui/notifications/host-context-changed': (params) => events.context(params),
  };

  function answered({ id, result, error }: Message): void {
    const call = waiting.get(Number(id));
    waiting.delete(Number(id));
    if (error) call?.reject(new Error(error.message ?? ''));
    else call?.resolve(result);
  }

  /** Of what an editor may ask, an end needs no work and everything else is unknown. */
  function asked({ id, method = '' }: Message): void {
    const known = method === 'ping' || method === 'ui/resource-teardown';
    send(known ? { id, result: {} } : { id, error: { code: -32601, message: `Method not found: ${method}` } });
  }

  window.addEventListener('message', ({ source, data }: MessageEvent<Message | null>) => {
    if (source !== window.parent || data?.jsonrpc !== '2.0') return;
    if (data.method === undefined) answered(data);
    else if (data.id !== undefined) asked(data);
    else if (Object.hasOwn(notifications, data.method)) notifications[data.method]?.(data.params ?? {});
  });

  const { hostContext } = (await request('ui/initialize', {
    appInfo: { name: 'data-passport-results', version },
    appCapabilities: { availableDisplayModes: ['inline'] },
    protocolVersion: PROTOCOL,
  })) as { readonly hostContext?: HostContext };
  events.context(hostContext ?? {});
  send({ method: 'ui/notifications/initialized', params: {} });
  return {
    callTool: (name, args) => request('tools/call', { name, arguments: args }),
    sizeChanged: (height) => send({ method: 'ui/notifications/size-changed', params: { height } }),
  };
}
