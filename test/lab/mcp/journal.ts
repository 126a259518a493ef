import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request as it arrived. It is kept whole, secrets included, because tests look for what must not be in it. */
export interface McpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As they were sent: names in their own case, repeated ones apart. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Of a JSON-RPC message; of a batch, the first one's. */
  readonly rpcMethod: string | undefined;
  readonly rpcId: string | number | undefined;
  /** Of a `tools/call`. */
  readonly tool: string | undefined;
  /** The one that the stand-in took from it, valid or not. */
  readonly token: string | undefined;
  /** Undefined until an answer begins. */
  readonly status: number | undefined;
  /** How the answer ended: `cut` by a lever, or because the client went away before it was complete. */
  readonly end: 'open' | 'complete' | 'cut' | 'client left';
}

export interface Journal {
  /** Every request so far, oldest first. */
  readonly requests: readonly McpRequest[];
  /** The first request of which this is true, once it is. */
  until(matches: (request: McpRequest) => boolean): Promise<McpRequest>;
}

export interface NotedRequest {
  readonly entry: McpRequest;
  noteToken(token: string): void;
  /** What ends from now on was ended by a lever. */
  noteCut(): void;
}

export interface WritableJournal extends Journal {
  note(message: IncomingMessage, response: ServerResponse, body: string): NotedRequest;
}

export function createJournal(): WritableJournal {
  const requests: McpRequest[] = [];
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of waiting) look();
  };
  return {
    requests,
    async until(matches) {
      const found = requests.find(matches);
      if (found) return found;
      return new Promise((resolve) => {
        const look = (): void => {
          const match = requests.find(matches);
          if (!match) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
      });
    },
    note(message, response, body) {
      const { rpcMethod, rpcId, tool } = firstMessage(body);
      let token: string | undefined;
      let end: McpRequest['end'] = 'open';
      const entry: McpRequest = {
        method: message.method ?? '',
        path: message.url ?? '',
        headers: pairs(message.rawHeaders),
        body,
        rpcMethod,
        rpcId,
        tool,
        get token() {
          return token;
        },
        get status() {
          return response.headersSent ? response.statusCode : undefined;
        },
        get end() {
          return end;
        },
      };
      const writeHead = response.writeHead.bind(response) as (...values: unknown[]) => ServerResponse;
      response.writeHead = (...values: unknown[]) => {
        // The head is out when something is written after it.
        setImmediate(changed);
        return writeHead(...values);
      };
      response.once('close', () => {
        if (end === 'open') end = response.writableFinished ? 'complete' : 'client left';
        changed();
      });
      requests.push(entry);
      changed();
      return {
        entry,
        noteToken(given) {
          token = given;
          changed();
        },
        noteCut() {
          end = 'cut';
        },
      };
    },
  };
}

/** Every value that a header was sent with. */
export function headerValues({ headers }: Pick<McpRequest, 'headers'>, name: string): string[] {
  return headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

/** Undefined where there is none, or more than one: then nobody can say whose request it is. */
export function bearerOf(request: Pick<McpRequest, 'headers'>): string | undefined {
  const [value, ...more] = headerValues(request, 'authorization');
  if (value === undefined || more.length > 0) return undefined;
  return /^Bearer (\S+)$/i.exec(value)?.[1];
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ''] satisfies [string, string]] : [],
  );
}

function firstMessage(body: string): Pick<McpRequest, 'rpcMethod' | 'rpcId' | 'tool'> {
  try {
    const [first] = [JSON.parse(body) as unknown].flat();
    const { method, id, params } = (first ?? {}) as { method?: unknown; id?: unknown; params?: { name?: unknown } };
    return {
      rpcMethod: typeof method === 'string' ? method : undefined,
      rpcId: typeof id === 'string' || typeof id === 'number' ? id : undefined,
      tool: method === 'tools/call' && typeof params?.name === 'string' ? params.name : undefined,
    };
  } catch {
    return { rpcMethod: undefined, rpcId: undefined, tool: undefined };
  }
}
