import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import type { Greeting } from '../../connectors/connector.ts';
import type { HostRule } from '../../core/connection.ts';
import {
  isCertificateCode,
  type NetworkFacts,
  proxyAway,
  proxyFor,
  proxyName,
  proxyRefusal,
  type ProxyServer,
} from '../../core/network.ts';

/** Why a place can not be reached. */
export type ReachFault =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'certificate'; readonly reason: string }
  | { readonly kind: 'insecure' };

export interface Reach {
  /** What was seen on the way, each a sentence. */
  readonly facts: readonly string[];
  readonly fault?: ReachFault | undefined;
  /** The server would take TLS where none is needed. */
  readonly unusedTls?: boolean | undefined;
}

/** Milliseconds for each step: an address, a connection, a proxy, TLS. */
const STEP = 10_000;
/** Bytes of a proxy's answer that are read. */
const MOST = 8192;
/** PostgreSQL's SSLRequest (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** A step that failed. */
class Fault extends Error {
  readonly fault: ReachFault;

  constructor(fault: ReachFault) {
    super(fault.kind);
    this.fault = fault;
  }
}

/**
 * Goes the way to a place step by step, as its driver will: name, proxy, connection, TLS. Where nothing is known of how it begins to
 * speak, the connection is the last step. Sends no credential but that of the proxy, and
 * says goodbye before anything of a protocol is spoken.
 */
export async function reach(place: HostRule, greeting: Greeting | undefined, network: NetworkFacts): Promise<Reach> {
  const facts: string[] = [];
  const sockets: Socket[] = [];
  try {
    const socket = await connected(place, greeting === 'web' ? network : undefined, { facts, sockets });
    const trail = { facts, sockets };
    if (place.secure) await secured(socket, place, greeting, trail);
    else if (greeting === 'postgres') return { facts, unusedTls: await offersTls(socket) };
    return { facts };
  } catch (error) {
    if (error instanceof Fault) return { facts, fault: error.fault };
    return { facts, fault: { kind: 'unreachable', reason: codeOf(error) } };
  } finally {
    hangUp(sockets.toReversed());
  }
}

/**
 * The outermost first, and what it stands on when it is gone: Node.js 24 crashes where a socket is destroyed under TLS that stands.
 */
function hangUp([outer, ...under]: readonly Socket[]): void {
  if (!outer) return;
  if (outer.closed) hangUp(under);
  else outer.once('close', () => hangUp(under));
  outer.destroy();
}

interface Trail {
  readonly facts: string[];
  readonly sockets: Socket[];
}

async function connected(place: HostRule, network: NetworkFacts | undefined, trail: Trail): Promise<Socket> {
  const host = withoutBrackets(place.host);
  const proxy = network && proxyFor(network, host, place.port);
  if (!proxy) {
    await addressOf(host, trail);
    return opened(host, place.port, trail);
  }
  const name = proxyName(proxy);
  trail.facts.push(`The way goes through the proxy ${name}.`);
  const socket = await toProxy(proxy, trail).catch((error: unknown) => {
    throw new Fault({ kind: 'unreachable', reason: proxyAway(name, codeOf(error)) });
  });
  const status = await tunnel(socket, proxy, `${host.includes(':') ? `[${host}]` : host}:${place.port}`);
  if (status !== 200) throw new Fault({ kind: 'unreachable', reason: proxyRefusal(name, status) });
  trail.facts.push('The proxy lets it through.');
  return socket;
}

async function addressOf(host: string, { facts }: Trail): Promise<void> {
  if (isIP(host) !== 0) return;
  const found = await inTime(lookup(host, { all: true }));
  facts.push(`${host} has the address ${found.map(({ address }) => address).join(', ')}.`);
}

async function opened(host: string, port: number, { facts, sockets }: Trail): Promise<Socket> {
  const socket = connect({ host, port });
  sockets.push(socket);
  await event(socket, 'connect');
  facts.push(`${host}:${port} takes connections.`);
  return socket;
}

async function toProxy({ protocol, host, port }: ProxyServer, { sockets }: Trail): Promise<Socket> {
  const secure = protocol === 'https';
  const socket = secure ? connectTls({ host, port, ...serverName(host) }) : connect({ host, port });
  sockets.push(socket);
  await event(socket, secure ? 'secureConnect' : 'connect');
  return socket;
}

/** RFC 9110 section 9.3.6. @returns the status of the proxy */
async function tunnel(socket: Socket, { user, password = '' }: ProxyServer, target: string): Promise<number> {
  const known =
    user === undefined ? '' : `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${known}\r\n`);
  let head = '';
  while (!head.includes('\r\n\r\n') && head.length < MOST) head += String(await event(socket, 'data'));
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
}

async function secured(
  socket: Socket,
  { host: given }: HostRule,
  greeting: Greeting | undefined,
  trail: Trail,
): Promise<void> {
  const host = withoutBrackets(given);
  if (greeting === 'postgres') {
    if (!(await offersTls(socket))) throw new Fault({ kind: 'insecure' });
    trail.facts.push('The server offers TLS; the driver checks its certificate.');
  }
  if (greeting !== 'web') return;
  const tls = connectTls({ socket, ...serverName(host), host });
  trail.sockets.push(tls);
  await event(tls, 'secureConnect').catch((error: unknown) => {
    const code = codeOf(error);
    throw new Fault({
      kind: isCertificateCode(code) || code.startsWith('ERR_TLS') ? 'certificate' : 'unreachable',
      reason: code,
    });
  });
  trail.facts.push(tlsFact(tls));
}

async function offersTls(socket: Socket): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = (await event(socket, 'data')) as Buffer;
  return answer.toString('latin1', 0, 1) === 'S';
}

function tlsFact(tls: TLSSocket): string {
  const { valid_to: until, issuer } = tls.getPeerCertificate();
  const by = [issuer?.O, issuer?.CN].flat().find((name) => name !== undefined && name !== '');
  const day = new Date(until ?? '');
  const end = Number.isNaN(day.getTime()) ? '' : `, good until ${day.toISOString().slice(0, 10)}`;
  return `${tls.getProtocol() ?? 'TLS'} stands, with a certificate of ${(by ?? 'an unnamed authority').slice(0, 100)}${end}.`;
}

const serverName = (host: string): { servername?: string } => (isIP(host) === 0 ? { servername: host } : {});

/** An IPv6 address in brackets, as URLs have it, is no name that can be looked up. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** The first event of this name, or the error, the end or the silence that comes in its place. */
function event(socket: Socket, name: 'connect' | 'secureConnect' | 'data'): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const closed = (): void => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
  socket.once(name, resolve).once('error', reject).once('close', closed);
  return inTime(promise).finally(() => {
    socket.off(name, resolve).off('error', reject).off('close', closed);
    // What comes after that is of no interest, and must have somebody who takes it.
    socket.on('error', () => undefined);
  });
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(Object.assign(new Error('slow'), { code: 'ETIMEDOUT' })), STEP);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'network error';
}
