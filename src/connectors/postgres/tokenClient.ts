import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { Client, type ClientConfig } from 'pg';

import { bareError } from '../../core/bareError.ts';
import { isLoopback } from '../../core/connection.ts';

/** Gives the user's token at the moment when the server asks for it. */
export type TokenSupplier = () => Promise<string>;

/**
 * Why a login ended before the token was sent, or why the server could not be understood:
 * - `insecure`: no verified TLS, and not this machine
 * - `method`: the server wants something else than a token, or lets in without asking
 * - `token`: what the supplier gave can't be a token
 * - `protocol`: the server broke the protocol, or speaks a part of it that the driver does not know
 */
export type LoginFailure = 'insecure' | 'method' | 'token' | 'protocol';

/** Thrown by `connect()`. What the database itself says about a login arrives as pg's own `DatabaseError`, code 28000. */
export class PostgresLoginError extends Error {
  override readonly name = 'PostgresLoginError';
  readonly reason: LoginFailure;

  constructor(reason: LoginFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

interface Listenable {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
}

/** The part of pg's `Connection` that is touched here; pg 8.23, lib/connection.js. */
interface Wire {
  readonly stream: Socket;
  attachListeners(stream: Listenable): void;
  emit(event: 'error', error: Error): boolean;
  on(event: 'authenticationOk', listener: () => void): unknown;
  on(event: 'errorMessage', listener: (error: Error) => void): unknown;
  password(password: string): void;
  sendSASLInitialResponseMessage(mechanism: string, response: string): void;
  sendSCRAMClientFinalMessage(response: string): void;
}

/** PostgreSQL takes no authentication message of more than 65,535 bytes (auth.c, PG_MAX_AUTH_TOKEN_LENGTH). */
const longestToken = 65_000;

/**
 * A pg `Client` that hands out a token once, to a server that asks for it in the one way that the subclass knows, and only over
 * verified TLS or on this machine. pg itself answers whatever the server asks for, and a message that it can't parse is an
 * uncaught exception; here both end this connection and nothing else. It never reads `~/.pgpass` or `PGPASSWORD`.
 */
export abstract class TokenClient extends Client {
  protected readonly wire: Wire;
  readonly #supply: TokenSupplier;
  #open = false;
  #asked = false;
  #sent = false;
  #failed = false;

  constructor(config: ClientConfig, supply: TokenSupplier) {
    super({ ...config, password: '' });
    this.wire = this.connection as unknown as Wire;
    this.#supply = supply;
    this.#fence();
    // As libpq's require_auth: a server that trusts everyone would make the session anybody's.
    this.wire.on('authenticationOk', () => {
      if (!this.proven) throw this.refusal('it let us in without asking who we are');
    });
    // pg leaves the socket open until the server closes it.
    this.wire.on('errorMessage', (error) => {
      if (this.#open) return;
      this.refused(error);
      this.#fail(error);
    });
    this.on('connect', () => {
      this.#open = true;
    });
    // A session that dies while nobody waits for it must not take the process along; the next query tells.
    this.on('error', () => undefined);
  }

  _handleAuthCleartextPassword(): void {
    throw this.refusal('it asked for a password');
  }

  _handleAuthMD5Password(): void {
    throw this.refusal('it asked for an MD5 password');
  }

  _handleAuthSASL(request: { readonly mechanisms: readonly string[] }): void {
    // RFC 4422 section 3.1; a server's own words go no further.
    const names = request.mechanisms.filter((name) => /^[A-Z0-9_-]{1,20}$/.test(name)).slice(0, 5);
    throw this.refusal(`it asked for ${names.join(' or ') || 'an unnamed SASL mechanism'}`);
  }

  _handleAuthSASLContinue(_message: { readonly data: string }): void {
    throw new PostgresLoginError('protocol', 'The server went on with a login that was never begun.');
  }

  _handleAuthSASLFinal(): void {
    throw new PostgresLoginError('protocol', 'The server ended a login that was never begun.');
  }

  protected get tokenSent(): boolean {
    return this.#sent;
  }

  /** False as long as the server has no reason to let us in. */
  protected get proven(): boolean {
    return this.#sent;
  }

  /** Hears the server's last word on a login before anyone else does, and may add to it. */
  protected refused(_error: Error): void {}

  protected refusal(found: string): PostgresLoginError {
    return new PostgresLoginError('method', `The server does not log in by token: ${found}. No token was sent.`);
  }

  /**
   * Fetches the token and has it written, once in the life of the connection.
   *
   * @param malformed says what is wrong with a token, if anything
   * @throws PostgresLoginError when this server may not have it
   */
  protected sendToken(malformed: (token: string) => string | undefined, write: (token: string) => void): void {
    if (this.#asked) throw new PostgresLoginError('protocol', 'The server asked for the token twice.');
    this.#asked = true;
    this.#demandPrivacy();
    this.#deliver(malformed, write).catch((error: unknown) => {
      this.#fail(
        error instanceof Error
          ? error
          : new PostgresLoginError('token', 'There is no token.', { cause: bareError(error) }),
      );
    });
  }

  async #deliver(malformed: (token: string) => string | undefined, write: (token: string) => void): Promise<void> {
    const token = await this.#supply();
    const problem = tokenProblem(token) ?? malformed(token);
    if (problem !== undefined) throw new PostgresLoginError('token', `The token ${problem}, so it was not sent.`);
    // The server may have hung up while the token was made.
    if (this.#failed || !this.wire.stream.writable) return;
    this.#sent = true;
    write(token);
  }

  #demandPrivacy(): void {
    const { stream } = this.wire;
    if (stream instanceof TLSSocket && stream.authorized) return;
    if (this.host.startsWith('/')) return;
    // Both: the name must mean this machine, and a proxy on this machine is no end of the line.
    // A socket for both families writes IPv4 addresses its own way.
    const reached = stream.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/i, '');
    if (reached !== undefined && isLoopback(this.host) && isLoopback(reached)) return;
    throw new PostgresLoginError(
      'insecure',
      stream instanceof TLSSocket
        ? 'The certificate of the server is not verified, so the token was not sent.'
        : 'The connection is not encrypted, so the token was not sent.',
    );
  }

  /** Turns an exception while a message is read into the end of this connection; in pg it would end the process. */
  #fence(): void {
    const attach = this.wire.attachListeners.bind(this.wire);
    this.wire.attachListeners = (stream) => {
      attach({
        on: (event, listener) =>
          stream.on(event, (...values) => {
            try {
              listener(...values);
            } catch (error) {
              this.#fail(
                error instanceof PostgresLoginError
                  ? error
                  : new PostgresLoginError('protocol', 'The server sent what the driver does not understand.', {
                      cause: bareError(error),
                    }),
              );
            }
          }),
      });
    };
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.wire.emit('error', error);
    this.wire.stream.destroy();
  }
}

function tokenProblem(token: unknown): string | undefined {
  if (typeof token !== 'string' || token === '') return 'is empty';
  if (Buffer.byteLength(token) > longestToken) return `is longer than ${longestToken} bytes`;
  return undefined;
}
