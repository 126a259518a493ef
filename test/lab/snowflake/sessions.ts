import { randomInt, randomUUID } from 'node:crypto';

import type { SqlContext } from './database.ts';
import { expiredMaster, expiredSession, goneSession, invalidSession } from './errors.ts';

/** What a login established; the role, place and parameters change with the session's statements. */
export interface Session {
  readonly id: string;
  readonly user: string;
  /** Roles that this session may switch to: granted to the user and allowed by the token. */
  readonly roles: readonly string[];
  readonly client: string;
  role: string;
  warehouse: string | null;
  database: string | null;
  schema: string | null;
  lastQueryId: string;
  /** Session parameters by upper-case name. */
  readonly parameters: Map<string, string>;
}

export type NewSession = Omit<Session, 'id' | 'lastQueryId'>;

export interface SessionTokens {
  readonly token: string;
  readonly masterToken: string;
}

export interface Sessions {
  open(session: NewSession): { session: Session; tokens: SessionTokens };
  /** @throws {WarehouseError} 390104 unknown, 390111 ended, 390112 expired. */
  find(token: string | undefined): Session;
  /** @throws {WarehouseError} 390114 when the master token is not one of ours. */
  renew(masterToken: string | undefined): { session: Session; tokens: SessionTokens };
  end(session: Session): void;
  list(): readonly Session[];
  /** Tokens are dead, master tokens are not: the driver renews by itself. */
  expire(): void;
  /** Ends every session; its tokens are answered with this code from now on. */
  terminate(code: '390104' | '390111'): void;
}

export function createSessions(): Sessions {
  const live = new Map<Session, SessionTokens>();
  const expired = new Set<string>();
  const ended = new Map<string, '390104' | '390111'>();

  const newToken = (kind: string): string => `ver:3-hint:${randomInt(2 ** 40)}-${kind}-${randomUUID()}`;
  const newTokens = (): SessionTokens => ({ token: newToken('session'), masterToken: newToken('master') });

  function end(session: Session, code: '390104' | '390111'): void {
    const tokens = live.get(session);
    if (tokens !== undefined) ended.set(tokens.token, code);
    live.delete(session);
  }

  return {
    open(wish) {
      const session: Session = { ...wish, id: String(10_000_000_000 + randomInt(2 ** 40)), lastQueryId: '' };
      const tokens = newTokens();
      live.set(session, tokens);
      return { session, tokens };
    },
    find(token) {
      if (token === undefined) throw invalidSession();
      if (expired.has(token)) throw expiredSession();
      for (const [session, tokens] of live) if (tokens.token === token) return session;
      throw ended.get(token) === '390111' ? goneSession() : invalidSession();
    },
    renew(masterToken) {
      for (const [session, tokens] of live) {
        if (tokens.masterToken !== masterToken) continue;
        expired.add(tokens.token);
        const fresh = newTokens();
        live.set(session, fresh);
        return { session, tokens: fresh };
      }
      throw expiredMaster();
    },
    end(session) {
      end(session, '390111');
    },
    list: () => [...live.keys()],
    expire() {
      for (const { token } of live.values()) expired.add(token);
    },
    terminate(code) {
      for (const session of live.keys()) end(session, code);
    },
  };
}

export function sqlContext(session: Session): SqlContext {
  const { user, role, warehouse, database, schema, client, lastQueryId, id, roles } = session;
  return {
    user,
    role,
    warehouse,
    database,
    schema,
    client,
    lastQueryId,
    sessionId: id,
    availableRoles: [...roles, 'PUBLIC'],
  };
}
