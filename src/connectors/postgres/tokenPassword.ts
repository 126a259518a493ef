import type { Client, ClientConfig } from 'pg';

import { TokenClient, type TokenSupplier } from './tokenClient.ts';

/**
 * A pg client, not yet connected, that gives the user's token as password: Entra ID, Amazon RDS and Cloud SQL, PAM, and poolers
 * in front of them. All of these ask for the password in clear text (they have to see the token), so that is all it answers:
 * MD5 and SCRAM mean that the server compares with a stored password, and a proof made from a token would only hide the
 * mistake behind "password authentication failed".
 *
 * `connect()` rejects with
 * - `PostgresLoginError` when the token was not sent (see its `reason`), or the server broke the protocol,
 * - the supplier's own error when there was no token,
 * - pg's `DatabaseError` with code 28000 or 28P01 when the server refused the token.
 *
 * The connection is closed in each case. `config.password` and the environment's are ignored.
 *
 * @param token asked once, when the server wants it
 */
export function tokenPasswordClient(config: ClientConfig, token: TokenSupplier): Client {
  return new TokenPasswordClient(config, token);
}

class TokenPasswordClient extends TokenClient {
  override _handleAuthCleartextPassword(): void {
    this.sendToken(malformed, (token) => {
      this.wire.password(token);
    });
  }
}

/** Not only JWTs: an Amazon RDS token is a query string. */
function malformed(token: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(token) ? undefined : 'has a character that no token has';
}
