import { randomUUID } from 'node:crypto';

import type { Server } from '@modelcontextprotocol/server';

import type { Clock } from '../core/ports.ts';
import { type SessionTransport, sessionTransport } from './sessionTransport.ts';

export interface SessionLimits {
  readonly sessions: number;
  /** Seconds without a message and without an event stream. */
  readonly idle: number;
}

const SESSION_LIMITS: SessionLimits = { sessions: 64, idle: 3 * 3600 };

/** What a session was opened with; a request that differs is somebody else's. */
export interface SessionOwner {
  readonly caller: string;
  readonly only: string | undefined;
}

/** The stateful sessions of 2025-11-25 clients. */
export interface McpSessions {
  open(owner: SessionOwner): Promise<SessionTransport>;
  /** Undefined when there is no such session, or it belongs to another caller or endpoint. */
  find(id: string, owner: SessionOwner): SessionTransport | undefined;
  /** Tells every client that the list of tools may have changed. */
  toolsChanged(): void;
  sweep(): void;
  size(): number;
  closeAll(): Promise<void>;
}

interface Entry {
  readonly owner: SessionOwner;
  readonly server: Server;
  readonly transport: SessionTransport;
  usedAt: number;
}

export function mcpSessions(ports: {
  create: (only: string | undefined) => Server;
  clock: Clock;
  limits?: SessionLimits | undefined;
}): McpSessions {
  const { create, clock, limits = SESSION_LIMITS } = ports;
  /** In order of last use. */
  const sessions = new Map<string, Entry>();

  function makeRoom(): void {
    if (sessions.size < limits.sessions) return;
    const quiet = [...sessions.values()].find(({ transport }) => !transport.busy()) ?? [...sessions.values()][0];
    void quiet?.transport.close();
  }

  return {
    async open(owner) {
      makeRoom();
      const id = randomUUID();
      const transport = sessionTransport(id, () => sessions.delete(id));
      const server = create(owner.only);
      await server.connect(transport);
      sessions.set(id, { owner, server, transport, usedAt: clock.now() });
      return transport;
    },
    find(id, { caller, only }) {
      const entry = sessions.get(id);
      if (!entry || entry.owner.caller !== caller || entry.owner.only !== only) return undefined;
      entry.usedAt = clock.now();
      sessions.delete(id);
      sessions.set(id, entry);
      return entry.transport;
    },
    toolsChanged() {
      for (const { server } of sessions.values()) server.sendToolListChanged().catch(() => undefined);
    },
    sweep() {
      const before = clock.now() - limits.idle * 1000;
      for (const { transport, usedAt } of sessions.values()) {
        if (usedAt < before && !transport.busy()) void transport.close();
      }
    },
    size: () => sessions.size,
    async closeAll() {
      await Promise.all([...sessions.values()].map(({ transport }) => transport.close()));
    },
  };
}
