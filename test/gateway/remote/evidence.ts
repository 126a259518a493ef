import assert from 'node:assert/strict';
import { request } from 'node:http';

import { redactedFacts } from '../../../src/core/redactedFacts.ts';
import { headerValues, type McpRequest } from '../../lab/mcp/journal.ts';
import { type RemoteHarness, textOf } from './harness.ts';

/** What a tool call came to, as the editor got it. */
export interface Outcome {
  readonly text: string;
  /** Of our own error; `isError` where the server said so. Absent for an answer. */
  readonly code?: string;
}

/** An editor that keeps what it gets, to be searched for what must not be in it. */
export async function editorAt(gateway: RemoteHarness, connection: string) {
  const { client } = await gateway.connect(connection);
  const got: string[] = [];
  const problems: string[] = [];
  Object.assign(client, { onerror: (error: Error) => problems.push(String(error)) });
  async function kept<Value>(work: Promise<Value>): Promise<Value> {
    try {
      const value = await work;
      got.push(JSON.stringify(value));
      return value;
    } catch (error) {
      got.push(String(error));
      throw error;
    }
  }
  return {
    client,
    got,
    /** What the client could not make sense of. */
    problems,
    async call(name: string, args: Record<string, unknown> = {}, options: { signal?: AbortSignal } = {}) {
      const result = await kept(client.callTool({ name, arguments: args }, undefined, options));
      const text = textOf(result);
      const code = result.isError === true ? (/^DP-[A-Z-]+/.exec(text)?.[0] ?? 'isError') : undefined;
      // A sentence with a place that nobody filled.
      if (code?.startsWith('DP-') === true) assert.doesNotMatch(text, /\{\w+\}/);
      return { text, ...(code !== undefined && { code }) } satisfies Outcome;
    },
    async tools() {
      const { tools } = await kept(client.listTools());
      return tools.map(({ name }) => name);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

export type Editor = Awaited<ReturnType<typeof editorAt>>;

/**
 * Everything that somebody could read: the log before it is redacted, errors as they leave the process, what is remembered, and what
 * editors got.
 */
export function readable(gateway: RemoteHarness, ...editors: readonly Editor[]): string {
  const { lines, uses, remembered, asked, redactor } = gateway;
  const used = uses.map(({ identity, error }) => [identity, error && redactedFacts(error, redactor)]);
  const kept = remembered.map(({ facts, withheld }) => ({ facts, withheld }));
  return JSON.stringify([lines, used, kept, asked, editors.map(({ got, problems }) => [got, problems])]);
}

/** Which of these secrets a text holds, whole, as URLs and headers write them, or a JWT's signature alone. */
export function found(text: string, secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => {
    const signature = secret.split('.').length === 3 ? secret.split('.')[2] : undefined;
    const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
    const forms = [secret, encodeURIComponent(secret), base64, ...(signature === undefined ? [] : [signature])];
    return forms.some((form) => text.includes(form));
  });
}

/** Values of a header by request, of those that came with this method of JSON-RPC. */
export function sent(requests: readonly McpRequest[], header: string, rpcMethod?: string): readonly string[] {
  const wanted = requests.filter((each) => rpcMethod === undefined || each.rpcMethod === rpcMethod);
  return wanted.map((each) => headerValues(each, header).join(' | '));
}

/** How many requests of each method of JSON-RPC arrived; of those without one, by their method of HTTP. */
export function counts(requests: readonly McpRequest[]): Readonly<Record<string, number>> {
  const count: Record<string, number> = {};
  for (const { rpcMethod, method } of requests) count[rpcMethod ?? method] = (count[rpcMethod ?? method] ?? 0) + 1;
  return count;
}

/** A request to the gateway with header fields as they are, repeated ones too. */
export function rawRequest(
  gateway: RemoteHarness,
  connection: string,
  wish: { readonly method?: string; readonly headers: readonly (readonly [string, string])[]; readonly body?: object },
): Promise<{ readonly status: number; readonly headers: string; readonly body: string }> {
  const url = gateway.urlOf(connection);
  const body = wish.body === undefined ? '' : JSON.stringify(wish.body);
  const headers = [['host', url.host], ['content-length', String(body.length)], ...wish.headers].flat();
  return new Promise((resolve, reject) => {
    const options = { host: url.hostname, port: url.port, path: url.pathname, method: wish.method ?? 'POST', headers };
    const outgoing = request(options, (answer) => {
      const chunks: string[] = [];
      answer.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.rawHeaders.join('\n'), body: chunks.join('') }),
      );
    });
    outgoing.once('error', reject).end(body);
  });
}

/** What every request of an editor to the gateway carries. */
export function editorHeaders(gateway: RemoteHarness, session?: string): readonly (readonly [string, string])[] {
  return [
    ['authorization', gateway.headers.authorization],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
    ...(session === undefined ? [] : ([['mcp-session-id', session]] as const)),
  ];
}
