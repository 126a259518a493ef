import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { databaseName, publicSchema, schemaName, serverVersion } from './database.ts';
import type { Binding, Bindings } from './dialect.ts';
import { canceled, loginRefused, unknownQuery, WarehouseError } from './errors.ts';
import type { Logins } from './login.ts';
import {
  failure,
  finished,
  formatParameters,
  inProgress,
  success,
  type Envelope,
  type ResultChunks,
} from './results.ts';
import type { Session, Sessions, SessionTokens } from './sessions.ts';
import type { Statement, Statements } from './statements.ts';

export interface ProtocolParts {
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly statements: Statements;
  readonly chunks: ResultChunks;
  readonly levers: ProtocolLevers;
  readonly baseUrl: () => string;
}

/** Turned by the tests while the server runs. */
export interface ProtocolLevers {
  /** Every login fails with this code. */
  refuseLogins: string | undefined;
  /** Answers to statements come this much later. */
  stallMilliseconds: number;
  /** Everything is answered with this HTTP status. */
  httpFailure: number | undefined;
  /** How long a statement may run before the driver has to poll, and how long one poll waits. */
  readonly syncMilliseconds: number;
  readonly pollMilliseconds: number;
  telemetry: number;
  logins: number;
}

const sessionSeconds = 3600;
const masterSeconds = 14_400;

interface Call {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly body: Readonly<Record<string, unknown>>;
}

type Handler = (call: Call, match: string) => Promise<Envelope> | Envelope;

/** Version 1 of the drivers' protocol: one handler for each address. */
export function createProtocol(
  parts: ProtocolParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { logins, sessions, statements, chunks, levers, baseUrl } = parts;

  async function login({ url, body }: Call): Promise<Envelope> {
    if (levers.refuseLogins !== undefined) throw loginRefused(levers.refuseLogins);
    const data = record(body['data']);
    const requested = (name: string): string | undefined => url.searchParams.get(name)?.toUpperCase() ?? undefined;
    const loginName = data['LOGIN_NAME'];
    const requestedRole = requested('roleName');
    const principal = await logins.check({
      authenticator: text(data['AUTHENTICATOR']),
      token: text(data['TOKEN']),
      ...(typeof loginName === 'string' && loginName !== '' ? { loginName } : {}),
      ...(requestedRole === undefined ? {} : { requestedRole }),
    });
    const database = requested('databaseName') ?? null;
    const schema = requested('schemaName') ?? (database === databaseName ? publicSchema : null);
    const { session, tokens } = sessions.open({
      ...principal,
      client: `${text(data['CLIENT_APP_ID'])} ${text(data['CLIENT_APP_VERSION'])}`,
      warehouse: requested('warehouse') ?? null,
      // A place that does not exist is no error at login: the session has none.
      database: database === databaseName ? database : null,
      schema: database === databaseName && (schema === schemaName || schema === publicSchema) ? schema : null,
      parameters: parametersOf(data['SESSION_PARAMETERS']),
    });
    return success({
      ...tokens,
      validityInSeconds: sessionSeconds,
      masterValidityInSeconds: masterSeconds,
      displayUserName: session.user,
      serverVersion,
      firstLogin: false,
      sessionId: Number(session.id),
      parameters: formatParameters,
      sessionInfo: {
        databaseName: session.database,
        schemaName: session.schema,
        warehouseName: session.warehouse,
        roleName: session.role,
      },
    });
  }

  function renew({ request }: Call): Envelope {
    const { session, tokens } = sessions.renew(tokenOf(request));
    return success(renewal(session, tokens));
  }

  async function query(call: Call): Promise<Envelope> {
    const session = sessions.find(tokenOf(call.request));
    const { body, url } = call;
    if (levers.stallMilliseconds > 0) await sleep(levers.stallMilliseconds);
    const bindings = bindingsOf(body['bindings']);
    const statement = statements.submit(session, {
      requestId: url.searchParams.get('requestId') ?? '',
      text: text(body['sqlText']),
      parameters: parametersOf(body['parameters']),
      describeOnly: body['describeOnly'] === true,
      ...(bindings === undefined ? {} : { bindings }),
    });
    if (body['asyncExec'] === true) return inProgress(statement, true);
    return settled(statement, levers.syncMilliseconds);
  }

  async function settled(statement: Statement, milliseconds: number): Promise<Envelope> {
    const patience = new AbortController();
    const outcome = await Promise.race([
      statement.outcome,
      sleep(milliseconds, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    return outcome === undefined ? inProgress(statement, false) : finished(statement, outcome, chunks, baseUrl());
  }

  function known({ request }: Call, queryId: string): Statement {
    const statement = statements.find(sessions.find(tokenOf(request)), queryId);
    if (statement === undefined) throw unknownQuery();
    return statement;
  }

  function monitor(call: Call, queryId: string): Envelope {
    const statement = statements.find(sessions.find(tokenOf(call.request)), queryId);
    if (statement === undefined) return success({ queries: [] });
    const { state } = statement;
    const status = { running: 'RUNNING', success: 'SUCCESS' }[state] ?? 'FAILED_WITH_ERROR';
    const isFailed = status === 'FAILED_WITH_ERROR';
    return success({
      queries: [
        {
          id: queryId,
          status,
          state: status,
          errorCode: isFailed ? state : '',
          errorMessage: isFailed ? `Failed with ${state}` : null,
        },
      ],
    });
  }

  function endSession({ request }: Call): Envelope {
    const session = sessions.find(tokenOf(request));
    statements.abortWhere((statement) => statement.session === session);
    sessions.end(session);
    return success(null);
  }

  const routes: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
    ['POST', /^\/session\/v1\/login-request$/u, (exchange) => ((levers.logins += 1), login(exchange))],
    ['POST', /^\/session\/token-request$/u, renew],
    ['POST', /^\/session\/heartbeat$/u, ({ request }) => (sessions.find(tokenOf(request)), success(null))],
    ['POST', /^\/session$/u, endSession],
    ['POST', /^\/queries\/v1\/query-request$/u, query],
    [
      'POST',
      /^\/queries\/v1\/abort-request$/u,
      ({ request, body }) => (
        statements.cancelRequest(sessions.find(tokenOf(request)), text(body['requestId'])),
        success(null)
      ),
    ],
    ['POST', /^\/queries\/([\w-]+)\/abort-request$/u, (call, id) => (known(call, id).abort(canceled()), success(null))],
    ['GET', /^\/queries\/([\w-]+)\/result$/u, async (call, id) => settled(known(call, id), levers.pollMilliseconds)],
    ['GET', /^\/monitoring\/queries\/([\w-]+)$/u, monitor],
    ['POST', /^\/telemetry\/send/u, () => ((levers.telemetry += 1), success('Log Received'))],
  ];

  return async (request, response) => {
    const url = new URL(request.url ?? '/', baseUrl());
    const raw = await buffer(request);
    if (levers.httpFailure !== undefined) {
      response.writeHead(levers.httpFailure, { 'content-type': 'text/plain' }).end('unavailable');
      return;
    }
    const chunk = chunks.get(url.pathname);
    if (chunk !== undefined) {
      response.writeHead(200, { 'content-type': 'binary/octet-stream', 'content-encoding': 'gzip' }).end(chunk);
      return;
    }
    for (const [method, path, handler] of routes) {
      const match = path.exec(url.pathname);
      if (match === null || request.method !== method) continue;
      send(response, await answerOf(handler, { url, request, body: parseBody(raw) }, match[1] ?? ''));
      return;
    }
    response.writeHead(404).end();
  };
}

async function answerOf(handler: Handler, call: Call, match: string): Promise<Envelope> {
  try {
    return await handler(call, match);
  } catch (error) {
    if (error instanceof WarehouseError) return failure(error);
    throw error;
  }
}

function send(response: ServerResponse, envelope: Envelope): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(envelope));
}

function renewal(session: Session, { token, masterToken }: SessionTokens): Record<string, unknown> {
  return {
    sessionToken: token,
    validityInSecondsST: sessionSeconds,
    masterToken,
    validityInSecondsMT: masterSeconds,
    sessionId: Number(session.id),
  };
}

function tokenOf(request: IncomingMessage): string | undefined {
  return /^Snowflake Token="([^"]*)"$/u.exec(request.headers.authorization ?? '')?.[1];
}

/** Some drivers compress a body without saying so in a way that Node would undo. */
function parseBody(raw: Buffer): Record<string, unknown> {
  if (raw.length === 0) return {};
  const isCompressed = raw[0] === 0x1f && raw[1] === 0x8b;
  return record(JSON.parse((isCompressed ? gunzipSync(raw) : raw).toString()));
}

function parametersOf(value: unknown): Map<string, string> {
  return new Map(
    Object.entries(record(value)).flatMap(([name, each]) =>
      ['string', 'number', 'boolean'].includes(typeof each) ? [[name.toUpperCase(), String(each)] as const] : [],
    ),
  );
}

function bindingsOf(value: unknown): Bindings | undefined {
  if (value === undefined || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(record(value)).map(([name, each]): [string, Binding] => {
      const { type, value: bound } = record(each);
      return [name, { type: text(type), value: typeof bound === 'string' ? bound : null }];
    }),
  );
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
