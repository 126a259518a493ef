import { randomBytes, randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, request as send, type ServerResponse } from 'node:http';

import { WarehouseError } from '../snowflake/errors.ts';
import { type Exchange, type HttpLevers, pathOf, startMcpHttp } from './http.ts';
import { headerValues } from './journal.ts';
import { createSnowflakeTokens, type SnowflakeTokenLevers, type SnowflakeTokensOptions } from './snowflakeTokens.ts';
import { type LabSpcsApp, type SpcsAppOptions, startSpcsApp } from './spcsApp.ts';

export interface SpcsIngressOptions extends SpcsAppOptions, SnowflakeTokensOptions {
  /** As whom the token of an exchange for this endpoint is taken, such as `ownerOf` of the lab's `/oauth/token`. */
  readonly endpointTokens?: (token: string) => { readonly user: string } | undefined;
  /** Milliseconds without a byte after which a connection is cut. Default: 90,000, as the real one has it. */
  readonly idleMilliseconds?: number;
}

/** What a rejection says, in words that a client may have to tell apart. */
export type IngressRejection = keyof typeof details;

export interface LabSpcsIngress
  extends
    Omit<HttpLevers, 'url'>,
    Pick<SnowflakeTokenLevers, 'issueProgrammaticToken' | 'revokeProgrammaticToken' | 'rejectTokens'> {
  /** Of the MCP server, at the ingress. */
  readonly url: string;
  readonly app: LabSpcsApp;
  /** The ingress rejects everything like this, whatever its token; undefined ends it. */
  rejectWith(rejection: IngressRejection | undefined, status?: 401 | 403): void;
  /** The service is not ready: 502. */
  setReady(ready: boolean): void;
  setIdle(milliseconds: number): void;
}

const details = {
  networkPolicy: 'Network policy is required.',
  invalidToken: 'The provided token is invalid.',
  expired: 'The credential has expired.',
  authentication: 'Authentication failed.',
  other: 'The endpoint is not open to this role.',
} as const;

const tokenForm = /^Snowflake Token="([^"]+)"$/;
/** Which types these are is not documented; these two are executable beyond doubt. */
const executable = new Set(['application/x-msdownload', 'application/x-sh']);
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect'];

/**
 * Plays the ingress of Snowpark Container Services in front of an MCP server
 * (https://docs.snowflake.com/en/developer-guide/snowpark-container-services/service-network-communications). Its headers are on
 * every answer, the app's too; what tells its rejections apart is their body. Whoever starts it closes it.
 */
export async function startSpcsIngress(options: SpcsIngressOptions): Promise<LabSpcsIngress> {
  const { endpointTokens } = options;
  const app = await startSpcsApp(options);
  const tokens = createSnowflakeTokens(options);
  tokens.levers.setBound(false);
  let idle = options.idleMilliseconds ?? 90_000;
  let ready = true;
  let rejected: { readonly rejection: IngressRejection; readonly status: number } | undefined;

  /** The user, or what the rejection says. */
  async function admit({ entry, noteToken }: Exchange): Promise<{ user: string } | IngressRejection> {
    const own = headerValues(entry, 'x-sf-spcs-authorization');
    const values = own.length > 0 ? own : headerValues(entry, 'authorization');
    const token = values.length === 1 ? tokenForm.exec(values[0] ?? '')?.[1] : undefined;
    if (token === undefined) return 'authentication';
    noteToken(token);
    const owner = endpointTokens?.(token);
    if (owner) return owner;
    const checked = await tokens.check(token, undefined);
    if (!(checked instanceof WarehouseError)) return { user: checked.user.name };
    if (checked.code === '390432') return 'networkPolicy';
    return checked.code === '390318' ? 'expired' : 'invalidToken';
  }

  function reject({ send }: Exchange, status: number, rejection: IngressRejection): void {
    const responseType = status === 403 ? 'ERROR_FORBIDDEN' : 'ERROR_UNAUTHORIZED';
    const body = { responseType, requestId: randomUUID(), detail: details[rejection] };
    send(status, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  const http = await startMcpHttp(async (exchange) => {
    const { entry } = exchange;
    if (entry.method === 'TRACE') return exchange.send(405, {}, '');
    if (rejected) return reject(exchange, rejected.status, rejected.rejection);
    const admitted = await admit(exchange);
    if (typeof admitted === 'string') return reject(exchange, 401, admitted);
    if (pathOf(exchange) === '/sfc-endpoint/logout') return exchange.send(200, {}, '');
    if (!ready) return exchange.send(502, { 'content-type': 'text/plain' }, 'The service is not ready.');
    forward(exchange, admitted.user);
  }, brand);

  function forward({ message, response, entry, cut }: Exchange, user: string): void {
    const headers = { ...passed(message.headers), 'sf-context-current-user': user.toUpperCase() };
    const { method, path, body } = entry;
    const [hostname, port] = app.host.split(':');
    const busy = whenIdle(response, cut);
    const onward = send({ hostname, port, method, path, headers }, (answer) => relay(answer, response, busy));
    onward.once('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    onward.end(body === '' ? undefined : body);
  }

  /** Returns what has to be called with every byte. */
  function whenIdle(response: ServerResponse, cut: () => void): () => void {
    let timer = setTimeout(cut, idle);
    response.once('close', () => clearTimeout(timer));
    return () => {
      clearTimeout(timer);
      timer = setTimeout(cut, idle);
    };
  }

  function relay(answer: IncomingMessage, response: ServerResponse, busy: () => void): void {
    const { server: _, 'x-powered-by': __, 'set-cookie': cookies = [], ...headers } = answer.headers;
    if (executable.has(answer.headers['content-type'] ?? '')) {
      answer.resume();
      response.writeHead(403).end();
      return;
    }
    for (const name of hopByHop.slice(0, 3)) delete headers[name];
    response.writeHead(answer.statusCode ?? 502, { ...headers, 'set-cookie': [...cookies, session()] });
    response.flushHeaders();
    answer.on('data', busy);
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  }

  return {
    ...http,
    issueProgrammaticToken: tokens.levers.issueProgrammaticToken,
    revokeProgrammaticToken: tokens.levers.revokeProgrammaticToken,
    rejectTokens: tokens.levers.rejectTokens,
    url: `${http.url}/mcp`,
    app,
    rejectWith(rejection, status = 401) {
      rejected = rejection && { rejection, status };
    },
    setReady(next) {
      ready = next;
    },
    setIdle(milliseconds) {
      idle = milliseconds;
    },
    async close() {
      await http.close();
      await app.close();
    },
  };
}

/** A cookie of the browser's sign-in. It is set for everybody, and taken from nobody here. */
function session(): string {
  return `sfc-ss-ingress-auth-v1-${randomBytes(8).toString('hex')}=${randomBytes(24).toString('hex')}; Path=/; Secure; HttpOnly`;
}

function brand(response: ServerResponse): void {
  response.setHeader('server', '_');
  response.setHeader('set-cookie', session());
}

/** What goes on to the app: all but Snowflake's own, and `Authorization` unless that is Snowflake's, too. */
function passed(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name, value]) =>
      !hopByHop.includes(name) &&
      name !== 'x-sf-spcs-authorization' &&
      !name.startsWith('sf-context-') &&
      !(name === 'authorization' && /^Snowflake Token=/i.test(String(value))),
  );
  return Object.fromEntries(kept);
}
