import { Client, type ClientConfig } from 'pg';

import { bareError } from '../../core/bareError.ts';
import { PostgresLoginError, TokenClient, type TokenSupplier } from './tokenClient.ts';

/** pg's own part of a login with SCRAM (RFC 7677); pg 8.23, lib/client.js. */
interface Scram {
  _handleAuthSASL(this: Client, request: { readonly mechanisms: readonly string[] }): void;
  _handleAuthSASLContinue(this: Client, message: { readonly data: string }): void;
  _handleAuthSASLFinal(this: Client, message: { readonly data: string }): void;
  _handleErrorEvent(this: Client, error: Error): void;
}

const scram = Client.prototype as unknown as Scram;

/**
 * A pg client, not yet connected, for a database user with a password of its own: short-lived ones of Amazon RDS and Redshift, and
 * shared ones. It answers SCRAM, which proves the password without sending it, and a question for the password itself; MD5 is
 * refused. `connect()` rejects as that of `tokenPasswordClient` does.
 *
 * @param password asked once, when the server wants it
 */
export function passwordClient(config: ClientConfig, password: TokenSupplier): Client {
  return new PasswordClient(config, password);
}

class PasswordClient extends TokenClient {
  /** True from the first message of a proof until the server has proven that it knows the password, too. */
  #proving = false;

  /** As libpq's require_auth: a login with a proof is one only when both sides have given theirs. */
  protected override get proven(): boolean {
    return super.proven && !this.#proving;
  }

  override _handleAuthCleartextPassword(): void {
    this.sendToken(malformed, (password) => {
      this.wire.password(password);
    });
  }

  override _handleAuthSASL(request: { readonly mechanisms: readonly string[] }): void {
    if (!request.mechanisms.includes('SCRAM-SHA-256')) return super._handleAuthSASL(request);
    this.sendToken(malformed, (password) => {
      this.#proving = true;
      this.#lend(password);
      scram._handleAuthSASL.call(this, request);
    });
  }

  override _handleAuthSASLContinue(message: { readonly data: string }): void {
    if (!this.tokenSent) return super._handleAuthSASLContinue(message);
    scram._handleAuthSASLContinue.call(this, message);
    // It was read before the first pause of that.
    this.#lend('');
  }

  override _handleAuthSASLFinal(message?: { readonly data: string }): void {
    if (!this.tokenSent || !message) return super._handleAuthSASLFinal();
    scram._handleAuthSASLFinal.call(this, message);
    // pg has forgotten the login when the server's proof was right.
    this.#proving = (this as { saslSession?: unknown }).saslSession !== null;
  }

  /** pg tells of a proof that it can not go on with as any error, and leaves the connection open. */
  _handleErrorEvent(error: Error): void {
    const broken = error.message.startsWith('SASL: ');
    if (broken) this.wire.stream.destroy();
    scram._handleErrorEvent.call(
      this,
      broken
        ? new PostgresLoginError('protocol', 'The proof of the server is wrong.', { cause: bareError(error) })
        : error,
    );
  }

  #lend(password: string): void {
    (this as { password?: string }).password = password;
  }
}

/** A zero byte would end the password in the message. */
function malformed(password: string): string | undefined {
  return /\p{Cc}/u.test(password) ? 'has a control character' : undefined;
}
