import type { Connection } from '../core/connection.ts';
import type { ErrorCode, PassportError } from '../core/errors.ts';
import type { ToolChange, WireConnection } from '../core/link.ts';
import { type Clock, signal } from '../core/ports.ts';
import type { Identity } from '../core/result.ts';
import type { ConnectionState, ConnectionView, OverviewSource, ProviderView, WithheldView } from '../ui/model.ts';
import { bindingOf, reachOf } from './binding.ts';
import type { Confirmations } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import type { Credentials } from './credentials.ts';
import type { Usage } from './gatewayChild.ts';
import type { OfferedConnection } from './serverDefinitions.ts';
import type { ServerMemory } from './serverMemory.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import { type ConnectionTables, slotsOf } from './slots.ts';

export interface OverviewDeps extends ConnectionTables {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly connectionSecrets: Pick<ConnectionSecrets, 'facts'>;
  readonly confirmations: Pick<Confirmations, 'check'>;
  readonly serverMemory: Pick<ServerMemory, 'recall' | 'withheld'>;
  /** False in Restricted Mode: then no program is run. */
  readonly trusted: () => boolean;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly obstacle: () => PassportError | undefined;
}

/** Joins settings, sign-ins and what the gateway told of each connection into what the user sees. */
export interface OverviewModel extends OverviewSource {
  /** The connections as the gateway may know them. */
  wireConnections(): readonly WireConnection[];
  /** The same connections as the editor may know them. */
  offeredConnections(): readonly OfferedConnection[];
  /** Who the user is to a server's memory: another secret makes another session, not another person. @param subject as the gateway has it */
  personOf(connection: string, subject: string): string | undefined;
  /** Whether it needs a program, which is not run in Restricted Mode. */
  isRestricted(connection: Connection): boolean;
  /** Connections with tools that the user has to see before they are used. */
  withheldTools(): readonly WithheldView[];
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
  'DP-MCP-TOOL-CHANGED',
  'DP-MCP-CANCELED',
  'DP-MCP-TIMEOUT',
  'DP-MCP-NOT-ALLOWED',
  'DP-MCP-GRANT',
  'DP-MCP-FORBIDDEN',
  'DP-MCP-LOST',
]);

export function createOverview(deps: OverviewDeps): OverviewModel {
  const { sessions, credentials, connectors, connectionSecrets, confirmations, serverMemory } = deps;
  const { trusted, clock, settings, obstacle } = deps;
  const changes = signal<void>();
  /** By connection; `about` names the settings that it was learned with. */
  const learned = new Map<string, Learned>();
  const about = (connection: Connection): string => bindingOf(connection, deps);
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

  /** What the user has to do before there can be a credential; undefined where nothing is missing. */
  function missingOf(connection: Connection): 'signedOut' | 'secretMissing' | undefined {
    const { identityProvider, runAs } = connection;
    if (identityProvider !== undefined && !sessions.get(identityProvider)?.signIn(runAs)) return 'signedOut';
    const facts = connectionSecrets.facts(connection);
    return facts.some(({ field, stored }) => field.required && !stored) ? 'secretMissing' : undefined;
  }

  /** Whose sessions are whose: the signed-in user, and what the user entered for the connection; undefined while something is missing. */
  function subjectOf(connection: Connection): string | undefined {
    if (missingOf(connection) !== undefined) return undefined;
    const { identityProvider, runAs } = connection;
    const signedIn = identityProvider === undefined ? 'own' : sessions.get(identityProvider)?.signIn(runAs)?.subject;
    return [signedIn, ...connectionSecrets.facts(connection).map(({ stored }) => stored?.id ?? '')].join(' ');
  }

  /** Of a connection with secrets of its own alone, whoever enters them: what its server said before is known to the next one. */
  function personOf(connection: Connection, subject: string | undefined): string | undefined {
    // What was entered has ids without a space; a subject may hold one.
    const secrets = connectionSecrets.facts(connection).length;
    return subject
      ?.split(' ')
      .slice(0, -secrets || undefined)
      .join(' ');
  }

  const isRestricted = (connection: Connection): boolean =>
    !trusted() && reachOf(connection, deps).programs !== undefined;

  /** One whose server is a program can not even be offered in Restricted Mode; a token from a program is refused when it is asked for. */
  const offered = (): readonly Connection[] =>
    settings().connections.filter(({ type, settings: own }) => trusted() || !connectors[type]?.program?.(own));

  function stateOf(connection: Connection, known: Learned | undefined): ConnectionState {
    const missing = missingOf(connection);
    if (missing) return missing;
    if (isRestricted(connection)) return 'restricted';
    if (confirmations.check(connection)) return 'unconfirmed';
    if (testing.has(connection.id)) return 'testing';
    if (!known) return 'untested';
    return known.error ? 'failed' : 'ready';
  }

  const isShared = (connection: Connection): boolean =>
    slotsOf(connection, deps).some(({ source, choice }) => source.runsAs(choice.settings) === 'shared');

  /** The earliest end of the credentials at hand. */
  function expiryOf(connection: Connection): Date | undefined {
    if (subjectOf(connection) === undefined) return undefined;
    const ends = slotsOf(connection, deps).flatMap(({ name }) => {
      const credential = credentials.peek(connection, name);
      // One that a key signs is good for a minute and made anew by itself: its end is nobody's concern.
      return credential?.expiresAt && credential.kind !== 'keyPairJwt' ? [credential.expiresAt.getTime()] : [];
    });
    return ends.length === 0 ? undefined : new Date(Math.min(...ends));
  }

  const withheldOf = (connection: Connection): readonly ToolChange[] =>
    serverMemory.withheld(connection, personOf(connection, subjectOf(connection)));

  function connectionView(connection: Connection): ConnectionView {
    const { id, title, type, settings: own, identityProvider } = connection;
    const connector = connectors[type];
    const known = learned.get(id);
    const account = accountOf(connection);
    return {
      id,
      title,
      typeLabel: connector?.label ?? type,
      serves: connector?.serves ?? 'sql',
      host: connector?.program?.(own)?.[0] ?? connector?.destinations(own)[0]?.host ?? '',
      provider: identityProvider === undefined ? undefined : providerView(identityProvider),
      shared: isShared(connection),
      secrets: connectionSecrets
        .facts(connection)
        .map(({ field: { name, title: called, kind, required }, stored }) => ({
          name,
          title: called,
          kind,
          required,
          stored: stored !== undefined,
          expiresAt: stored?.expiresAt,
        })),
      places: reachOf(connection, deps).places,
      programs: reachOf(connection, deps).programs,
      account,
      wantedAccount: connection.runAs,
      state: stateOf(connection, known),
      identity: known?.identity,
      role: known?.identity?.role ?? connector?.role(own),
      expiresAt: expiryOf(connection),
      agents: connection.agents,
      choices: connector?.serves === 'sql' ? (connector.choices ?? []) : [],
      withheld: withheldOf(connection).length,
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
      offered().map((connection) => {
        const { id, title, type, identityProvider, serverToken, settings: own, limits } = connection;
        const subject = subjectOf(connection);
        return {
          id,
          title,
          type,
          identityProvider,
          settings: own,
          limits,
          shared: isShared(connection),
          binding: bindingOf(connection, deps),
          serverToken: serverToken && true,
          unconfirmed: confirmations.check(connection) !== undefined,
          hidden: !connection.agents,
          subject,
          account: accountOf(connection),
          remembered: serverMemory.recall(connection, personOf(connection, subject)),
        };
      }),
    offeredConnections: () =>
      offered()
        .filter(({ agents }) => agents)
        .map((connection) => {
          const { id, title, type } = connection;
          const serves = connectors[type]?.serves ?? 'sql';
          return { id, title, type, serves, binding: bindingOf(connection, deps) };
        }),
    personOf(id, subject) {
      const connection = settings().connections.find((each) => each.id === id);
      return connection && personOf(connection, subject);
    },
    isRestricted,
    withheldTools: () =>
      settings().connections.flatMap((connection): WithheldView[] => {
        const { id, title } = connection;
        const withheld = withheldOf(connection);
        return withheld.length > 0 ? [{ id, title, changes: withheld }] : [];
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
