import { createHmac, createPublicKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { labUsers, type LabUserName } from '../sampleData.ts';
import { listen } from './listen.ts';
import { type KeyPairProblem, verifyKeyPairJwt } from './snowflakeKeyPairJwt.ts';

export interface SnowflakeKeyPairOptions {
  /** As its URL names it, in upper case. */
  readonly account: string;
  /** Host of the only public endpoint of a service. */
  readonly endpoint: string;
}

export interface SnowflakeRequest {
  readonly method: string;
  readonly path: string;
  status?: number;
  /** Of an exchange. */
  scope?: string;
  /** Why a JWT was refused, which the answer may hide. */
  problem?: KeyPairProblem;
}

export interface LabSnowflakeKeyPair {
  readonly url: string;
  /** With its port. */
  readonly host: string;
  /** Every request so far, oldest first; holds no secret. */
  readonly requests: readonly SnowflakeRequest[];
  /** `ALTER USER … SET RSA_PUBLIC_KEY` and `RSA_PUBLIC_KEY_2`: the last two count. */
  addPublicKey(user: LabUserName, pem: string): void;
  removePublicKeys(user: LabUserName): void;
  /** As whom the endpoint's gateway lets a token in. */
  ownerOf(token: string): { readonly user: string; readonly role: string } | undefined;
  /** From now on tokens are opaque, and nobody but Snowflake knows when they end. */
  setOpaque(): void;
  /** Refusals name the reason itself, as some of the real ones do; else all of them are 390144 with the id of the failure. */
  tellReasons(): void;
  /** The clock of the account is ahead of this machine's. */
  shiftClock(seconds: number): void;
  /** Everything is answered with this until it is undefined again. */
  answerWith(answer: { readonly status: number; readonly body: string } | undefined): void;
  close(): Promise<void>;
}

/** Parts of an exchange's scope. */
interface Scope {
  readonly endpoint: string | undefined;
  readonly role: string | undefined;
}

/** Life of a token for the endpoint. */
const TOKEN_SECONDS = 600;

class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Plays an account of Snowflake for key-pair JWTs: `/api/v2/statements` takes one as a bearer token and says as whom, and
 * `/oauth/token` exchanges it for the token of an endpoint of Snowpark Container Services, as plain text.
 *
 * How `/oauth/token` refuses is not documented: here in the form of the SQL API, which was seen in public reports.
 */
export async function startSnowflakeKeyPair(options: SnowflakeKeyPairOptions): Promise<LabSnowflakeKeyPair> {
  const { account, endpoint } = options;
  const requests: SnowflakeRequest[] = [];
  const keys = new Map<string, readonly KeyObject[]>(labUsers.map(({ name }) => [name.toUpperCase(), []]));
  const issued = new Map<string, { readonly user: string; readonly role: string; readonly endsAt: number }>();
  const signingKey = randomBytes(32);
  let ahead = 0;
  let opaque = false;
  let tellsReasons = false;
  let instead: { readonly status: number; readonly body: string } | undefined;
  const now = (): number => Date.now() + ahead * 1000;

  function whoseJwt(token: string, request: SnowflakeRequest): string {
    const verified = verifyKeyPairJwt(token, { account, keys, now: now() });
    if ('user' in verified) return verified.user;
    request.problem = verified.problem;
    throw new Refused(401, tellsReasons ? verified.problem : '390144', `JWT token is invalid. [${randomUUID()}]`);
  }

  async function exchange(message: IncomingMessage, request: SnowflakeRequest): Promise<string> {
    const { headers } = message;
    if (headers['content-type'] !== 'application/x-www-form-urlencoded' || headers.authorization !== undefined)
      throw new Refused(400, 'invalid_request', 'This is an invalid request.');
    const form = new URLSearchParams(await text(message));
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      throw new Refused(400, 'unsupported_grant_type', 'The grant type is not supported.');
    request.scope = form.get('scope') ?? '';
    const wanted = scopeIn(request.scope);
    const user = whoseJwt(form.get('assertion') ?? '', request);
    const role = (wanted.role ?? 'ANALYST').toUpperCase();
    const granted = labUsers.find(({ name }) => name.toUpperCase() === user)?.roles ?? [];
    if (!granted.some((each) => each === role)) throw new Refused(400, '390186', `Role '${role}' is not granted.`);
    if (wanted.endpoint !== endpoint) throw new Refused(400, 'invalid_scope', 'The scope is invalid.');
    const endsAt = Math.floor(now() / 1000) + TOKEN_SECONDS;
    const token = opaque ? `ver:1-hint:1-${randomBytes(48).toString('base64')}` : signed({ user, endsAt });
    issued.set(token, { user, role, endsAt });
    return token;
  }

  function signed({ user, endsAt }: { readonly user: string; readonly endsAt: number }): string {
    const parts = [{ alg: 'HS256' }, { sub: user, exp: endsAt, jti: randomUUID() }];
    const body = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${body}.${createHmac('sha256', signingKey).update(body).digest('base64url')}`;
  }

  function statement({ headers }: IncomingMessage, request: SnowflakeRequest): string {
    if (headers['user-agent'] === undefined) throw new Refused(400, '391903', 'User-Agent is required.');
    const type = headers['x-snowflake-authorization-token-type'] ?? 'KEYPAIR_JWT';
    const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
    if (type !== 'KEYPAIR_JWT' || token === undefined) throw new Refused(401, '390104', 'Session token is not valid.');
    return JSON.stringify({ code: '090001', data: [[whoseJwt(token, request)]] });
  }

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: SnowflakeRequest = { method: message.method ?? '', path: message.url ?? '' };
    requests.push(request);
    const send = (status: number, type: string, body: string): void => {
      request.status = status;
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    try {
      if (instead) return send(instead.status, 'text/html', instead.body);
      const called = `${request.method} ${request.path}`;
      if (called === 'POST /oauth/token') return send(200, 'text/plain', await exchange(message, request));
      if (called === 'POST /api/v2/statements') return send(200, 'application/json', statement(message, request));
      send(404, 'text/html', '<html>Not found</html>');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { status, code, message: said } = error;
      const named = /^\d+$/.test(code) ? { code } : { code: null, error: code };
      send(status, 'application/json', JSON.stringify({ data: null, ...named, message: said, success: false }));
    }
  }

  const server = createServer((message, response) => {
    answer(message, response).catch(() => response.destroy());
  });
  const { host, close } = await listen(server);
  return {
    url: `http://${host}`,
    host,
    requests,
    addPublicKey(user, pem) {
      const name = user.toUpperCase();
      keys.set(name, [...(keys.get(name) ?? []), createPublicKey(pem)].slice(-2));
    },
    removePublicKeys: (user) => void keys.set(user.toUpperCase(), []),
    ownerOf(token) {
      const found = issued.get(token);
      return found && found.endsAt * 1000 > now() ? { user: found.user, role: found.role } : undefined;
    },
    setOpaque() {
      opaque = true;
    },
    tellReasons() {
      tellsReasons = true;
    },
    shiftClock(seconds) {
      ahead = seconds;
    },
    answerWith(answer) {
      instead = answer;
    },
    close,
  };
}

function scopeIn(scope: string): Scope {
  const words = scope.split(' ');
  const roles = words.flatMap((word) => /^session:role:(.+)$/.exec(word)?.[1] ?? []);
  const endpoints = words.filter((word) => !word.startsWith('session:'));
  return { endpoint: endpoints.length === 1 ? endpoints[0] : undefined, role: roles[0] };
}
