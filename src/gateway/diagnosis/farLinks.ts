import type { HostRule } from '../../core/connection.ts';
import type { FarLink } from '../../core/diagnosis.ts';
import { asPassportError, type ErrorCode, PassportError } from '../../core/errors.ts';
import type { Reach } from './reach.ts';

/** How an unreachable place is told, for each kind of other side. */
export interface ReachErrors {
  readonly unreachable: ErrorCode;
  readonly certificate: ErrorCode;
  readonly insecure: ErrorCode;
}

export const DATABASE_REACH: ReachErrors = {
  unreachable: 'DP-DATABASE-UNREACHABLE',
  certificate: 'DP-DATABASE-CERTIFICATE',
  insecure: 'DP-DATABASE-INSECURE',
};

export const SERVER_REACH: ReachErrors = {
  unreachable: 'DP-MCP-UNREACHABLE',
  certificate: 'DP-MCP-CERTIFICATE',
  // HTTP never says that it has no TLS.
  insecure: 'DP-MCP-UNREACHABLE',
};

export function good(id: string, ...facts: readonly string[]): FarLink {
  return { id, state: 'ok', facts };
}

export function broken(id: string, thrown: unknown, facts: readonly string[] = []): FarLink {
  return { id, state: 'broken', facts, error: asPassportError(thrown).facts() };
}

export function skipped(id: string, reason: string): FarLink {
  return { id, state: 'notChecked', facts: [], reason };
}

/** What was found on the way to a place, as the link `reach`. */
export function reachLink(
  { facts, fault }: Reach,
  { host, port }: HostRule,
  { connection, codes }: { readonly connection: string; readonly codes: ReachErrors },
): FarLink {
  if (!fault) return good('reach', ...facts);
  // A name in a sentence about certificates has no port.
  const where = fault.kind === 'unreachable' ? `${host}:${port}` : host;
  const reason = fault.kind === 'insecure' ? 'no TLS' : fault.reason;
  return broken('reach', new PassportError(codes[fault.kind], { connection, host: where, reason }), facts);
}
