import type { Connector } from '../connectors/connector.ts';
import type { Connection } from '../core/connection.ts';
import type { Credential } from '../core/credential.ts';
import { credentialCache } from '../core/credentialCache.ts';
import { PassportError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { TokenSource } from '../tokens/source.ts';
import { needOf, type Sessions } from './sessions.ts';

export interface CredentialsDeps {
  readonly sessions: Sessions;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly tokenSources: Readonly<Record<string, TokenSource>>;
  readonly clock: Clock;
  readonly redactor: Redactor;
}

export interface CredentialWish {
  /** Id of a credential that the other side rejected. */
  readonly rejected?: string | undefined;
  /** Seconds that it must still live. */
  readonly leastLife?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Hands out the credential of a connection: minted by its token source, cached for each sign-in and source settings. */
export interface Credentials {
  /** @throws PassportError DP-SIGN-IN-REQUIRED when nobody is signed in; whatever the token source throws */
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
  const cache = credentialCache({ clock });
  const keyOf = (connection: Connection): string => {
    const subject = sessions.get(connection.identityProvider)?.signIn?.subject;
    return `${connection.identityProvider}\n${JSON.stringify([subject, connection.token, needOf(connection, connectors)])}`;
  };

  return {
    async get(connection, { rejected, leastLife, signal }) {
      const session = sessions.get(connection.identityProvider);
      const source = tokenSources[connection.token.source];
      const signIn = session?.signIn;
      if (!source || !session) throw new PassportError('DP-INTERNAL', { problem: 'a connection without token source' });
      if (!signIn) {
        const ended = session.state.kind === 'signedOut' && session.state.ended;
        throw new PassportError(ended ? 'DP-SIGN-IN-ENDED' : 'DP-SIGN-IN-REQUIRED', {
          provider: session.provider.title,
        });
      }
      return cache.get({ key: keyOf(connection), rejected, leastLife, signal }, async () => {
        const minted = await source.mint({
          settings: connection.token.settings,
          signIn,
          need: needOf(connection, connectors),
          connection: connection.id,
        });
        redactor.know(minted.reveal().token);
        return minted;
      });
    },
    peek: (connection) => cache.peek(keyOf(connection)),
    forget: (provider) => cache.forget(`${provider}\n`),
  };
}
