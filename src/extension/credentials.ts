import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import { ANY, credentialCache, type Discontent } from '../core/credentialCache.ts';
import { asPassportError, PassportError } from '../core/errors.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import { redactedFacts } from '../core/redactedFacts.ts';
import type { SignIn } from '../core/signIn.ts';
import type { Session } from '../identity/session.ts';
import { mintCredential } from '../tokens/mint.ts';
import { bindingOf, reachOf } from './binding.ts';
import { type Confirmations, newsOf, type Unconfirmed } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import type { Sessions } from './sessions.ts';
import { type ConnectionTables, secretName, type Slot, slotsOf } from './slots.ts';

export interface CredentialsDeps extends ConnectionTables {
  readonly sessions: Pick<Sessions, 'get'>;
  readonly connectionSecrets: Pick<ConnectionSecrets, 'get' | 'facts'>;
  readonly confirmations: Pick<Confirmations, 'check'>;
  /** False in Restricted Mode: then no program is run. */
  readonly trusted: () => boolean;
  /** Aborts with the window: programs and requests end with it. */
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly redactor: Redactor;
}

export interface CredentialWish extends Discontent {
  /** The binding that the gateway had when it asked. */
  readonly binding?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Hands out the credentials of a connection: minted by their token sources, cached for each sign-in and source settings. */
export interface Credentials {
  /**
   * @param slot name of one of the connection's slots
   * @throws PassportError DP-SIGN-IN-REQUIRED, DP-ACCOUNT-REQUIRED, DP-SIGN-IN-ENDED, DP-CONNECTION-UNCONFIRMED, -CHANGED,
   * DP-SECRET-MISSING, DP-COMMAND-RESTRICTED; whatever the token source throws
   */
  get(connection: Connection, slot: string, wish: CredentialWish): Promise<Credential>;
  /** What is cached now, without minting. */
  peek(connection: Connection, slot: string): Credential | undefined;
  /** Forgets all that came from one provider's sign-in. */
  forget(provider: string): void;
  /** Forgets what came from a connection's own secret, key or program. */
  forgetOwn(connection: string): void;
}

export function createCredentials(deps: CredentialsDeps): Credentials {
  const { sessions, connectionSecrets, confirmations, trusted, fetch, clock, redactor } = deps;
  const cache = credentialCache<Credential>({ clock });
  const ports = { clock, fetch, know: redactor.know };
  const { signal: life } = deps;

  /** @throws PassportError DP-INTERNAL */
  function slotOf(connection: Connection, name: string): Slot {
    const slot = slotsOf(connection, deps).find((each) => each.name === name);
    if (!slot) throw new PassportError('DP-INTERNAL', { problem: 'a credential that the connection does not have' });
    return slot;
  }

  /** Whose sign-in it is, or which connection's own secret: whoever shares that and the settings shares the credential. */
  function keyOf({ id, identityProvider, runAs }: Connection, { name, choice, need, source }: Slot): string {
    if (source.from === 'own' || identityProvider === undefined)
      return `${ownPrefix(id)}${JSON.stringify([name, choice])}`;
    const subject = sessions.get(identityProvider)?.signIn(runAs)?.subject;
    return `${identityProvider}\n${JSON.stringify([subject, choice, need])}`;
  }

  /** @throws PassportError when nobody is signed in whom the connection could run as */
  function signInOf({ identityProvider, runAs }: Connection): SignIn | undefined {
    if (identityProvider === undefined) return undefined;
    const session = sessions.get(identityProvider);
    if (!session) throw new PassportError('DP-INTERNAL', { problem: 'a connection without identity provider' });
    const signIn = session.signIn(runAs);
    if (!signIn) throw nobody(session, runAs);
    return signIn;
  }

  /** @throws PassportError when a credential may not be handed out, whatever it is */
  async function permit(connection: Connection, binding: string | undefined): Promise<void> {
    const { id } = connection;
    if (binding !== undefined && binding !== bindingOf(connection, deps))
      throw new PassportError('DP-CONNECTION-CHANGED', { connection: id });
    if (!trusted() && reachOf(connection, deps).programs)
      throw new PassportError('DP-COMMAND-RESTRICTED', { connection: id });
    // Who enters it agrees to where it goes, too: that is the first thing to say.
    for (const { field, stored } of connectionSecrets.facts(connection)) {
      // What could not be looked up before may be there by now.
      if (field.required && !stored && !(await connectionSecrets.get(connection, field.name)))
        throw new PassportError('DP-SECRET-MISSING', { connection: id, secret: field.title });
    }
    const unconfirmed = confirmations.check(connection);
    if (unconfirmed) throw notConfirmed(unconfirmed);
  }

  async function get(connection: Connection, slot: Slot, wishes: CredentialWish): Promise<Credential> {
    const { renews, binding, ...wish } = wishes;
    const { setting, choice, need, source } = slot;
    // Without its user a connection gets nothing, not even what starts from a secret of its own.
    const signIn = signInOf(connection);
    await permit(connection, binding);
    const key = keyOf(connection, slot);
    return cache.get({ key, renews, ...wish }, ({ rejected, renews: old }) =>
      mintCredential(source, choice.source, {
        settings: choice.settings,
        signIn,
        need,
        connection: connection.id,
        path: `dataPassport.connections.${connection.id}.${setting}`,
        replaced: { rejected: rejected?.id, renews: renews === ANY ? ANY : old?.id, leastLife: wish.leastLife },
        ports,
        signal: life,
        secret: (name) => connectionSecrets.get(connection, secretName(slot, name)),
      }),
    );
  }

  return {
    async get(connection, name, wish) {
      try {
        return await get(connection, slotOf(connection, name), wish);
      } catch (thrown) {
        // Here every secret of the way is known: whatever the other side repeated goes no further.
        throw PassportError.from(redactedFacts(asPassportError(thrown), redactor));
      }
    },
    peek: (connection, name) => cache.peek(keyOf(connection, slotOf(connection, name))),
    forget: (provider) => cache.forget(`${provider}\n`),
    forgetOwn: (connection) => cache.forget(ownPrefix(connection)),
  };
}

/** No id of a provider is empty. */
const ownPrefix = (connection: string): string => `\n${connection}\n`;

/** Why there is no sign-in to run a connection as. */
export function nobody({ state, provider: { title: provider } }: Session, account: string | undefined): PassportError {
  if (state.ended && (account === undefined || state.ended.label === account || state.ended.subject === account))
    return new PassportError('DP-SIGN-IN-ENDED', { provider });
  if (account !== undefined && state.accounts.length > 0)
    return new PassportError('DP-ACCOUNT-REQUIRED', { provider, account });
  return new PassportError('DP-SIGN-IN-REQUIRED', { provider });
}

/** What stands between a connection and its credential, as an error. */
export function notConfirmed({ connection, reach, before }: Unconfirmed): PassportError {
  const { places, programs = [], programTerms, handsOn } = newsOf(reach, before);
  const action = [
    ...programs.map(([program = '']) => `run ${program}`),
    ...(programTerms && programs.length === 0 ? ['run its program with other settings'] : []),
    ...(places.length > 0 ? [`send its credential to ${places.join(', ')}`] : []),
    ...(handsOn ? [`let the server there use ${handsOn.database} as you`] : []),
  ].join(' and ');
  return new PassportError('DP-CONNECTION-UNCONFIRMED', { connection: connection.id, action });
}
