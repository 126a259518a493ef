import { type Address, type Answer, type Line, openLine } from './line.ts';

/** An MCP server over HTTP, and the call of it that is measured. */
export interface McpPlace {
  readonly address: Address;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Characters that the answer has, where one that was cut has to be noticed. Of the SDK's client alone. */
  readonly length?: number | undefined;
  /** True where the server tells of its progress before it answers: the time to that is measured too. Of the SDK's client alone. */
  readonly isStreamed?: boolean | undefined;
}

/** A session of protocol 2025-11-25, by hand: what a client adds by itself is not in the figures. */
export interface McpSession {
  /** Bytes of the answer to `tools/list`. */
  toolsList(): Promise<number>;
  /** A function that calls the tool over a connection of its own. @throws Error when the answer is an error */
  caller(call: ToolCall): Promise<McpCaller>;
  /** The client's word that it no longer waits for a call. */
  cancel(id: number): Promise<void>;
  /** Ends the session at the server. */
  end(): Promise<void>;
  close(): void;
}

export interface McpCaller {
  (): Promise<string>;
  /** Id of the call that runs. */
  readonly lastId: number;
  readonly line: Line;
}

export async function openSession(place: McpPlace): Promise<McpSession> {
  const main = await openLine(place.address);
  const lines = [main];
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...place.headers,
  };
  let id = 0;
  const post = (line: Line, message: object): Promise<Answer> =>
    line.request('POST', place.path, headers, JSON.stringify({ jsonrpc: '2.0', ...message }));

  id += 1;
  const opened = await post(main, {
    id,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  });
  check(opened);
  const session = /\r\nmcp-session-id: *([^\r]+)/i.exec(opened.head)?.[1];
  if (session !== undefined) headers['mcp-session-id'] = session;
  headers['mcp-protocol-version'] = '2025-11-25';
  await post(main, { method: 'notifications/initialized' });

  return {
    async toolsList() {
      id += 1;
      const answer = await post(main, { id, method: 'tools/list' });
      check(answer);
      return Buffer.byteLength(answer.body);
    },
    async caller({ name, arguments: args }) {
      let line = await openLine(place.address);
      lines.push(line);
      const params = JSON.stringify({ name, arguments: args });
      let lastId = 0;
      const call = async (): Promise<string> => {
        id += 1;
        lastId = id;
        if (line.closed) {
          // Servers hang up on who is quiet for some seconds, as we are while others are measured.
          line = await openLine(place.address);
          lines.push(line);
        }
        const body = `{"jsonrpc":"2.0","id":${lastId},"method":"tools/call","params":${params}}`;
        const answer = await line.request('POST', place.path, headers, body);
        check(answer);
        return answer.body;
      };
      return Object.defineProperties(call, {
        lastId: { get: () => lastId },
        line: { get: () => line },
      }) as McpCaller;
    },
    async cancel(requestId) {
      const line = await openLine(place.address);
      lines.push(line);
      await post(line, { method: 'notifications/cancelled', params: { requestId, reason: 'bench' } });
    },
    async end() {
      const line = await openLine(place.address);
      lines.push(line);
      await line.request('DELETE', place.path, headers);
    },
    close() {
      for (const line of lines.splice(0)) line.cut();
    },
  };
}

function check({ status, body }: Answer): void {
  if (status !== 200 || body.includes('"isError":true') || body.includes('"error":{"code"'))
    throw new Error(`HTTP ${status}: ${body.slice(0, 300)}`);
}
