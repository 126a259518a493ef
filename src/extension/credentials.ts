import type { Connector } from '../connectors/connector.ts';
import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import { ANY, credentialCache, type Discontent } from '../core/credentialCache.ts';
import { PassportError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { Session } from '../identity/session.ts';
import type { TokenSource } from '../tokens/source.ts';
import { needOf, type Sessions } from './sessions.ts';

export interface CredentialsDeps {
  readonly sessions: Sessions;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly tokenSources: Readonly<Record<string, TokenSource>>;
  readonly clock: Clock;
  readonly redactor: Redactor;
}

export interface CredentialWish extends Discontent {
  readonly signal?: AbortSignal | undefined;
}

/** Hands out the credential of a connection: minted by its token source, cached for each sign-in and source settings. */
export interface Credentials {
  /** @throws PassportError DP-SIGN-IN-REQUIRED, DP-ACCOUNT-REQUIRED, DP-SIGN-IN-ENDED; whatever the token source throws */
  get(connection: Connection, wish: CredentialWish): Promise<Credential>;
  /** What is cached now, without minting. */
  peek(connection: Connection): Credential | undefined;
  /** Forgets all that came from one provider's sign-in. */
  forget(provider: string): void;
}

export function createCredentials({
  sessions,
  connectors,
  tokenSources,
  clock,
  redactor,
}: CredentialsDeps): Credentials {
  const cache = credentialCache<Credential>({ clock });
  const keyOf = (connection: Connection): string => {
    const subject = sessions.get(connection.identityProvider)?.signIn(connection.runAs)?.subject;
    return `${connection.identityProvider}\n${JSON.stringify([subject, connection.token, needOf(connection, connectors)])}`;
  };

  return {
    async get(connection, { renews, ...wish }) {
      const session = sessions.get(connection.identityProvider);
      const source = tokenSources[connection.token.source];
      const signIn = session?.signIn(connection.runAs);
      if (!source || !session) throw new PassportError('DP-INTERNAL', { problem: 'a connection without token source' });
      if (!signIn) throw nobody(session, connection.runAs);
      return cache.get({ key: keyOf(connection), renews, ...wish }, async ({ rejected, renews: old }) => {
        const minted = await source.mint({
          settings: connection.token.settings,
          signIn,
          need: needOf(connection, connectors),
          connection: connection.id,
          replaced: { rejected: rejected?.id, renews: renews === ANY ? ANY : old?.id },
        });
        redactor.know(minted.reveal().token);
        return minted;
      });
    },
    peek: (connection) => cache.peek(keyOf(connection)),
    forget: (provider) => cache.forget(`${provider}\n`),
  };
}

/** Why there is no sign-in to run a connection as. */
function nobody({ state, provider: { title: provider } }: Session, account: string | undefined): PassportError {
  if (state.ended && (account === undefined || state.ended.label === account || state.ended.subject === account))
    return new PassportError('DP-SIGN-IN-ENDED', { provider });
  if (account !== undefined && state.accounts.length > 0)
    return new PassportError('DP-ACCOUNT-REQUIRED', { provider, account });
  return new PassportError('DP-SIGN-IN-REQUIRED', { provider });
}
