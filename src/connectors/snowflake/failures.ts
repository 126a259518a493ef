import { PassportError } from '../../core/errors.ts';
import { CONNECT_CODES, proxyAway, proxyName, proxyRefusal, type ProxyServer } from '../../core/network.ts';
import { describeToken, personIn } from '../claims.ts';
import { serverText } from '../serverText.ts';
import { portOf, type SnowflakeSettings } from '../snowflake.ts';
import { hostOf } from './host.ts';

interface Login {
  readonly connection: string;
  readonly settings: SnowflakeSettings;
  readonly token: string;
  /** True where it is a personal access token, which says nothing itself and is mended in another way. */
  readonly personal?: boolean | undefined;
  /** On the way to the host. */
  readonly proxy?: ProxyServer | undefined;
}

/** An error of the driver: the server's codes are text, the driver's own are numbers. */
interface DriverError {
  readonly code: string;
  readonly message: string;
  readonly cause: unknown;
  readonly queryId: string | undefined;
}

function driverError(error: unknown): DriverError {
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {};
  const { code, cause, data } = fields;
  const named = error instanceof Error ? error : undefined;
  const queryId: unknown = typeof data === 'object' && data !== null && 'queryId' in data ? data.queryId : undefined;
  return {
    code: typeof code === 'string' || typeof code === 'number' ? serverText(String(code), 20) : '',
    message: named?.message ?? '',
    cause: cause ?? named?.cause,
    queryId: typeof queryId === 'string' ? serverText(queryId, 60) : undefined,
  };
}

/** The role is not in the token, not granted, or unknown; 003013 is what USE ROLE says. */
const roleCodes = new Set(['390317', '390186', '390189', '003013']);
const roleWords = /\brole\b.*(?:not (?:listed|granted|assigned)|does not exist|not authorized|was filtered)/is;
/** Names of the login that are wrong are no fault of the token: 390201 object does not exist. */
const objectCodes = new Set(['390201']);
const network = '401001';
const httpStatus = '401002';
const notJson = '401003';

export function loginFailure(error: unknown, login: Login): PassportError {
  if (error instanceof PassportError) return error;
  const { connection, settings, token } = login;
  const proxy = login.proxy && proxyName(login.proxy);
  const { code, message, cause } = driverError(error);
  const host = `${hostOf(settings)}:${portOf(settings)}`;
  const unreachable = (reason: string): PassportError =>
    new PassportError('DP-DATABASE-UNREACHABLE', { connection, host, reason }, { cause: error });
  const text = serverText(message.replaceAll(token, '…').trim());

  if (roleCodes.has(code) || (/^39\d{4}$/.test(code) && roleWords.test(text))) {
    const role = settings.role ?? /'([^']+)'/.exec(text)?.[1] ?? 'of the user';
    return new PassportError('DP-DATABASE-ROLE', { connection, role }, { detail: text, cause: error });
  }
  if (objectCodes.has(code)) {
    return new PassportError('DP-DATABASE-PERMISSION', { connection }, { detail: text, cause: error });
  }
  if (/^39\d{4}$/.test(code)) {
    const more = login.personal === true ? personalAdvice(code) : describeToken(token);
    const detail = `${text} (${code}). ${more}`;
    return new PassportError(
      'DP-DATABASE-REFUSED',
      { connection, user: personIn(token) ?? 'the user' },
      { detail, cause: error },
    );
  }
  if (code === network) {
    const reason = codeOf(cause) ?? text;
    if (proxy !== undefined && CONNECT_CODES.has(reason)) return unreachable(proxyAway(proxy, reason));
    return /CERT|SIGNATURE|ERR_TLS|SSL/.test(reason)
      ? new PassportError('DP-DATABASE-CERTIFICATE', { host: hostOf(settings), reason }, { cause: error })
      : unreachable(reason || 'no connection');
  }
  if (code === httpStatus) {
    const status = statusOf(error);
    // Only a proxy ever asks for this.
    if (status === 407 && proxy !== undefined) return unreachable(proxyRefusal(proxy, status));
    const other = proxy === undefined ? '' : `, and whether the proxy ${proxy} lets it through`;
    return unreachable(`HTTP status ${status ?? 'unknown'}: check the account identifier${other}`);
  }
  if (code === notJson || code === '')
    return unreachable('a web page answered instead of Snowflake: a proxy or log-in page is in the way');
  return unreachable(`${text || 'login failed'} (${code})`);
}

/**
 * 390432: without a network policy over its user a programmatic access token is not taken at all
 * (https://docs.snowflake.com/en/user-guide/programmatic-access-tokens).
 */
function personalAdvice(code: string): string {
  return code === '390432'
    ? 'A personal access token works only where a network policy covers its user: ask the administrator for one that allows your own address.'
    : 'If the personal access token was revoked or has ended, make a new one and run the command "Data Passport: Set Connection Secret".';
}

export interface Failed {
  readonly connection: string;
  readonly seconds: number;
  readonly settings: SnowflakeSettings;
  /** Lines that we put in front of the statement. */
  readonly linesBefore: number;
  /** True when the server has answered that it runs the statement. */
  readonly accepted: boolean;
}

/** 390104 unknown, 390111 gone, 390112 expired, 390114 not to be renewed; 407002 and 401004 are the driver's words for them. */
const sessionCodes = new Set(['390104', '390111', '390112', '390114', '407002', '401004']);
const permissionCodes = new Set(['002003', '002043', '003001', '003041']);

/** True when the session is of no use any more. */
export function endsSession(error: unknown): boolean {
  const { code } = driverError(error);
  return sessionCodes.has(code) || /^40\d{4}$/.test(code) || code === '';
}

/** What the server said of a statement. */
export function statementFailure(error: unknown, failed: Failed): PassportError {
  if (error instanceof PassportError) return error;
  const { connection, seconds, settings, accepted } = failed;
  const { code, message, queryId } = driverError(error);
  const text = serverText(message.trim(), 1000).replace(
    /\bline (\d+)/,
    (_whole, line: string) => `line ${Math.max(1, Number(line) - failed.linesBefore)}`,
  );
  const detail = `${text}${code === '' ? '' : ` (${code})`}${queryId === undefined ? '' : ` Query id ${queryId}.`}`;
  const more = { detail, cause: error };
  if (sessionCodes.has(code) && !accepted) {
    // Answered before a statement is looked at, so that it can't have run: the pool logs in again and repeats it once.
    const host = `${hostOf(settings)}:${portOf(settings)}`;
    return new PassportError('DP-DATABASE-UNREACHABLE', { connection, host, reason: 'the session had ended' }, more);
  }
  if (endsSession(error)) return new PassportError('DP-DATABASE-LOST', { connection }, more);
  if (code === '000630') return new PassportError('DP-QUERY-TIMEOUT', { connection, seconds: String(seconds) }, more);
  if (code === '000604') return new PassportError('DP-QUERY-CANCELED', { connection }, more);
  if (roleCodes.has(code)) {
    const role = /'([^']+)'/.exec(text)?.[1] ?? settings.role ?? '';
    return new PassportError('DP-DATABASE-ROLE', { connection, role }, more);
  }
  if (code === '000606') {
    const path = `dataPassport.connections.${connection}.warehouse`;
    return new PassportError('DP-SETTING-INVALID', { path, problem: 'no warehouse runs for this session' }, more);
  }
  if (permissionCodes.has(code)) return new PassportError('DP-DATABASE-PERMISSION', { connection }, more);
  return new PassportError('DP-DATABASE-STATEMENT', { connection }, more);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('response' in error)) return undefined;
  const { response } = error;
  if (typeof response !== 'object' || response === null || !('statusCode' in response)) return undefined;
  return typeof response.statusCode === 'number' ? response.statusCode : undefined;
}

function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined;
  if ('code' in cause && typeof cause.code === 'string') return serverText(cause.code, 60);
  return 'cause' in cause ? codeOf(cause.cause) : undefined;
}
