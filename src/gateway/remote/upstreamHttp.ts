import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';

import { HttpsProxyAgent } from 'https-proxy-agent';

import { PassportError } from '../../core/errors.ts';
import {
  isCertificateCode,
  type NetworkFacts,
  proxyAway,
  proxyFor,
  ProxyFault,
  proxyName,
  proxyRefusal,
  type ProxyServer,
} from '../../core/network.ts';
import { networkReason } from '../../core/networkReason.ts';
import { headerProblem } from './headerCheck.ts';

/** Milliseconds that an idle connection is kept: less than the ingress of any provider, more than a model thinks. */
const KEPT = 30_000;
/** Milliseconds for a connection to come to be. */
const CONNECT = 20_000;

export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Every field; nothing is added but what HTTP itself needs. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** True for what does no harm when it comes twice: it is sent once more when a kept connection turns out to be dead. */
  readonly repeatable: boolean;
  /** Path and query on the same origin, where they are not those of the address. */
  readonly path?: string | undefined;
  /** Ends the request itself. */
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** To be read or destroyed by the caller. */
  readonly body: IncomingMessage;
}

/** One address behind HTTP. Never follows a redirect, never sends to another origin. */
export interface UpstreamHttp {
  /**
   * @throws PassportError DP-MCP-HEADER, DP-MCP-UNREACHABLE, DP-MCP-CERTIFICATE (nothing was sent), DP-MCP-LOST (it may have arrived);
   * the signal's reason
   */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** Closes idle connections. */
  close(): void;
}

export interface UpstreamPorts {
  readonly url: string;
  /** Id of the connection, for error parameters. */
  readonly connection: string;
  readonly network: NetworkFacts;
}

/** A request that failed, and whether its bytes can have arrived. */
class Failed extends Error {
  readonly sent: boolean;
  readonly reused: boolean;

  constructor(cause: unknown, { sent, reused }: { sent: boolean; reused: boolean }) {
    super('failed', { cause });
    this.sent = sent;
    this.reused = reused;
  }
}

export function upstreamHttp({ url, connection, network }: UpstreamPorts): UpstreamHttp {
  const target = new URL(url);
  const secure = target.protocol === 'https:';
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port === '' ? (secure ? 443 : 80) : Number(target.port);
  const proxy = proxyFor(network, host, port);
  const agent = agentFor(secure, proxy);
  const open = secure ? secureRequest : request;

  function once({ method, headers, body, path, signal }: UpstreamRequest): Promise<UpstreamAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = open({
        // The proxy's agent knows a kept connection again by it.
        protocol: target.protocol,
        host,
        port,
        path: path ?? target.pathname + target.search,
        method,
        headers: body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        agent,
      });
      // Like the option `signal`, without a second look at the ends of the stream in every call.
      const onAbort = (): void => void outgoing.destroy(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      outgoing.once('close', () => signal.removeEventListener('abort', onAbort));
      let connected = false;
      let refusal: Error | undefined;
      if (proxy) {
        outgoing.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
          if (statusCode !== 200) refusal = new ProxyFault(proxyRefusal(proxyName(proxy), statusCode));
        });
      }
      watch(outgoing, secure, () => {
        connected = true;
      });
      const fail = (error: unknown): void =>
        reject(new Failed(error, { sent: connected, reused: outgoing.reusedSocket }));
      outgoing.once('error', fail);
      // What is no answer, such as another protocol (status 101), ends here.
      outgoing.once('upgrade', (_answer, socket) => {
        socket.destroy();
        fail(Object.assign(new Error('upgrade'), { code: 'UNEXPECTED_UPGRADE' }));
      });
      outgoing.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
      outgoing.once('response', (answer) => {
        if (refusal) {
          answer.destroy();
          return reject(new Failed(refusal, { sent: false, reused: false }));
        }
        outgoing.off('error', fail);
        // What happens from here on is told by the body.
        outgoing.on('error', () => undefined);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
      });
      outgoing.end(body);
    });
  }

  function named(failure: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (!(failure instanceof Failed)) return failure;
    const { cause, sent } = failure;
    const code = codeOf(cause);
    const where = `${target.hostname}:${port}`;
    if (code !== undefined && (isCertificateCode(code) || code.startsWith('ERR_TLS')))
      return new PassportError('DP-MCP-CERTIFICATE', { host: where, reason: code });
    if (sent) return new PassportError('DP-MCP-LOST', { connection, reason: networkReason(cause) });
    const away =
      proxy && !(cause instanceof ProxyFault) ? proxyAway(proxyName(proxy), networkReason(cause)) : undefined;
    return new PassportError('DP-MCP-UNREACHABLE', { connection, host: where, reason: away ?? networkReason(cause) });
  }

  return {
    async send(wanted) {
      const wrong = headerProblem(wanted.headers);
      if (wrong) throw new PassportError('DP-MCP-HEADER', { connection, ...wrong });
      wanted.signal.throwIfAborted();
      try {
        return await once(wanted).catch((failure: unknown) => {
          const stale = failure instanceof Failed && failure.reused && wanted.repeatable && !wanted.signal.aborted;
          if (stale) return once(wanted);
          throw failure;
        });
      } catch (failure) {
        throw named(failure, wanted.signal);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Calls back when the connection stands, so that what fails before can not have been sent. */
function watch(outgoing: ClientRequest, secure: boolean, onConnected: () => void): void {
  // Known at once where the agent had a connection left.
  if (outgoing.reusedSocket) return onConnected();
  const timer = setTimeout(() => outgoing.destroy(Object.assign(new Error('slow'), { code: 'ETIMEDOUT' })), CONNECT);
  outgoing.once('close', () => clearTimeout(timer));
  outgoing.once('socket', (socket) => {
    const stands = (): void => {
      clearTimeout(timer);
      onConnected();
    };
    // Through a proxy the socket stands before TLS does.
    const { secureConnecting = false } = socket as { secureConnecting?: boolean };
    if (!(socket.connecting || (secure && secureConnecting))) stands();
    else socket.once(secure ? 'secureConnect' : 'connect', stands);
  });
}

function agentFor(secure: boolean, proxy: ProxyServer | undefined): HttpAgent {
  const options = { keepAlive: true, maxFreeSockets: 32, timeout: KEPT, scheduling: 'lifo' as const };
  if (!proxy) return secure ? new HttpsAgent(options) : new HttpAgent(options);
  const { protocol, host, port, user, password = '' } = proxy;
  const address = new URL(`${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const known =
    user === undefined
      ? {}
      : { 'Proxy-Authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  const agent = new HttpsProxyAgent(address, { ...options, headers: known });
  // Its constructor forgets how long an idle connection is kept.
  agent.options.timeout = KEPT;
  return agent;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
