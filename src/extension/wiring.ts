import { asPassportError, PassportError } from '../core/errors.ts';
import type { Disposable, Log } from '../core/ports.ts';
import { showWarning } from '../ui/notices.ts';
import type { Credentials } from './credentials.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import type { McpServers } from './mcpServers.ts';
import type { OverviewModel } from './overview.ts';
import type { Sessions } from './sessions.ts';
import type { SettingsSource } from './settingsSource.ts';

/** The page that a sign-in card opens, for errors that a sign-in mends. */
export function signInPageFor({ settings, sessions }: { settings: SettingsSource; sessions: Sessions }) {
  return async (connection: string, error: PassportError): Promise<string | undefined> => {
    if (error.code !== 'DP-SIGN-IN-REQUIRED' && error.code !== 'DP-SIGN-IN-ENDED') return undefined;
    return sessions.get(settings.connection(connection).identityProvider)?.signInPage();
  };
}

export interface WiringDeps {
  readonly settings: SettingsSource;
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly gateway: GatewayProcess;
  readonly overview: OverviewModel;
  readonly servers: McpServers;
  readonly log: Log;
}

export interface Wiring extends Disposable {
  /** Resolves when everybody has heard of the last change of this provider's sign-in, and its database sessions are closed. */
  settled(provider: string): Promise<void>;
}

/** Who hears of what: sign-ins and settings reach the credentials, the gateway, the editor and the views. */
export function followSignIns(deps: WiringDeps): Wiring {
  const { settings, sessions, credentials, gateway, overview, servers, log } = deps;
  const unsaved = new Set<string>();
  const told = new Map<string, Promise<void>>();
  const subjects = new Map<string, string>();

  /** True when nothing changed but whether the sign-in could be saved; the user is warned once for each failure. */
  function onlySaving(provider: string): boolean {
    const state = sessions.get(provider)?.state;
    const failed = state?.kind === 'signedIn' && !state.saved;
    const changed = failed !== unsaved.has(provider);
    if (failed && changed) void showWarning(new PassportError('DP-SECRET-STORE'));
    if (failed) unsaved.add(provider);
    else unsaved.delete(provider);
    return changed && state?.kind === 'signedIn' && subjects.get(provider) === state.account.subject;
  }

  async function signInChanged(provider: string): Promise<void> {
    const state = sessions.get(provider)?.state;
    if (onlySaving(provider)) return overview.changed();
    // Whatever was minted belongs to the sign-in before this one.
    credentials.forget(provider);
    overview.forget(provider);
    if (state?.kind === 'signedIn') {
      subjects.set(provider, state.account.subject);
      // In this order: a call that is repeated must find the new user.
      gateway.connectionsChanged();
      gateway.signedIn(provider);
      return;
    }
    subjects.delete(provider);
    try {
      await gateway.signedOut(provider);
    } finally {
      gateway.connectionsChanged();
    }
  }

  async function settingsChanged(): Promise<void> {
    const { providers, connections } = settings.current();
    await sessions.update(providers, connections);
    gateway.connectionsChanged();
    servers.changed();
    overview.settingsChanged();
  }

  /** While a connection is in use its token is renewed ahead of its end, not at the next login after it. */
  function renewAhead(connection: string): void {
    const used = settings.current().connections.find(({ id }) => id === connection);
    if (used && credentials.peek(used))
      credentials.get(used, {}).catch(failed('A token could not be renewed ahead of its end'));
  }

  const failed = (what: string) => (error: unknown) => log.error(what, { error: asPassportError(error).code });
  const following = [
    sessions.onDidChange((provider) => {
      told.set(provider, signInChanged(provider).catch(failed('A sign-in could not be taken up')));
    }),
    settings.onDidChange(() => void settingsChanged().catch(failed('Settings could not be taken up'))),
    settings.onDidChangeObstacle(() => overview.changed()),
    gateway.onDidUse((usage) => {
      overview.used(usage);
      if (!usage.error) renewAhead(usage.connection);
    }),
  ];
  return {
    settled: async (provider) => told.get(provider),
    dispose() {
      for (const each of following) each.dispose();
    },
  };
}
