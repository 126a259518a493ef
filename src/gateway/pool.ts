import type { CredentialSupplier, DatabaseSession } from '../connectors/connector.ts';
import { PassportError } from '../core/errors.ts';
import { directNetwork, type NetworkFacts } from '../core/network.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Configured } from './connectionTable.ts';
import { type PoolLimits, type SessionGroup, sessionGroup } from './sessionGroup.ts';

export const POOL_LIMITS: PoolLimits = { sessions: 4, waiting: 32, idle: 60, life: 900, login: 60, grace: 2 };

/** Supplies the credential of a connection's slot; rejects with a PassportError when there is none. */
export type Supply = (connection: Configured, ...why: Parameters<CredentialSupplier>) => ReturnType<CredentialSupplier>;

export interface PoolPorts {
  readonly supply: Supply;
  /** How the network is reached at the moment of a login. Absent: directly. */
  readonly network?: (() => NetworkFacts) | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: PoolLimits | undefined;
}

/** Whose session is wanted. */
export interface PoolUser {
  readonly connection: Configured;
  readonly subject: string;
  readonly signal: AbortSignal;
}

type Which = (connection: Configured) => boolean;

/** Database sessions by connection, settings, role and user: nobody is ever lent another user's session. */
export interface Pool {
  use<T>(user: PoolUser, work: (session: DatabaseSession, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Sessions of these connections finish what they run and serve nobody after that. */
  retire(which: Which): void;
  /** Cancels (DP-QUERY-CANCELED) and closes everything of these connections; resolves when it is closed. */
  end(which: Which): Promise<void>;
  /** Closes what is idle or expired; called now and then. */
  sweep(): void;
  /** Calls, and sessions open, opening or closing. */
  size(): number;
}

export function pool({ supply, network, clock, log, limits = POOL_LIMITS }: PoolPorts): Pool {
  const current = new Map<string, SessionGroup>();
  /** Every group with something open, also those that lend no more. */
  const groups = new Map<SessionGroup, Configured>();

  function create(connection: Configured): SessionGroup {
    const { wire, connector } = connection;
    return sessionGroup({
      limits,
      clock,
      fixed: connector.injection === 'perConnect',
      supply: (slot, why) => supply(connection, slot, why),
      async open(credentials, signal) {
        const module = await connector.load();
        return module.open(wire.settings, {
          connection: wire.id,
          credentials,
          network: network?.() ?? directNetwork,
          log,
          signal,
        });
      },
      busy: () => new PassportError('DP-DATABASE-BUSY', { connection: wire.id }),
      unreachable: (seconds) =>
        new PassportError('DP-DATABASE-UNREACHABLE', {
          connection: wire.id,
          host: connector.destinations(wire.settings)[0]?.host ?? '',
          reason: `no login within ${seconds} seconds`,
        }),
    });
  }

  const among = (which: Which): readonly SessionGroup[] =>
    [...groups].filter(([, connection]) => which(connection)).map(([group]) => group);

  function withdraw(chosen: readonly SessionGroup[]): void {
    for (const [key, group] of current) if (chosen.includes(group)) current.delete(key);
  }

  function sweep(): void {
    for (const group of groups.keys()) {
      group.sweep();
      if (group.size() > 0) continue;
      groups.delete(group);
      withdraw([group]);
    }
  }

  return {
    use({ connection, subject, signal }, work) {
      // JSON keeps the parts apart whatever they hold.
      const key = JSON.stringify([connection.wire.id, connection.fingerprint, connection.role, subject]);
      let group = current.get(key);
      if (!group) {
        group = create(connection);
        current.set(key, group);
        groups.set(group, connection);
      }
      return group.use(work, signal);
    },
    retire(which) {
      const chosen = among(which);
      withdraw(chosen);
      for (const group of chosen) group.retire();
      sweep();
    },
    async end(which) {
      const chosen = among(which);
      withdraw(chosen);
      await Promise.all(chosen.map((group) => group.end(canceled(groups.get(group)))));
      sweep();
    },
    sweep,
    size: () => [...groups.keys()].reduce((sum, group) => sum + group.size(), 0),
  };
}

function canceled(connection: Configured | undefined): PassportError {
  return new PassportError('DP-QUERY-CANCELED', { connection: connection?.wire.id ?? '' });
}
