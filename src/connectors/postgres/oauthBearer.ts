import type { Client, ClientConfig } from 'pg';

import { TokenClient, type TokenSupplier } from './tokenClient.ts';

/** What PostgreSQL 18 says about a token that it refused (RFC 7628 section 3.2.2). A hint for diagnosis, never to be acted on. */
interface OauthStatus {
  readonly status?: string;
  /** Where the server expects the issuer's metadata. */
  readonly openidConfiguration?: string;
  readonly scope?: string;
}

const mechanism = 'OAUTHBEARER';
const longestStatus = 8_192;

/**
 * A pg client, not yet connected, that logs in by OAUTHBEARER (PostgreSQL 18, RFC 7628) and by nothing else.
 *
 * `connect()` rejects with
 * - `PostgresLoginError` when the token was not sent (see its `reason`), or the server broke the protocol,
 * - the supplier's own error when there was no token,
 * - pg's `DatabaseError` with code 28000 when the server refused the token: {@link oauthStatusOf} has its reasons.
 *
 * The connection is closed in each case. `config.password` and the environment's are ignored.
 *
 * @param token asked once, when the server wants it
 */
export function oauthBearerClient(config: ClientConfig, token: TokenSupplier): Client {
  return new OauthBearerClient(config, token);
}

/** The server's reasons for refusing a token, where `error` has any. */
export function oauthStatusOf(error: unknown): OauthStatus | undefined {
  if (typeof error !== 'object' || error === null || !('oauthStatus' in error)) return undefined;
  return error.oauthStatus as OauthStatus;
}

class OauthBearerClient extends TokenClient {
  #status: OauthStatus | undefined;

  protected override refused(error: Error): void {
    if (this.#status) Object.assign(error, { oauthStatus: this.#status });
  }

  override _handleAuthSASL(request: { readonly mechanisms: readonly string[] }): void {
    if (!request.mechanisms.includes(mechanism)) {
      super._handleAuthSASL(request);
      return;
    }
    this.sendToken(malformed, (token) => {
      this.wire.sendSASLInitialResponseMessage(mechanism, `n,,\u0001auth=Bearer ${token}\u0001\u0001`);
    });
  }

  /** A refusal comes as a challenge, and the server waits for an empty answer before it ends the login. */
  override _handleAuthSASLContinue(message: { readonly data: string }): void {
    if (!this.tokenSent || this.#status) {
      super._handleAuthSASLContinue(message);
      return;
    }
    this.#status = parseStatus(message.data);
    this.wire.sendSCRAMClientFinalMessage('\u0001');
  }
}

/** RFC 6750 section 2.1; whatever is outside would also let a token add fields to the message. */
function malformed(token: string): string | undefined {
  return /^[\w.~+/-]+=*$/.test(token) ? undefined : 'has a character that no bearer token has';
}

function parseStatus(text: string): OauthStatus {
  if (text.length > longestStatus) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    const fields = new Map(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []);
    const status = printable(fields.get('status'));
    const openidConfiguration = printable(fields.get('openid-configuration'));
    const scope = printable(fields.get('scope'));
    return {
      ...(status !== undefined && { status }),
      ...(openidConfiguration !== undefined && { openidConfiguration }),
      ...(scope !== undefined && { scope }),
    };
  } catch {
    return {};
  }
}

function printable(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) ? value : undefined;
}
