import { type KeyObject, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { listen } from './listen.ts';

export type Level = 'read' | 'write' | 'admin';
export type Permissions = Readonly<Record<string, Level>>;

export interface LabApp {
  readonly id: number;
  readonly clientId: string;
  readonly publicKey: KeyObject;
}

export interface LabInstallation {
  readonly id: number;
  readonly app: LabApp;
  /** Organization. */
  readonly account: string;
  /** Names of the repositories that it is for. */
  readonly repositories: readonly string[];
  readonly permissions: Permissions;
  readonly suspended?: boolean;
}

export interface GitHubOptions {
  readonly installations: readonly LabInstallation[];
  /** Where the API is: `/api/v3` for GitHub Enterprise Server; default: at the root. */
  readonly prefix?: string;
  /** Tokens have the form of 2026 (`ghs_<app>_<JWT>`) instead of 40 characters. */
  readonly stateless?: boolean;
}

/** A request as it came in, whole: also what is secret in it. */
export interface GitHubRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a token is good for. */
export interface GitHubCaller {
  readonly installation: number;
  readonly permissions: Permissions;
  /** Absent: all of the installation. */
  readonly repositories: readonly string[] | undefined;
}

export type GitHubFault =
  | 'unavailable'
  | 'tooManyRequests'
  | 'rateLimit'
  | 'secondaryRateLimit'
  | 'moved'
  | 'html'
  | 'hangUp';

export interface LabGitHub {
  /** Address of the REST API. */
  readonly url: string;
  /** Oldest first. */
  readonly requests: readonly GitHubRequest[];
  /** Stands in for the rest of the API: undefined where it answers 401. */
  whois(token: string): GitHubCaller | undefined;
  /** Every request fails in this way until it is undefined again. */
  fail(fault: GitHubFault | undefined): void;
  /** Every request is answered so until it is undefined again. */
  answerWith(reply: Reply | undefined): void;
  /** Good answers of this method have these fields instead of their own; `undefined` leaves one out. */
  amend(method: 'GET' | 'POST', fields: Readonly<Record<string, unknown>>): void;
  /** GitHub's clock is ahead by this. */
  shiftClock(minutes: number): void;
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const levels: readonly Level[] = ['read', 'write', 'admin'];
/** Permissions without `read`, as GitHub's OpenAPI description has them. */
const writeOnly: ReadonlySet<string> = new Set(['workflows', 'profile']);
const documentation = 'https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app';

const error = (status: number, message: string): Reply => ({
  status,
  body: { message, documentation_url: documentation, status: String(status) },
});

const faults: Readonly<Record<Exclude<GitHubFault, 'hangUp'>, Reply>> = {
  unavailable: { status: 503, body: '<title>Unicorn!</title>' },
  tooManyRequests: error(429, 'API rate limit exceeded'),
  rateLimit: { ...error(403, 'API rate limit exceeded'), headers: { 'x-ratelimit-remaining': '0' } },
  secondaryRateLimit: { ...error(403, 'You have exceeded a secondary rate limit'), headers: { 'retry-after': '60' } },
  moved: { ...error(301, 'Moved Permanently'), headers: { location: 'https://evil.example/' } },
  html: { status: 200, body: '<!doctype html><title>Welcome to the guest network</title>' },
};

/**
 * Plays the part of GitHub's REST API that apps use (https://docs.github.com/rest/apps/apps). Messages as people quote them.
 * Whoever starts it closes it.
 */
export async function startGitHub({
  installations,
  prefix = '',
  stateless = false,
}: GitHubOptions): Promise<LabGitHub> {
  const requests: GitHubRequest[] = [];
  const tokens = new Map<string, GitHubCaller & { readonly ends: number }>();
  const amended = new Map<string, Readonly<Record<string, unknown>>>();
  let fault: GitHubFault | undefined;
  let planned: Reply | undefined;
  let ahead = 0;
  const now = (): number => Date.now() + ahead;

  /** Which app signed; or why nobody did. */
  function authenticate(authorization: string): LabApp | Reply {
    const undecodable = error(401, 'A JSON web token could not be decoded');
    const [, head = '', payload = '', signature = ''] =
      /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
    const [header, claims] = [decoded(head), decoded(payload)];
    if (header?.['alg'] !== 'RS256' || !claims) return undecodable;
    const { iss, iat, exp } = claims;
    const app = installations
      .map((each) => each.app)
      .find(({ id, clientId }) => iss === clientId || String(iss) === String(id));
    if (!app) return error(404, 'Integration not found');
    const signed = verify(
      'sha256',
      Buffer.from(`${head}.${payload}`),
      app.publicKey,
      Buffer.from(signature, 'base64url'),
    );
    if (!signed) return undecodable;
    const seconds = Math.floor(now() / 1000);
    if (typeof exp !== 'number' || exp <= seconds)
      return error(
        401,
        "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
      );
    if (exp > seconds + 600) return error(401, "'Expiration time' claim ('exp') is too far in the future");
    if (!Number.isInteger(iat) || Number(iat) > seconds)
      return error(
        401,
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
      );
    return app;
  }

  function find(path: string, app: LabApp): LabInstallation | undefined {
    const [kind, ...rest] = path.split('/').slice(1).map(decodeURIComponent);
    return installations.find((each) => {
      if (each.app !== app) return false;
      if (kind === 'orgs') return rest.join('/') === `${each.account}/installation`;
      if (kind === 'repos')
        return each.repositories.some((name) => rest.join('/') === `${each.account}/${name}/installation`);
      return kind === 'app' && rest[0] === 'installations' && rest[1] === String(each.id);
    });
  }

  function issue(installation: LabInstallation, body: Readonly<Record<string, unknown>>): Reply {
    if (installation.suspended === true) return error(403, 'This installation has been suspended');
    const wanted = body['permissions'] as Permissions | undefined;
    // An empty object is no wish.
    const permissions = wanted && Object.keys(wanted).length > 0 ? wanted : installation.permissions;
    for (const [name, level] of Object.entries(permissions)) {
      const granted = installation.permissions[name];
      if (granted === undefined) return error(422, 'The permissions requested are not granted to this installation.');
      if (levels.indexOf(level) > levels.indexOf(granted))
        return error(422, 'The level of access for permissions requested are not granted to this installation.');
      if (writeOnly.has(name) && level === 'read')
        return error(422, 'There is at least one permission action that is not supported.');
    }
    const repositories = body['repositories'] as string[] | undefined;
    if (repositories?.some((name) => !installation.repositories.includes(name)) === true)
      return error(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    const random = (length: number): string => randomBytes(length).toString('base64url');
    const jwt = `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from('{"exp":1}').toString('base64url')}.${random(64)}`;
    const token = stateless
      ? `ghs_${installation.app.id}_${jwt}`
      : `ghs_${random(60).replaceAll(/[-_]/g, 'x').slice(0, 36)}`;
    const ends = Math.floor(now() / 1000) * 1000 + 3_600_000;
    tokens.set(token, { installation: installation.id, permissions, repositories, ends });
    return {
      status: 201,
      body: {
        token,
        expires_at: new Date(ends).toISOString().replace('.000Z', 'Z'),
        permissions: { ...permissions, metadata: 'read' },
        repository_selection: repositories ? 'selected' : 'all',
        ...amended.get('POST'),
      },
    };
  }

  function reply({ method, path, headers, body }: GitHubRequest): Reply {
    if (headers['user-agent'] === undefined) return error(403, 'Request forbidden by administrative rules.');
    if (headers['x-github-api-version'] !== '2022-11-28') return error(400, 'Unsupported API version');
    if (headers['accept'] !== 'application/vnd.github+json') return error(415, 'Unsupported Accept header');
    if (!path.startsWith(`${prefix}/`)) return error(404, 'Not Found');
    const app = authenticate(headers['authorization'] ?? '');
    if ('status' in app) return app;
    const own = path.slice(prefix.length);
    const installation = find(own, app);
    const creates = own.endsWith('/access_tokens');
    if (!installation || creates !== (method === 'POST')) return error(404, 'Not Found');
    if (creates) return issue(installation, body as Readonly<Record<string, unknown>>);
    const { id, account, permissions, suspended = false } = installation;
    const suspended_at = suspended ? new Date(now()).toISOString() : null;
    return {
      status: 200,
      body: { id, account: { login: account }, app_id: app.id, permissions, suspended_at, ...amended.get('GET') },
    };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await received(incoming);
    requests.push(request);
    if (fault === 'hangUp') {
      incoming.socket.destroy();
      return;
    }
    const { status, headers = {}, body } = planned ?? (fault === undefined ? reply(request) : faults[fault]);
    const written = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/html' : 'application/json; charset=utf-8';
    response.writeHead(status, { 'content-type': type, date: new Date(now()).toUTCString(), ...headers }).end(written);
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  const { host, close } = await listen(server);
  return {
    url: `http://${host}${prefix}`,
    requests,
    whois(token) {
      const { ends = 0, ...caller } = tokens.get(token) ?? {};
      return ends > now() ? (caller as GitHubCaller) : undefined;
    },
    fail: (wanted) => void (fault = wanted),
    answerWith: (wanted) => void (planned = wanted),
    amend: (method, fields) => void amended.set(method, fields),
    shiftClock: (minutes) => void (ahead = minutes * 60_000),
    close,
  };
}

async function received(incoming: IncomingMessage): Promise<GitHubRequest> {
  const body = await text(incoming);
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const { method = '', url: path = '' } = incoming;
  return { method, path, headers, body: body === '' ? undefined : (JSON.parse(body) as unknown) };
}

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
