import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import { type AwsAccountOptions, type AwsSession, createAccount } from './awsAccount.ts';
import { type AwsReply, type Elements, xmlError } from './awsAnswers.ts';
import { createRedshift, type RedshiftPassword } from './awsRedshift.ts';
import { createSignatureVerifier, rawPairs, type WireRequest } from './awsSignature.ts';
import { createSts } from './awsSts.ts';
import { listen } from './listen.ts';

export type { AwsRole } from './awsAccount.ts';

/** A request as it came in, whole: also what is secret in it. */
export interface AwsRequest extends WireRequest {
  readonly host: string;
  readonly form: Readonly<Record<string, string>>;
}

/** A host of AWS: its first label. */
export type AwsHost = 'sts' | 'redshift' | 'redshift-serverless';

/** Ways to fail: `throttled` is the status 400 of a service that is too busy, `hangUp` a connection that dies. */
export type AwsFault = 'unavailable' | 'throttled' | 'redirect' | 'hangUp';

export interface RdsCaller {
  readonly user: string;
  /** As CloudTrail calls the session. */
  readonly signedBy: string;
}

export interface LabAws {
  /** Oldest first. */
  readonly requests: readonly AwsRequest[];
  /** Passwords of Redshift so far. */
  readonly passwords: readonly RedshiftPassword[];
  /** What a name server and the internet do: requests for hosts of AWS in the lab's region arrive here, all others fail. */
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Every request to this host fails in this way until it is undefined again. */
  fail(host: AwsHost, fault: AwsFault | undefined): void;
  /** Every request to this host is answered so until it is undefined again. */
  answerWith(host: AwsHost, reply: Pick<AwsReply, 'status' | 'body'> | undefined): void;
  /** Good answers of this host have these fields instead of their own; `undefined` leaves one out. */
  amend(host: AwsHost, fields: Readonly<Record<string, unknown>>): void;
  /** The clock of AWS is ahead by this. */
  shiftClock(minutes: number): void;
  /** The session that keys belong to. */
  session(accessKeyId: string): AwsSession | undefined;
  /** Stands in for a database instance: as whom its server takes a token. */
  verifyRdsToken(
    token: string,
    server: { readonly host: string; readonly port: number },
  ): RdsCaller | { readonly problem: string };
  close(): Promise<void>;
}

/** Plays AWS STS, Amazon Redshift and RDS of one account in one region. Whoever starts it closes it. */
export async function startAws(options: AwsAccountOptions): Promise<LabAws> {
  const requests: AwsRequest[] = [];
  const passwords: RedshiftPassword[] = [];
  const faults = new Map<string, AwsFault>();
  const replies = new Map<string, Pick<AwsReply, 'status' | 'body'>>();
  const amended = new Map<string, Readonly<Record<string, unknown>>>();
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const account = createAccount(options);
  const verifier = createSignatureVerifier({ region: options.region, keysOf: account.session, now });
  const sts = createSts({ account, now, amended: () => (amended.get('sts') ?? {}) as Elements });
  const redshift = (host: AwsHost) =>
    createRedshift({ account, now, amended: () => amended.get(host) ?? {}, issued: passwords });

  async function reply(request: AwsRequest): Promise<AwsReply> {
    const bare = (status: number): AwsReply => ({ status, headers: {}, body: '' });
    if (request.method !== 'POST' || request.target !== '/') return bare(404);
    const form = new Map(Object.entries(request.form));
    const type = request.headers['content-type'] ?? '';
    const query = /^application\/x-www-form-urlencoded(?:;|$)/.test(type);
    const service = serviceOf(request.host, options.region);
    if (service === undefined) return bare(421);
    if (service === 'redshift-serverless') {
      const verdict = verifier.verifyRequest(request, service);
      const target = request.headers['x-amz-target'] ?? '';
      return type === 'application/x-amz-json-1.1'
        ? redshift(service).serverless(request.body, target, verdict)
        : bare(415);
    }
    if (!query) return bare(415);
    return service === 'sts' ? sts(form) : redshift(service).cluster(form, verifier.verifyRequest(request, service));
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await received(incoming);
    requests.push(request);
    const host = serviceOf(request.host, options.region) ?? '';
    const fault = faults.get(host);
    if (fault === 'hangUp') {
      incoming.socket.destroy();
      return;
    }
    const planned = replies.get(host);
    const answer = failure(fault) ?? (planned ? { ...planned, headers: {} } : await reply(request));
    response.writeHead(answer.status, { date: new Date(now()).toUTCString(), ...answer.headers }).end(answer.body);
  }

  const server = createServer({ maxHeaderSize: 65_536 }, (incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  const { host: own, close } = await listen(server);

  return {
    requests,
    passwords,
    async fetch(address, init) {
      const { protocol, host, pathname, search } = new URL(address);
      if (protocol !== 'https:' || serviceOf(host, options.region) === undefined)
        throw Object.assign(new Error('not in the lab'), { code: 'ENOTFOUND' });
      const headers = new Headers(init.headers);
      // fetch writes Host itself.
      headers.set('x-lab-host', host);
      return fetch(`http://${own}${pathname}${search}`, { ...init, headers });
    },
    fail: (host, fault) => void (fault === undefined ? faults.delete(host) : faults.set(host, fault)),
    answerWith: (host, planned) => void (planned === undefined ? replies.delete(host) : replies.set(host, planned)),
    amend: (host, fields) => void amended.set(host, fields),
    shiftClock: (minutes) => void (ahead = minutes * 60_000),
    session: (accessKeyId) => account.session(accessKeyId),
    verifyRdsToken(token, { host, port }) {
      const address = `${host}:${port}`;
      if (!token.startsWith(`${address}/?`)) return { problem: 'address' };
      const target = token.slice(address.length);
      const verdict = verifier.verifyQuery(
        { method: 'GET', target, headers: { host: address }, body: '' },
        'rds-db',
        900,
      );
      const session = account.session(verdict.accessKeyId ?? '');
      if (!session) return { problem: verdict.problem ?? 'key' };
      const fields = new Map(rawPairs(target));
      const user = fields.get('DBUser');
      if (fields.get('Action') !== 'connect' || user === undefined) return { problem: 'action' };
      if (!account.allows(session, 'rds-db:connect')) return { problem: 'permission' };
      return { user, signedBy: account.nameOf(session) };
    },
    close,
  };
}

function serviceOf(host: string, region: string): AwsHost | undefined {
  const [, service] =
    new RegExp(`^(sts|redshift|redshift-serverless)\\.${region}\\.amazonaws\\.com(?:\\.cn)?$`).exec(host) ?? [];
  return service as AwsHost | undefined;
}

async function received(incoming: IncomingMessage): Promise<AwsRequest> {
  const body = await text(incoming);
  const { 'x-lab-host': host, ...rest } = incoming.headers;
  const headers = Object.fromEntries(Object.entries({ ...rest, host }).map(([name, value]) => [name, String(value)]));
  const form = Object.fromEntries(new URLSearchParams(body));
  return {
    method: incoming.method ?? '',
    target: incoming.url ?? '',
    host: headers['host'] ?? '',
    headers,
    body,
    form,
  };
}

function failure(fault: AwsFault | undefined): AwsReply | undefined {
  if (fault === 'unavailable') return { status: 503, headers: {}, body: 'Service Unavailable' };
  if (fault === 'throttled')
    return xmlError(400, 'Throttling', 'Rate exceeded', 'https://sts.amazonaws.com/doc/2011-06-15/');
  return fault === 'redirect' ? { status: 307, headers: { location: 'https://evil.example/' }, body: '' } : undefined;
}
