import { Client, type ClientConfig } from 'pg';

import { TokenClient, type TokenSupplier } from './tokenClient.ts';

/** pg's own part of a login with SCRAM (RFC 7677); pg 8.23, lib/client.js. */
interface Scram {
  _handleAuthSASL(this: Client, request: { readonly mechanisms: readonly string[] }): void;
  _handleAuthSASLContinue(this: Client, message: { readonly data: string }): void;
  _handleAuthSASLFinal(this: Client, message: { readonly data: string }): void;
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
  override _handleAuthCleartextPassword(): void {
    this.sendToken(malformed, (password) => {
      this.wire.password(password);
    });
  }

  override _handleAuthSASL(request: { readonly mechanisms: readonly string[] }): void {
    if (!request.mechanisms.includes('SCRAM-SHA-256')) return super._handleAuthSASL(request);
    this.sendToken(malformed, (password) => {
      (this as { password?: string }).password = password;
      scram._handleAuthSASL.call(this, request);
    });
  }

  override _handleAuthSASLContinue(message: { readonly data: string }): void {
    if (!this.tokenSent) return super._handleAuthSASLContinue(message);
    scram._handleAuthSASLContinue.call(this, message);
  }

  override _handleAuthSASLFinal(message?: { readonly data: string }): void {
    if (!this.tokenSent || !message) return super._handleAuthSASLFinal();
    scram._handleAuthSASLFinal.call(this, message);
  }
}

/** A zero byte would end the password in the message. */
function malformed(password: string): string | undefined {
  return /\p{Cc}/u.test(password) ? 'has a control character' : undefined;
}
