import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { asPassportError, PassportError } from '../../core/errors.ts';
import { told, untranslated } from '../../core/told.ts';
import type { RedirectRule } from '../presets/preset.ts';
import type { Flow, FlowHandler, FlowHost } from './flow.ts';
import { type Families, listenOnLoopback } from './loopbackListener.ts';
import { PAGE_HEADERS, type Pages, pagesIn } from './pages.ts';
import { judge, openable, sameText, settingsPath } from './redirect.ts';

/** Short: the editor shows the whole address on its sign-in card. */
const START = '/start/';
/** A browser may go to either address of `localhost`; the literal ones need their own, and answer at the other where they can. */
const FAMILIES: Readonly<Record<RedirectRule['host'], Families>> = {
  localhost: { wanted: ['127.0.0.1', '::1'], extra: [] },
  '127.0.0.1': { wanted: ['127.0.0.1'], extra: ['::1'] },
  '[::1]': { wanted: ['::1'], extra: ['127.0.0.1'] },
};
/** Visits of our two pages, by those who know key or state and by those who do not: the strangers can not use up the others'. */
const MOST_REQUESTS = 50;
const LONGEST_URL = 8 * 1024;

/**
 * The redirect comes to a listener on this machine (RFC 8252 section 7.3, 8.3).
 *
 * The editor's way of opening a browser may change percent-encoding, so it opens our start page, which redirects to the exact
 * authorize URL, made at that moment. Wrong, missing, repeated or stale parameters are answered and change nothing: the listener goes on waiting.
 */
export const loopback: Flow = {
  name: 'loopback',
  async begin({ description, handler, host: editor }) {
    const { host, ports, path } = description.redirect;
    const pages = pagesIn(editor);
    const gone: Answer = (_request, response) => send(response, 404, pages.stale);
    const key = randomBytes(16).toString('base64url');
    let answer: Answer = gone;
    const listener = await listenOnLoopback(FAMILIES[host], ports, (request, response) => answer(request, response));
    if (!listener) {
      throw new PassportError('DP-SIGN-IN-PORTS', {
        ports: ports.join(', ') || '(any)',
        path: `${settingsPath(description)}.redirectPorts`,
      });
    }
    const redirectUri = `http://${host}:${listener.port}${path}`;
    const start = async (): Promise<string> => openable(await handler.start(redirectUri), description);
    answer = waiting({ key, redirectUri, port: listener.port, start, handler, editor, pages });
    return {
      flow: 'loopback',
      prompt: { kind: 'page', url: `http://${host}:${listener.port}${START}${key}` },
      redirectUri,
      close() {
        answer = gone;
        listener.close();
      },
    };
  },
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Waiting {
  readonly key: string;
  readonly redirectUri: string;
  readonly port: number;
  /** Gives the authorize URL. */
  readonly start: () => Promise<string>;
  readonly handler: FlowHandler;
  readonly editor: FlowHost;
  readonly pages: Pages;
}

function waiting({ key, redirectUri, port, start, handler, editor, pages }: Waiting): Answer {
  const names = ['127.0.0.1', 'localhost', '[::1]'];
  // A browser leaves the port out when it is HTTP's own.
  const authorities = new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
  const callbackPath = new URL(redirectUri).pathname;
  const left = { known: MOST_REQUESTS, strangers: MOST_REQUESTS };
  /** The redirect that was taken, and the page that it is answered with: a browser may ask for it again. */
  let taken: { readonly query: string; readonly state: string | null; readonly page: Promise<string> } | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.url ?? '';
    // Another Host is a page elsewhere that had its name pointed at us (DNS rebinding).
    if (!authorities.has(request.headers.host ?? '')) return refuse(response, 400);
    if (address.length > LONGEST_URL) return refuse(response, 414);
    const [path = '', ...rest] = address.split('?');
    const starts = path.startsWith(START);
    if (!starts && path !== callbackPath) return refuse(response, 404);
    if (request.method !== 'GET') return refuse(response, 405, { allow: 'GET' });
    // Fetched ahead of the person: a code is good for one visit.
    if (isPrefetch(request)) return refuse(response, 503);
    const page = starts ? started(path.slice(START.length)) : finished(rest.join('?'));
    left[page ? 'known' : 'strangers'] -= 1;
    if (left[page ? 'known' : 'strangers'] < 0) return refuse(response, 429);
    if (page) await page(response);
    else send(response, starts ? 404 : 400, pages.stale);
  }

  function failurePage(error: unknown): string {
    const { sentence: message, fix } = told(asPassportError(error), editor.translated ?? untranslated);
    return pages.outcome({ kind: 'failed', message, fix });
  }

  type Page = (response: ServerResponse) => Promise<void>;

  function started(given: string): Page | undefined {
    if (!sameText(given, key)) return undefined;
    return async (response) => {
      try {
        const location = await start();
        response.writeHead(302, {
          location,
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          connection: 'close',
        });
        response.end();
      } catch (error) {
        send(response, 200, failurePage(error));
      }
    };
  }

  function finished(query: string): Page | undefined {
    const again = taken && sameText(taken.query, query) ? taken.page : undefined;
    if (again) return async (response) => send(response, 200, await again);
    const parameters = new URLSearchParams(query);
    const state = parameters.get('state');
    if (judge(parameters, handler.expectedState()) !== 'answer' || state === taken?.state) return undefined;
    return async (response) => {
      const page = handler.finish(new URL(`${redirectUri}?${query}`)).then(pages.outcome, failurePage);
      taken = { query, state, page };
      send(response, 200, await page);
    };
  }

  return (request, response) => {
    answer(request, response).catch(() => refuse(response, 500));
  };
}

function isPrefetch({ headers }: IncomingMessage): boolean {
  return [headers['sec-purpose'], headers['purpose'], headers['x-moz']].some((value) => value?.includes('prefetch'));
}

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { ...headers, connection: 'close' }).end();
}

function send(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, { ...PAGE_HEADERS, connection: 'close' }).end(page);
}
