import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

import type { CredentialSupplier } from '../../connectors/connector.ts';
import type { ProgramApi } from '../../connectors/mcp/server.ts';
import type { CredentialFields } from '../../core/credential.ts';
import { PassportError } from '../../core/errors.ts';
import type { WireConnection } from '../../core/link.ts';
import type { NetworkFacts } from '../../core/network.ts';
import { textOf } from './boundedText.ts';
import { upstreamHttp } from './upstreamHttp.ts';

export interface ApiFrontPorts {
  readonly wire: WireConnection;
  readonly api: ProgramApi;
  readonly slots: readonly string[];
  readonly supply: CredentialSupplier;
  readonly network: NetworkFacts;
}

/** An address on this machine that stands for a service: what is asked there is asked of the service, with the user's token on. */
export interface ApiFront {
  /** Holds a key of its own, so that no other program can use it; never the token. */
  readonly address: string;
  close(): Promise<void>;
}

/** Bytes of a request's body. */
const BODY = 8 * 1024 * 1024;
/** What a program may say of its request and hear of the answer. */
const TO_SERVICE: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-type',
  'if-match',
  'if-none-match',
  'range',
  'user-agent',
]);
const TO_PROGRAM: ReadonlySet<string> = new Set([
  'content-type',
  'content-language',
  'etag',
  'last-modified',
  'retry-after',
  'content-range',
  'content-encoding',
]);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

export async function apiFront({ wire, api, slots, supply, network }: ApiFrontPorts): Promise<ApiFront> {
  const key = randomBytes(32).toString('base64url');
  const service = new URL(api.url);
  const base = service.pathname.replace(/\/$/, '');
  const client = upstreamHttp({ url: api.url, connection: wire.id, network });
  const slot = slots[0] ?? '';
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sayError(response, error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  /** Path behind the key; undefined for whoever does not know it, and for web pages. */
  function pathOf({ url = '', headers }: IncomingMessage): string | undefined {
    if (headers.host !== `127.0.0.1:${port}` || headers.origin !== undefined) return undefined;
    const [, given = '', path = ''] = /^\/([^/?]+)([/?].*)?$/.exec(url) ?? [];
    const known = Buffer.from(given);
    if (known.length !== key.length || !timingSafeEqual(known, Buffer.from(key))) return undefined;
    // Neither dots in a path lead out of the configured one, nor what some services read as a slash.
    if (/%2f|%5c|\\/i.test(path.replace(/\?.*/s, ''))) return undefined;
    const target = URL.parse(base + (path.startsWith('/') ? path : `/${path}`), service.origin);
    return target?.origin === service.origin && `${target.pathname}/`.startsWith(`${base}/`)
      ? target.pathname + target.search
      : undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const method = request.method ?? '';
    if (path === undefined || !METHODS.has(method)) {
      response.writeHead(404, { 'content-length': '0', connection: 'close' }).end();
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort(new PassportError('DP-MCP-CANCELED', { connection: wire.id })));
    const body = method === 'GET' || method === 'HEAD' ? undefined : await textOf(request, BODY);
    const ask = async (rejected?: Awaited<ReturnType<CredentialSupplier>>) => {
      const credential = await supply(slot, { rejected, signal: gone.signal });
      const fields: Record<string, CredentialFields> = { [slot]: credential.reveal() };
      const headers = { ...picked(request.headers, TO_SERVICE), ...api.headers(fields) };
      const wanted = {
        method: method as 'GET',
        headers,
        body,
        path,
        repeatable: method === 'GET',
        signal: gone.signal,
      };
      return { credential, answered: await client.send(wanted) };
    };
    let { credential, answered } = await ask();
    if (answered.status === 401) {
      // Only a fresh token is worth a second try; the service has not done what it refused.
      answered.body.destroy();
      ({ answered } = await ask(credential));
    }
    const isRedirect = answered.status >= 300 && answered.status < 400 && answered.status !== 304;
    response.writeHead(isRedirect ? 502 : answered.status, picked(answered.headers, TO_PROGRAM));
    if (isRedirect) answered.body.destroy();
    if (isRedirect || method === 'HEAD') response.end();
    else await pipeline(answered.body, response).catch(() => response.destroy());
  }

  return {
    address: `http://127.0.0.1:${port}/${key}`,
    async close() {
      client.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

function picked(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  names: ReadonlySet<string>,
): Record<string, string> {
  const kept = Object.entries(headers).filter(([name, value]) => names.has(name) && typeof value === 'string');
  return Object.fromEntries(kept) as Record<string, string>;
}

/** The program hears who can mend it, and nothing that was sent. */
function sayError(response: ServerResponse, error: unknown): void {
  const facts = error instanceof PassportError ? { code: error.code, message: error.message, fix: error.fix } : {};
  const text = JSON.stringify({ error: { code: 'DP-INTERNAL', ...facts } });
  response.writeHead(502, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}
