import type { Connection } from '../core/connection.ts';
import type { ErrorCode, PassportError } from '../core/errors.ts';
import type { WireConnection } from '../core/link.ts';
import { type Clock, signal } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import type { ConnectionState, ConnectionView, OverviewSource, ProviderView } from '../ui/model.ts';
import { type BindingTables, bindingOf, reachOf } from './binding.ts';
import type { Confirmations } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import type { Credentials } from './credentials.ts';
import type { Usage } from './gatewayChild.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';

export interface OverviewDeps extends BindingTables {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly connectionSecrets: Pick<ConnectionSecrets, 'facts'>;
  readonly confirmations: Pick<Confirmations, 'check'>;
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
  /** What was learned of these connections no longer holds. */
  forget(which: (connection: Connection) => boolean): void;
  /** The settings changed: what was learned of connections that are not the same any more is forgotten. */
  settingsChanged(): void;
}

interface Learned {
  readonly identity?: Identity | undefined;
  readonly error?: PassportError | undefined;
  readonly at: Date;
  readonly about: string;
}

/** What the view says anyway, as long as it is so. */
const ABOUT_WHAT_WAITS: ReadonlySet<ErrorCode> = new Set([
  'DP-SIGN-IN-REQUIRED',
  'DP-ACCOUNT-REQUIRED',
  'DP-SECRET-MISSING',
  'DP-CONNECTION-UNCONFIRMED',
  'DP-CONNECTION-CHANGED',
  'DP-COMMAND-RESTRICTED',
]);

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

export function createOverview(deps: OverviewDeps): OverviewModel {
  const { sessions, credentials, connectors, tokenSources, connectionSecrets, confirmations } = deps;
  const { clock, settings, obstacle } = deps;
  const changes = signal<void>();
  /** By connection; `about` names the settings that it was learned with. */
  const learned = new Map<string, Learned>();
  const about = (connection: Connection): string =>
    JSON.stringify([
      connection.type,
      connection.settings,
      connection.identityProvider,
      connection.runAs,
      connection.token,
    ]);
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
    const session = identityProvider === undefined ? undefined : sessions.get(identityProvider);
    const subject = session?.signIn(runAs)?.subject;
    return session?.state.accounts.find((each) => each.subject === subject)?.label;
  }

  /** Whose database sessions are whose: the signed-in user, or what the user entered for the connection; undefined while there is neither. */
  function subjectOf(connection: Connection): string | undefined {
    const { identityProvider, runAs } = connection;
    if (identityProvider !== undefined) return sessions.get(identityProvider)?.signIn(runAs)?.subject;
    const facts = connectionSecrets.facts(connection);
    if (facts.some(({ field, stored }) => field.required && !stored)) return undefined;
    return ['own', ...facts.map(({ stored }) => stored?.id ?? '')].join(' ');
  }

  function stateOf(connection: Connection, known: Learned | undefined): ConnectionState {
    if (subjectOf(connection) === undefined)
      return connection.identityProvider === undefined ? 'secretMissing' : 'signedOut';
    if (confirmations.check(connection)) return 'unconfirmed';
    if (testing.has(connection.id)) return 'testing';
    if (!known) return 'untested';
    return known.error ? 'failed' : 'ready';
  }

  const isShared = ({ token }: Connection): boolean => tokenSources[token.source]?.runsAs(token.settings) === 'shared';

  function connectionView(connection: Connection): ConnectionView {
    const { id, title, type, settings: own, identityProvider } = connection;
    const connector = connectors[type];
    const known = learned.get(id);
    const account = accountOf(connection);
    return {
      id,
      title,
      typeLabel: connector?.label ?? type,
      host: connector?.destinations(own)[0]?.host ?? '',
      provider: identityProvider === undefined ? undefined : providerView(identityProvider),
      shared: isShared(connection),
      secrets: connectionSecrets.facts(connection).map(({ field: { name, title: called, kind }, stored }) => ({
        name,
        title: called,
        kind,
        stored: stored !== undefined,
        expiresAt: stored?.expiresAt,
      })),
      places: reachOf(connection, deps).places,
      account,
      wantedAccount: connection.runAs,
      state: stateOf(connection, known),
      identity: known?.identity,
      role: known?.identity?.role ?? connector?.role(own),
      expiresAt: subjectOf(connection) === undefined ? undefined : credentials.peek(connection)?.expiresAt,
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
      settings().connections.map((connection) => {
        const { id, title, type, identityProvider, settings: own, limits } = connection;
        return {
          id,
          title,
          type,
          identityProvider,
          settings: own,
          limits,
          shared: isShared(connection),
          binding: bindingOf(connection, deps),
          subject: subjectOf(connection),
        };
      }),
    changed: () => changes.fire(),
    used({ connection: id, identity, error }) {
      const connection = settings().connections.find((candidate) => candidate.id === id);
      // A late word of a connection that is gone, or of a user who has signed out since.
      if (!connection || subjectOf(connection) === undefined) return;
      if (error && ABOUT_WHAT_WAITS.has(error.code)) return changes.fire();
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
    forget(which) {
      for (const connection of settings().connections) if (which(connection)) learned.delete(connection.id);
      changes.fire();
    },
  };
}
