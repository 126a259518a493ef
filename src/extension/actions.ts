import { ANY } from '../core/credentialCache.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import type { Browser, Clock, Fetch, Secrets } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { FlowHost } from '../identity/flows/flow.ts';
import { suitableFlows } from '../identity/flows/suitable.ts';
import type { ProviderDescription } from '../identity/presets/preset.ts';
import { registrationText } from '../identity/presets/registration.ts';
import type { Session } from '../identity/session.ts';
import type { Actions, ConfirmationView } from '../ui/model.ts';
import { reachOf } from './binding.ts';
import { type Confirmations, isPlain } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import type { Credentials } from './credentials.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import type { OverviewModel } from './overview.ts';
import { clientSecretKey, type Sessions } from './sessions.ts';
import type { SettingsSource } from './settingsSource.ts';
import { signInFailures } from './signInFailures.ts';
import { type ConnectionTables, slotsOf } from './slots.ts';
import { tokenClaims } from './tokenClaims.ts';
import type { Wiring } from './wiring.ts';

export interface ActionsDeps extends ConnectionTables {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly connectionSecrets: ConnectionSecrets;
  readonly confirmations: Confirmations;
  readonly gateway: GatewayProcess;
  readonly wiring: Wiring;
  readonly overview: OverviewModel;
  readonly browser: Browser;
  readonly host: FlowHost;
  readonly secrets: Secrets;
  readonly settings: Pick<SettingsSource, 'current' | 'connection' | 'raw'>;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly redactor: Redactor;
}

export function createActions(deps: ActionsDeps): Actions {
  const { sessions, credentials, connectionSecrets, confirmations, gateway } = deps;
  const { wiring, overview, browser, host, secrets, settings } = deps;

  const failures = signInFailures();

  function sessionOf(provider: string): Session {
    const session = sessions.get(provider);
    if (!session)
      throw new PassportError('DP-SETTING-INVALID', {
        path: `dataPassport.identityProviders.${provider}`,
        problem: 'it is not configured',
      });
    return session;
  }

  /** On the web every address of the editor is another one, so only a provider that takes a pattern can have it registered. */
  async function registrableUri({ flows, preferredFlow }: ProviderDescription): Promise<string | undefined> {
    if (host.place !== 'web') return flows.includes('editorUri') ? host.editorUri() : undefined;
    return preferredFlow === 'editorUri' ? `${new URL(await host.editorUri()).origin}/*` : undefined;
  }

  async function hasClientSecret(provider: string): Promise<boolean> {
    return (await secrets.get(clientSecretKey(sessionOf(provider).provider))) !== undefined;
  }

  return {
    openBrowser: (url) => browser.open(url),
    async attemptSignIn(provider, how) {
      const session = sessionOf(provider);
      try {
        const { done, ...attempt } = await session.attempt(how);
        const label = done.then((account) => account.label);
        // Whoever asked may have stopped waiting by then.
        failures.follow(session, label);
        return { ...attempt, done: label };
      } catch (thrown) {
        failures.failed(session, thrown);
        throw thrown;
      }
    },
    waysToSignIn: (provider) => suitableFlows(host.place, sessionOf(provider).provider),
    async signOut(provider, subject) {
      const result = await sessionOf(provider).signOut(subject);
      await wiring.settled(provider);
      return result;
    },
    endSession: (provider, account) => sessionOf(provider).endSession(account),
    async registration(provider) {
      const { provider: description } = sessionOf(provider);
      const requests = sessions.wanted(provider);
      return registrationText(description, { editorUri: await registrableUri(description), requests });
    },
    hasClientSecret,
    removeClientSecret: (provider) => secrets.delete(clientSecretKey(sessionOf(provider).provider)),
    setClientSecret(provider, secret) {
      const session = sessionOf(provider);
      failures.forget(session);
      return secrets.store(clientSecretKey(session.provider), secret);
    },
    async setConnectionSecret({ id, places }, name, words) {
      const connection = settings.connection(id);
      // First: nobody is asked what entering it has answered. What its box does not name is asked for on its own.
      if (isPlain(reachOf(connection, deps))) await confirmations.confirm([{ connection, reach: { places } }]);
      await connectionSecrets.set(connection, name, words);
    },
    leftSecrets: connectionSecrets.left,
    removeLeftSecret: connectionSecrets.removeLeft,
    removeConnectionSecret: (id, name) => connectionSecrets.remove(settings.connection(id), name),
    unconfirmed: () =>
      settings.current().connections.flatMap((connection): ConfirmationView[] => {
        const found = confirmations.check(connection);
        if (!found) return [];
        const { id, title } = connection;
        return [{ id, title, ...found.reach, placesBefore: found.before?.places ?? [] }];
      }),
    asked: (views) => confirmations.asked(views.map(({ id }) => settings.connection(id))),
    confirm: (views) =>
      confirmations.confirm(
        views.map(({ id, places, programs, programTerms, handsOn }) => ({
          connection: settings.connection(id),
          reach: {
            places,
            ...(programs && { programs }),
            ...(programTerms && { programTerms }),
            ...(handsOn && { handsOn }),
          },
        })),
      ),
    async tokenClaims(id) {
      const connection = settings.connection(id);
      const parts: string[] = [];
      for (const slot of slotsOf(connection, deps)) {
        const credential = await credentials.get(connection, slot.name, {});
        parts.push(await tokenClaims(connection, slot, { ...deps, credential }));
      }
      return parts.join('\n');
    },
    async renew() {
      const renewable = settings.current().connections.flatMap((connection) => {
        // One that waits for the user's word has nothing to renew; the view says what it waits for.
        if (confirmations.check(connection)) return [];
        const { identityProvider, runAs } = connection;
        const isSignedIn =
          identityProvider !== undefined && sessions.get(identityProvider)?.signIn(runAs) !== undefined;
        return slotsOf(connection, deps)
          .filter(({ name, source }) =>
            source.from === 'signIn' ? isSignedIn : credentials.peek(connection, name) !== undefined,
          )
          .map(({ name }) => ({ connection, name }));
      });
      // One after the other: connections of one provider would queue for its refresh token anyway.
      const failures: unknown[] = [];
      let renewed = 0;
      for (const { connection, name } of renewable) {
        const before = credentials.peek(connection, name)?.id;
        try {
          // A secret that was entered comes back as it was.
          if ((await credentials.get(connection, name, { renews: ANY })).id !== before) renewed += 1;
        } catch (error) {
          failures.push(error);
        }
      }
      overview.changed();
      if (failures.length > 0) throw failures[0];
      return renewed;
    },
    async diagnose(connection, options) {
      const [{ createDoctor }, { translated }] = await Promise.all([
        import('./doctor/doctor.ts'),
        import('../ui/localize.ts'),
      ]);
      const doctor = createDoctor({
        ...deps,
        settings: settings.current,
        hasClientSecret,
        signInFailure: failures.last,
        translated,
      });
      return doctor.diagnose(connection, options);
    },
    async guides(connection) {
      const { guideTexts } = await import('./guides.ts');
      return guideTexts(settings.connection(connection), { ...deps, raw: settings.raw });
    },
    withheldTools: overview.withheldTools,
    takeTools: (connection, changes) => gateway.toolsReviewed(connection, changes),
    choices: gateway.choices,
    async test(connection) {
      // The gateway may not even know of it.
      if (overview.isRestricted(settings.connection(connection)))
        throw new PassportError('DP-COMMAND-RESTRICTED', { connection });
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
