import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { asPassportError, PassportError } from '../../core/errors.ts';
import type { RedirectRule } from '../presets/preset.ts';
import type { RedirectHandler, RedirectListener } from './flow.ts';
import { outcomePage, PAGE_HEADERS, stalePage } from './pages.ts';

const HOST = '127.0.0.1';
/** Short: the editor shows the whole address on its sign-in card. */
const START = '/start/';
/** Visits of our two pages: enough for a person with a prefetching browser, too few to guess a key or a state. */
const MOST_REQUESTS = 50;

/**
 * A listener on 127.0.0.1 for one sign-in (RFC 8252 section 7.3, 8.3): the first free port of the rule, or any.
 *
 * The editor's way of opening a browser may change percent-encoding, so it opens our start page, which redirects to the
 * exact authorize URL. Wrong, missing, repeated or stale parameters are answered and change nothing: the listener goes on waiting.
 * @throws PassportError DP-SIGN-IN-PORTS
 */
export async function listenOnLoopback(
  rule: RedirectRule,
  handler: RedirectHandler,
  settingsPath: string,
): Promise<RedirectListener> {
  const key = randomBytes(16).toString('base64url');
  let requests = 0;
  const server = createServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000 },
    (request, response) => {
      answer(request, response).catch(() => response.writeHead(500).end());
    },
  );
  await listenOnFirst(server, rule.ports, settingsPath);
  const authority = `${HOST}:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${authority}`);
    // Another Host is a page elsewhere that had its name pointed at us (DNS rebinding).
    if (request.headers.host !== authority) return void response.writeHead(400).end();
    const starts = url.pathname.startsWith(START);
    if (!starts && url.pathname !== rule.path) return void response.writeHead(404).end();
    requests += 1;
    if (requests > MOST_REQUESTS) return void response.writeHead(429).end();
    if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end();
    if (starts) await start(url, response);
    else await finish(url, response);
  }

  async function start(url: URL, response: ServerResponse): Promise<void> {
    if (!sameText(url.pathname.slice(START.length), key)) return send(response, 404, stalePage);
    try {
      const location = await handler.start();
      response.writeHead(302, { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end();
    } catch (error) {
      send(response, 200, failurePage(error));
    }
  }

  async function finish(url: URL, response: ServerResponse): Promise<void> {
    const expected = handler.expectedState();
    const names = [...url.searchParams.keys()];
    const state = url.searchParams.get('state');
    const clean =
      new Set(names).size === names.length && url.searchParams.has('code') !== url.searchParams.has('error');
    if (!clean || expected === undefined || state === null || !sameText(state, expected))
      return send(response, 400, stalePage);
    try {
      send(response, 200, outcomePage(await handler.finish(url)));
    } catch (error) {
      send(response, 200, failurePage(error));
    }
  }

  return {
    redirectUri: `http://${authority}${rule.path}`,
    startUrl: `http://${authority}${START}${key}`,
    close() {
      server.close();
      // A browser keeps its connection open; the page that it is being sent may finish first.
      setTimeout(() => server.closeAllConnections(), 500).unref();
    },
  };
}

function send(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, { ...PAGE_HEADERS, connection: 'close' }).end(page);
}

function failurePage(error: unknown): string {
  const { message, fix } = asPassportError(error);
  return outcomePage({ kind: 'failed', message, fix });
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function listenOnFirst(server: Server, ports: readonly number[], settingsPath: string): Promise<void> {
  for (const port of ports.length > 0 ? ports : [0]) if (await listens(server, port)) return;
  throw new PassportError('DP-SIGN-IN-PORTS', {
    ports: ports.join(', ') || '(any)',
    path: `${settingsPath}.redirectPorts`,
  });
}

function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const onError = (): void => resolve(false);
    server.once('error', onError);
    server.listen(port, HOST, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}
