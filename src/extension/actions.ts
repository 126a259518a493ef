import { asPassportError, PassportError } from '../core/errors.ts';
import type { Browser } from '../core/ports.ts';
import type { Session } from '../identity/session.ts';
import type { Actions } from '../ui/model.ts';
import type { Credentials } from './credentials.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import type { OverviewModel } from './overview.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import type { Wiring } from './wiring.ts';

export interface ActionsDeps {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly gateway: GatewayProcess;
  readonly wiring: Wiring;
  readonly overview: OverviewModel;
  readonly browser: Browser;
  readonly settings: () => Settings;
}

export function createActions({
  sessions,
  credentials,
  gateway,
  wiring,
  overview,
  browser,
  settings,
}: ActionsDeps): Actions {
  function sessionOf(provider: string): Session {
    const session = sessions.get(provider);
    if (!session)
      throw new PassportError('DP-SETTING-INVALID', {
        path: `dataPassport.identityProviders.${provider}`,
        problem: 'it is not configured',
      });
    return session;
  }

  return {
    openBrowser: (url) => browser.open(url),
    async attemptSignIn(provider) {
      const { startUrl, done, cancel } = await sessionOf(provider).attempt();
      const label = done.then((account) => account.label);
      // Whoever asked may have stopped waiting by then.
      label.catch(() => undefined);
      return { startUrl, done: label, cancel };
    },
    async signOut(provider) {
      const result = await sessionOf(provider).signOut();
      await wiring.settled(provider);
      return result;
    },
    async renew() {
      const signedIn = settings().connections.filter(
        ({ identityProvider }) => sessions.get(identityProvider)?.signIn !== undefined,
      );
      for (const { identityProvider } of signedIn) credentials.forget(identityProvider);
      // One after the other: connections of one provider would queue for its refresh token anyway.
      const failures: unknown[] = [];
      for (const connection of signedIn)
        await credentials.get(connection, {}).catch((error: unknown) => failures.push(error));
      overview.changed();
      if (failures.length > 0) throw failures[0];
      return signedIn.length;
    },
    async test(connection) {
      overview.testing(connection, true);
      try {
        const result = await gateway.whoami(connection);
        overview.used({ connection, identity: result.identity });
        return result;
      } catch (thrown) {
        const error = asPassportError(thrown);
        overview.used({ connection, error });
        throw error;
      } finally {
        overview.testing(connection, false);
      }
    },
  };
}
