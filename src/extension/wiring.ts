import { asPassportError, PassportError } from '../core/errors.ts';
import type { SignInPage } from '../core/link.ts';
import { type Disposable, type Log, signal } from '../core/ports.ts';
import type { SessionState } from '../identity/session.ts';
import type { Confirmations } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import type { Credentials } from './credentials.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import type { McpServers } from './mcpServers.ts';
import type { NetworkSource } from './networkSource.ts';
import type { OverviewModel } from './overview.ts';
import type { ServerMemory } from './serverMemory.ts';
import type { Sessions } from './sessions.ts';
import type { SettingsSource } from './settingsSource.ts';
import { type ConnectionTables, slotsOf } from './slots.ts';

const MENDED_BY_SIGN_IN: ReadonlySet<string> = new Set([
  'DP-SIGN-IN-REQUIRED',
  'DP-SIGN-IN-ENDED',
  'DP-ACCOUNT-REQUIRED',
  'DP-SIGN-IN-WIDER',
]);

/** The page that a sign-in card opens, for errors that a sign-in mends. */
export function signInPageFor({ settings, sessions }: { settings: SettingsSource; sessions: Sessions }) {
  return async (connection: string, error: PassportError): Promise<SignInPage | undefined> => {
    if (!MENDED_BY_SIGN_IN.has(error.code)) return undefined;
    const { identityProvider, runAs } = settings.connection(connection);
    return identityProvider === undefined ? undefined : sessions.get(identityProvider)?.signInPage(runAs);
  };
}

/** Who is signed in, to tell whether that changed. */
const namesOf = (state: SessionState | undefined): string =>
  JSON.stringify([state?.accounts.map(({ subject }) => subject) ?? [], state?.ended?.subject]);

export interface WiringDeps extends ConnectionTables {
  readonly settings: SettingsSource;
  readonly network: NetworkSource;
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly connectionSecrets: ConnectionSecrets;
  readonly confirmations: Confirmations;
  readonly gateway: GatewayProcess;
  readonly overview: OverviewModel;
  readonly serverMemory: ServerMemory;
  readonly servers: McpServers;
  /** The workspace is trusted from now on: programs may run. */
  readonly onTrusted: (listener: () => void) => Disposable;
  readonly log: Log;
  /** Shows what the user must know of. */
  readonly warn: (error: PassportError) => void;
}

export interface Wiring extends Disposable {
  /** New settings have been taken up, or could not be. */
  readonly onSettingsTaken: (listener: () => void) => Disposable;
  /** Resolves when everybody has heard of the last change of this provider's sign-in, and its database sessions are closed. */
  settled(provider: string): Promise<void>;
}

/** Who hears of what: sign-ins and settings reach the credentials, the gateway, the editor and the views. */
export function followSignIns(deps: WiringDeps): Wiring {
  const { settings, network, sessions, credentials, connectionSecrets, confirmations } = deps;
  const { gateway, overview, serverMemory, servers, onTrusted, log, warn } = deps;
  const unsaved = new Set<string>();
  const told = new Map<string, Promise<void>>();
  const people = new Map<string, string>();
  const taken = signal<void>();

  /** True when nothing changed but whether the sign-in could be saved; the user is warned once for each failure. */
  function onlySaving(provider: string, state: SessionState | undefined): boolean {
    const failed = state?.saved === false;
    const changed = failed !== unsaved.has(provider);
    if (failed && changed) warn(new PassportError('DP-SECRET-STORE'));
    if (failed) unsaved.add(provider);
    else unsaved.delete(provider);
    return changed && people.get(provider) === namesOf(state);
  }

  async function signInChanged(provider: string): Promise<void> {
    const state = sessions.get(provider)?.state;
    if (onlySaving(provider, state)) return overview.changed();
    people.set(provider, namesOf(state));
    // Whatever was minted belongs to the sign-ins before.
    credentials.forget(provider);
    overview.forget(({ identityProvider }) => identityProvider === provider);
    if (state && state.accounts.length > 0) {
      // In this order: a call that is repeated must find the new user. Sessions of whoever is not among them end here.
      gateway.connectionsChanged();
      gateway.signedIn(provider);
      return;
    }
    try {
      await gateway.signedOut(provider);
    } finally {
      gateway.connectionsChanged();
    }
  }

  async function settingsChanged(): Promise<void> {
    const { providers, connections, problems } = settings.current();
    serverMemory.forgetOthers(connections, problems);
    await Promise.all([connectionSecrets.load(connections), sessions.update(providers, connections)]);
    gateway.connectionsChanged();
    servers.changed();
    overview.settingsChanged();
  }

  /** Whatever was made with the secret before is over: its database sessions end, because they are another's now. */
  function secretChanged(connection: string): void {
    credentials.forgetOwn(connection);
    overview.forget(({ id }) => id === connection);
    gateway.connectionsChanged();
  }

  /** While a connection is in use its token is renewed ahead of its end, not at the next login after it. */
  function renewAhead(connection: string): void {
    const used = settings.current().connections.find(({ id }) => id === connection);
    for (const { name } of used ? slotsOf(used, deps) : [])
      if (used && credentials.peek(used, name))
        credentials.get(used, name, {}).catch(failed('A token could not be renewed ahead of its end'));
  }

  const failed = (what: string) => (error: unknown) => log.error(what, { error: asPassportError(error).code });
  const following = [
    sessions.onDidChange((provider) => {
      told.set(provider, signInChanged(provider).catch(failed('A sign-in could not be taken up')));
    }),
    settings.onDidChange(() => {
      void settingsChanged()
        .catch(failed('Settings could not be taken up'))
        .finally(() => taken.fire());
    }),
    connectionSecrets.onDidChange(secretChanged),
    confirmations.onDidChange(() => {
      gateway.connectionsChanged();
      overview.changed();
    }),
    network.onDidChange(() => gateway.networkChanged()),
    settings.onDidChangeObstacle(() => overview.changed()),
    onTrusted(() => {
      gateway.connectionsChanged();
      servers.changed();
      overview.changed();
    }),
    gateway.onDidLearn((said) => {
      const subject = overview.personOf(said.connection, said.subject);
      if (subject !== undefined) serverMemory.remember({ ...said, subject });
    }),
    serverMemory.onDidChange(() => overview.changed()),
    gateway.onDidUse((usage) => {
      overview.used(usage);
      if (!usage.error) renewAhead(usage.connection);
    }),
  ];
  return {
    onSettingsTaken: taken.on,
    settled: async (provider) => told.get(provider),
    dispose() {
      for (const each of following) each.dispose();
    },
  };
}
