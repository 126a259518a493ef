import type { DatabaseSession } from '../../connectors/connector.ts';
import type { FarLink } from '../../core/diagnosis.ts';
import { type ErrorCode, PassportError } from '../../core/errors.ts';
import type { NetworkFacts } from '../../core/network.ts';
import type { Identity } from '../../core/result.ts';
import { boundedRows } from '../boundedRows.ts';
import type { Configured } from '../connectionTable.ts';
import type { Pool } from '../pool.ts';
import { withinLimit } from '../timeLimit.ts';
import type { Guard } from '../tools/query.ts';
import { broken, DATABASE_REACH, good, reachLink, skipped } from './farLinks.ts';
import { reach } from './reach.ts';

export interface DatabasePorts {
  readonly pool: Pool;
  readonly guard: Guard;
  readonly network: () => NetworkFacts;
}

const FIRST_QUERY = 'SELECT 1';

/** Reachability, login, whoami and the first query, on the road of the tools: the same pool, guard and limits. */
export async function diagnoseDatabase(connection: Configured, ports: DatabasePorts): Promise<readonly FarLink[]> {
  const { wire, connector } = connection;
  const [place] = connector.destinations(wire.settings);
  const reached = place && (await reach(place, connector.greeting, ports.network()));
  const way =
    place && reached
      ? reachLink(reached, place, { connection: wire.id, codes: DATABASE_REACH })
      : skipped('reach', 'The connection names no place.');
  if (way.state === 'broken') return [way];
  let seen: readonly FarLink[] = [];
  let failed: unknown;
  try {
    await inSession(connection, ports, async (session, signal) => {
      seen = [good('login', 'The database took the credential.')];
      try {
        const identity = await session.whoami(signal);
        seen = [...seen, { ...good('whoami', known(identity)), identity }];
        await firstQuery(session, connection, { guard: ports.guard, signal });
        const lacking = connector.lacks?.(identity);
        if (lacking) throw invalid(wire.id, lacking);
      } catch (error) {
        failed = error;
        throw error;
      }
    });
    return [way, ...seen, good('query', `${FIRST_QUERY} has an answer.`)];
  } catch (error) {
    // What the pool threw itself is about the login, whatever ran in the session before.
    return failed === error
      ? [way, ...seen, broken(seen.length > 1 ? 'query' : 'whoami', error)]
      : atLogin(reached?.unusedTls ? withoutTls(error) : error, way);
  }
}

function inSession(
  connection: Configured,
  { pool }: DatabasePorts,
  work: (session: DatabaseSession, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const user = { connection, subject: connection.wire.subject ?? '', signal: new AbortController().signal };
  return withinLimit(pool, user, work);
}

async function firstQuery(
  session: DatabaseSession,
  { wire, connector }: Configured,
  { guard, signal }: { readonly guard: Guard; readonly signal: AbortSignal },
): Promise<void> {
  const verdict = guard(FIRST_QUERY, connector.dialect);
  if (verdict.verdict !== 'read') throw new PassportError('DP-READ-ONLY', { reason: verdict.reason });
  const { limits } = wire;
  const options = { signal, maxRows: 1, seconds: limits.seconds, tag: 'data-passport diagnosis' };
  await boundedRows(await session.query(FIRST_QUERY, options), { ...limits, rows: 1 });
}

function known({ user, role }: Identity): string {
  return `The database knows you as ${user}${role === undefined ? '' : ` with the role ${role}`}.`;
}

const ABOUT_THE_WAY: ReadonlySet<ErrorCode> = new Set(Object.values(DATABASE_REACH));
/** Reasons that speak of the way, not of a server that has answered. */
const WAY = /^[A-Z][A-Z0-9_]+$|proxy|HTTP status|web page|no answer|no login|no connection|closed during/;

/** Some servers take a login over TLS alone, and say of one without that they have no entry for it. */
function withoutTls(error: unknown): unknown {
  if (!(error instanceof PassportError)) return error;
  const { code, params, detail } = error;
  return new PassportError(code, { ...params, unusedTls: 'yes' }, { detail });
}

function atLogin(error: unknown, way: FarLink): readonly FarLink[] {
  if (error instanceof PassportError && ABOUT_THE_WAY.has(error.code)) {
    const isWay = error.code !== 'DP-DATABASE-UNREACHABLE' || WAY.test(error.params['reason'] ?? '');
    if (isWay) return [broken('reach', error, way.facts)];
  }
  return [way, broken('login', error)];
}

function invalid(connection: string, { setting, problem }: { setting: string; problem: string }): PassportError {
  return new PassportError('DP-SETTING-INVALID', {
    path: `dataPassport.connections.${connection}.${setting}`,
    problem,
  });
}
