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

/** Who hears of what: sign-ins and settings reach the credentials, the gateway, the editor and the views. */
export function followSignIns({
  settings,
  sessions,
  credentials,
  gateway,
  overview,
  servers,
  log,
}: WiringDeps): Disposable[] {
  const unsaved = new Set<string>();

  function warnOfUnsaved(provider: string): void {
    const state = sessions.get(provider)?.state;
    const failed = state?.kind === 'signedIn' && !state.saved;
    if (failed && !unsaved.has(provider)) void showWarning(new PassportError('DP-SECRET-STORE'));
    if (failed) unsaved.add(provider);
    else unsaved.delete(provider);
  }

  async function signInChanged(provider: string): Promise<void> {
    warnOfUnsaved(provider);
    // Whatever was minted belongs to the sign-in before this one.
    credentials.forget(provider);
    overview.forget(provider);
    const signedIn = sessions.get(provider)?.state.kind === 'signedIn';
    if (!signedIn) await gateway.signedOut(provider);
    gateway.connectionsChanged();
    if (signedIn) gateway.signedIn(provider);
  }

  async function settingsChanged(): Promise<void> {
    const { providers, connections } = settings.current();
    await sessions.update(providers, connections);
    gateway.connectionsChanged();
    servers.changed();
    overview.changed();
  }

  const failed = (what: string) => (error: unknown) => log.error(what, { error: asPassportError(error).code });
  return [
    sessions.onDidChange((provider) => void signInChanged(provider).catch(failed('A sign-in could not be taken up'))),
    settings.onDidChange(() => void settingsChanged().catch(failed('Settings could not be taken up'))),
    settings.onDidChangeObstacle(() => overview.changed()),
    gateway.onDidUse((usage) => overview.used(usage)),
  ];
}
