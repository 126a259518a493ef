import { DatabaseError } from 'pg';

import { PassportError } from '../../core/errors.ts';
import { isCertificateCode } from '../../core/network.ts';
import { describeToken, personIn } from '../claims.ts';
import type { PostgresSettings } from '../postgres.ts';
import { serverText } from '../serverText.ts';
import { oauthStatusOf } from './oauthBearer.ts';
import { type LoginFailure, PostgresLoginError } from './tokenClient.ts';

interface Login {
  readonly connection: string;
  readonly settings: PostgresSettings;
  readonly user: string;
  readonly token: string;
  /** How it was sent: `password` is one that belongs to the user. */
  readonly kind?: string | undefined;
}

/** pg has no code for the server's "no" to an SSLRequest (pg 8.23, lib/connection.js). */
const noTls = 'The server does not support SSL connections';

/** A failed login as the user should hear it. Codes are those of PostgreSQL, appendix A. */
export function loginFailure(error: unknown, login: Login): PassportError {
  const { connection, settings } = login;
  const host = `${settings.host}:${settings.port}`;
  const unreachable = (reason: string): PassportError =>
    new PassportError('DP-DATABASE-UNREACHABLE', { connection, host, reason }, { cause: error });

  if (error instanceof PassportError) return error;
  if (error instanceof PostgresLoginError) return refusedByUs(error, login);
  if (error instanceof DatabaseError) return refusedByServer(error, login) ?? unreachable(plain(error, login.token));
  const code = codeOf(error);
  if (error instanceof Error && error.message === noTls) {
    return new PassportError('DP-DATABASE-INSECURE', { connection, host: settings.host }, { cause: error });
  }
  if (isCertificateCode(code)) {
    const params = { host: settings.host, reason: code };
    return new PassportError('DP-DATABASE-CERTIFICATE', params, { cause: error });
  }
  if (error instanceof Error && error.message === 'timeout expired') return unreachable('no answer within 10 seconds');
  return unreachable(code || 'the connection was closed during login');
}

function refusedByUs(error: PostgresLoginError, { connection, settings, user, token }: Login): PassportError {
  const more = { detail: error.message, cause: error };
  const host = `${settings.host}:${settings.port}`;
  const made: Record<LoginFailure, () => PassportError> = {
    insecure: () => new PassportError('DP-DATABASE-INSECURE', { connection, host: settings.host }, more),
    method: () => new PassportError('DP-DATABASE-REFUSED', { connection, user: personIn(token) ?? user }, more),
    token: () => {
      const params = { source: 'of this connection', connection, problem: error.message };
      return new PassportError('DP-TOKEN-INVALID', { ...params, path: settingPath(connection, 'token') }, more);
    },
    protocol: () => {
      const reason = 'what answers there is not a PostgreSQL that the driver understands';
      return new PassportError('DP-DATABASE-UNREACHABLE', { connection, host, reason }, more);
    },
  };
  return made[error.reason]();
}

function refusedByServer(error: DatabaseError, login: Login): PassportError | undefined {
  const { connection, settings, user, token, kind } = login;
  const code = error.code ?? '';
  // A wrong role also has code 42501, as has a database without CONNECT: the routine's name is not translated, the message is.
  if (settings.role !== undefined && /^(?:42501|22023|42704)$/.test(code) && error.routine !== 'CheckMyDatabase') {
    const more = { detail: plain(error, token), cause: error };
    return new PassportError('DP-DATABASE-ROLE', { connection, role: settings.role }, more);
  }
  if (code.startsWith('28')) {
    const status = oauthStatusOf(error);
    const hint = (title: string, value: string | undefined): string[] =>
      value === undefined ? [] : [`${title} ${serverText(value, 200)}.`];
    const detail = [
      `${plain(error, token)} (${code}).`,
      `Login as ${user}.`,
      kind === 'password' ? 'It was a login with a password.' : describeToken(token),
      ...hint('The database expects', status?.openidConfiguration),
      ...hint('It wants the scope', status?.scope),
    ].join(' ');
    const params = { connection, user: personIn(token) ?? user };
    return new PassportError('DP-DATABASE-REFUSED', params, { detail, cause: error });
  }
  if (code === '42501' || code === '3D000') {
    return new PassportError('DP-DATABASE-PERMISSION', { connection }, { detail: plain(error, token), cause: error });
  }
  return undefined;
}

const clockSlack = 50;

interface Statement {
  readonly connection: string;
  readonly text: string;
  /** Characters that we put in front of the text. */
  readonly offset: number;
  readonly seconds: number;
  /** Milliseconds since the statement was sent. */
  readonly elapsed: number;
}

/** What the database said of a statement. Anything but a DatabaseError means that the session is gone. */
export function statementFailure(error: unknown, statement: Statement): PassportError {
  const { connection, seconds } = statement;
  if (error instanceof PassportError) return error;
  if (!(error instanceof DatabaseError)) return new PassportError('DP-DATABASE-LOST', { connection }, { cause: error });
  const code = error.code ?? '';
  const more = { detail: withPosition(error, statement), cause: error };
  if (code === '25006') return new PassportError('DP-READ-ONLY', { reason: serverText(error.message, 200) }, more);
  if (code === '57014') {
    // An administrator's cancel has the same code and a translated message. The two clocks need not agree to the millisecond.
    return statement.elapsed >= seconds * 1000 - clockSlack
      ? new PassportError('DP-QUERY-TIMEOUT', { connection, seconds: String(seconds) }, { cause: error })
      : new PassportError('DP-QUERY-CANCELED', { connection }, { cause: error });
  }
  if (endsSession(error)) return new PassportError('DP-DATABASE-LOST', { connection }, more);
  if (missing.has(code)) return new PassportError('DP-DATABASE-PERMISSION', { connection }, more);
  return new PassportError('DP-DATABASE-STATEMENT', { connection }, more);
}

/** 42501 privilege, 42P01 table, 3F000 schema, 3D000 database. A missing column or function is the statement's fault. */
const missing = new Set(['42501', '42P01', '3F000', '3D000']);

export function isCanceled(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '57014';
}

/** Class 08 connection exception, 57P01 to 57P05 shutdown, crash and the like, FATAL of whatever kind. */
export function endsSession(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  const code = error.code ?? '';
  return code.startsWith('08') || code.startsWith('57P') || error.severity === 'FATAL' || error.severity === 'PANIC';
}

export function settingPath(connection: string, name: string): string {
  return `dataPassport.connections.${connection}.${name}`;
}

function withPosition(error: DatabaseError, { text, offset }: Statement): string {
  const at = Number(error.position) - offset;
  // PostgreSQL counts code points.
  const characters = Array.from(text);
  const lines = characters
    .slice(0, Math.max(0, at - 1))
    .join('')
    .split('\n');
  const inside = Number.isInteger(at) && at >= 1 && at <= characters.length + 1;
  const column = Array.from(lines.at(-1) ?? '').length + 1;
  const place = inside ? ` at line ${lines.length}, column ${column}` : '';
  const extra = [error.detail, error.hint].flatMap((each) => (each ? [serverText(each)] : []));
  return [`${serverText(error.message)}${place} (${error.code ?? 'no code'}).`, ...extra].join(' ');
}

/** The server may quote what it was sent. */
function plain(error: Error, token: string): string {
  return serverText(token === '' ? error.message : error.message.replaceAll(token, '…'));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
