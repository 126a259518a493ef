import type { Connector } from '../connectors/connector.ts';
import type { Connection } from '../core/connection.ts';
import type { ErrorCode, PassportError } from '../core/errors.ts';
import type { WireConnection } from '../core/link.ts';
import { type Clock, signal } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import type { ConnectionState, ConnectionView, OverviewSource, ProviderView } from '../ui/model.ts';
import type { Credentials } from './credentials.ts';
import type { Usage } from './gatewayChild.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';

export interface OverviewDeps {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly obstacle: () => PassportError | undefined;
}

/** Joins settings, sign-ins and what the gateway told of each connection into what the user sees. */
export interface OverviewModel extends OverviewSource {
  /** The connections as the gateway may know them. */
  wireConnections(): readonly WireConnection[];
  changed(): void;
  used(usage: Usage): void;
  testing(connection: string, running: boolean): void;
  /** What was learned of a provider's connections no longer holds. */
  forget(provider: string): void;
  /** The settings changed: what was learned of connections that are not the same any more is forgotten. */
  settingsChanged(): void;
}

interface Learned {
  readonly identity?: Identity | undefined;
  readonly error?: PassportError | undefined;
  readonly at: Date;
  readonly about: string;
}

const ABOUT_THE_STATEMENT: ReadonlySet<ErrorCode> = new Set([
  'DP-DATABASE-STATEMENT',
  'DP-DATABASE-PERMISSION',
  'DP-DATABASE-BUSY',
  'DP-READ-ONLY',
  'DP-OBJECT-UNKNOWN',
  'DP-QUERY-TIMEOUT',
  'DP-QUERY-CANCELED',
  'DP-ARGUMENT-INVALID',
]);

export function createOverview({
  sessions,
  credentials,
  connectors,
  clock,
  settings,
  obstacle,
}: OverviewDeps): OverviewModel {
  const changes = signal<void>();
  /** By connection; `about` names the settings that it was learned with. */
  const learned = new Map<string, Learned>();
  const about = (connection: Connection): string =>
    JSON.stringify([connection.type, connection.settings, connection.identityProvider, connection.runAs]);
  const testing = new Set<string>();

  function providerView(id: string): ProviderView {
    const session = sessions.get(id);
    const state = session?.state;
    const client = session?.provider.clientAuthentication;
    return {
      id,
      title: session?.provider.title ?? id,
      accounts: state?.accounts.map(({ subject, label }) => ({ subject, label })) ?? [],
      ended: state?.ended?.label,
      saved: state?.saved ?? true,
      wantsSecret: client?.kind === 'secret' && client.known === undefined,
    };
  }

  /** Whom a connection runs as. */
  function accountOf({ identityProvider, runAs }: Connection): string | undefined {
    const session = sessions.get(identityProvider);
    const subject = session?.signIn(runAs)?.subject;
    return session?.state.accounts.find((each) => each.subject === subject)?.label;
  }

  function stateOf({ id }: Connection, account: string | undefined, known: Learned | undefined): ConnectionState {
    if (account === undefined) return 'signedOut';
    if (testing.has(id)) return 'testing';
    if (!known) return 'untested';
    return known.error ? 'failed' : 'ready';
  }

  function connectionView(connection: Connection): ConnectionView {
    const { id, title, type, settings: own, identityProvider } = connection;
    const connector = connectors[type];
    const provider = providerView(identityProvider);
    const known = learned.get(id);
    const account = accountOf(connection);
    return {
      id,
      title,
      typeLabel: connector?.label ?? type,
      host: connector?.destinations(own)[0]?.host ?? '',
      provider,
      account,
      wantedAccount: connection.runAs,
      state: stateOf(connection, account, known),
      identity: known?.identity,
      role: known?.identity?.role ?? connector?.role(own),
      expiresAt: account === undefined ? undefined : credentials.peek(connection)?.expiresAt,
      error: known?.error,
      lastUsed: known?.at,
    };
  }

  return {
    onDidChange: changes.on,
    current() {
      const { providers, connections, problems } = settings();
      return {
        providers: providers.map(({ id }) => providerView(id)),
        connections: connections.map(connectionView),
        problems,
        obstacle: obstacle(),
      };
    },
    wireConnections: () =>
      settings().connections.map(({ id, title, type, identityProvider, runAs, settings: own, limits }) => {
        const session = sessions.get(identityProvider);
        return {
          id,
          title,
          type,
          identityProvider,
          providerTitle: session?.provider.title ?? identityProvider,
          settings: own,
          limits,
          subject: session?.signIn(runAs)?.subject,
        };
      }),
    changed: () => changes.fire(),
    used({ connection: id, identity, error }) {
      const connection = settings().connections.find((candidate) => candidate.id === id);
      // A late word of a connection that is gone, or of a user who has signed out since.
      if (!connection || accountOf(connection) === undefined) return;
      // A statement that the database refused says nothing of the connection; who we are stays known.
      const before = learned.get(id);
      const facts = { at: new Date(clock.now()), about: about(connection) };
      const harmless = error && ABOUT_THE_STATEMENT.has(error.code);
      learned.set(id, harmless ? { ...before, ...facts } : { identity: identity ?? before?.identity, error, ...facts });
      changes.fire();
    },
    testing(connection, running) {
      if (running) testing.add(connection);
      else testing.delete(connection);
      changes.fire();
    },
    settingsChanged() {
      const kept = new Map(settings().connections.map((connection) => [connection.id, about(connection)]));
      for (const [id, known] of learned) if (kept.get(id) !== known.about) learned.delete(id);
      changes.fire();
    },
    forget(provider) {
      for (const { id, identityProvider } of settings().connections)
        if (identityProvider === provider) learned.delete(id);
      changes.fire();
    },
  };
}
