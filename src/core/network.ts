import { isLoopback } from './connection.ts';

/** An HTTP proxy. User and password are a secret: they cross between processes over the IPC channel only. */
export interface ProxyServer {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** How this machine reaches the network, as the editor has been told. Plain data. */
export interface NetworkFacts {
  /** Absent: everything is reached directly. */
  readonly proxy?: ProxyServer | undefined;
  /** `host`, `.domain`, `*.domain`, each with or without `:port`, or `*`; lower case. */
  readonly noProxy: readonly string[];
}

export const directNetwork: NetworkFacts = { noProxy: [] };

/** What the editor was told: its settings, and the environment that it was started in. */
export interface NetworkWords {
  /** `http.proxy` */
  readonly proxy: unknown;
  /** `http.noProxy` */
  readonly noProxy: unknown;
  /** `http.proxySupport` */
  readonly support: unknown;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The facts, and the proxy that was meant but can't be used: of another kind, or not an address. Never with user and password. */
export interface NetworkReading {
  readonly facts: NetworkFacts;
  readonly unusable?: string | undefined;
}

/** Settings win over the environment, each for itself, as in the editor's own client (@vscode/proxy-agent 0.45). */
export function readNetwork({ proxy, noProxy, support, environment }: NetworkWords): NetworkReading {
  if (support === 'off') return { facts: directNetwork };
  const named = (name: string): string | undefined => environment[name] || environment[name.toUpperCase()];
  const configured = Array.isArray(noProxy) ? noProxy.filter((entry) => typeof entry === 'string') : [];
  const list = configured.length > 0 ? configured : (named('no_proxy') ?? '').split(',');
  const entries = list.map((entry) => entry.trim().toLowerCase()).filter((entry) => entry !== '');
  const ownWord = typeof proxy === 'string' ? proxy.trim() : '';
  const word = ownWord || (named('https_proxy') || named('http_proxy') || '').trim();
  if (word === '') return { facts: { noProxy: entries } };
  const server = proxyServer(word);
  return server
    ? { facts: { proxy: server, noProxy: entries } }
    : { facts: { noProxy: entries }, unusable: /^([a-z][a-z0-9]{0,20}):\/\//i.exec(word)?.[1] ?? 'no address' };
}

/** The proxy on the way to a host, if there is one. What is on this machine is never asked for through a proxy. */
export function proxyFor({ proxy, noProxy }: NetworkFacts, host: string, port: number): ProxyServer | undefined {
  const name = host.toLowerCase();
  if (!proxy || isLoopback(name) || name === '::ffff:127.0.0.1') return undefined;
  return noProxy.some((entry) => covers(entry, name, port)) ? undefined : proxy;
}

/** Whether an entry that may end in a port speaks of this one, and of which domain (without a leading dot); `*` for all. */
export function domainAt(entry: string, port: number): string | undefined {
  // As it stands: an IPv6 address has colons of its own, with brackets or without.
  const [, name = entry, own] = /^((?:\[[^\]]*\]|[^:]+)):(\d+)$/.exec(entry) ?? [];
  if (own !== undefined && Number(own) !== port) return undefined;
  if (name === '*') return '*';
  return name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
}

function covers(entry: string, host: string, port: number): boolean {
  const domain = domainAt(entry, port);
  if (domain === undefined || domain === '') return false;
  return domain === '*' || `.${host.replace(/^\[|\]$/g, '')}`.endsWith(`.${domain}`);
}

/** For messages: a proxy without its user and password. */
export function proxyName({ host, port }: ProxyServer): string {
  return `${host}:${port}`;
}

/** A request that ended at the proxy; nobody behind it was asked. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault';
}

export function proxyRefusal(proxy: string, status: number): string {
  return status === 407
    ? `the proxy ${proxy} wants another user and password, HTTP status 407`
    : `the proxy ${proxy} does not let it through, HTTP status ${status}`;
}

export function proxyAway(proxy: string, code: string): string {
  return `the proxy ${proxy} does not answer, ${code}`;
}

/** Codes of a connection that never came to be (Node.js, undici). */
export const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Codes with which Node.js (OpenSSL) refuses a certificate (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

export function isCertificateCode(code: string): boolean {
  return CERTIFICATE_CODES.has(code);
}

function proxyServer(word: string): ProxyServer | undefined {
  const url = URL.parse(word);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') return undefined;
  const secure = url.protocol === 'https:';
  return {
    protocol: secure ? 'https' : 'http',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    ...(url.username !== '' && { user: decoded(url.username), password: decoded(url.password) }),
  };
}

/** A percent sign that begins nothing stands for itself. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}
