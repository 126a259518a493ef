import { chown, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';

import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

/** Who may log in, in the identity provider's words. */
export interface TokenRules {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
}

/** One question of the database. Never holds the token. */
export type LoginAttempt =
  | { readonly outcome: 'accepted'; readonly user: string }
  | { readonly outcome: 'refused'; readonly reason: string };

export interface Verifier {
  readonly attempts: readonly LoginAttempt[];
  /** While true every token is refused, however good. */
  refusing: boolean;
  close(): Promise<void>;
}

const longestToken = 128 * 1024;

/**
 * Answers the database's question "is this token good, and whose is it?" on a private unix socket: a line with the token in,
 * `ok NAME` or `no` out. Signature (RS256), issuer, audience and times are checked; the name is `preferred_username`.
 *
 * @param owner the user that the database runs as; alone may connect.
 */
export async function startVerifier(
  path: string,
  rules: TokenRules,
  owner?: { uid: number; gid: number },
): Promise<Verifier> {
  // No cool-down: a test that rotates the provider's key must not wait for half a minute.
  const keys = createRemoteJWKSet(new URL(rules.jwksUri), { cooldownDuration: 0 });
  const attempts: LoginAttempt[] = [];
  const open = new Set<Socket>();
  const verifier = { attempts, refusing: false, close };

  async function judge(token: string): Promise<LoginAttempt> {
    if (verifier.refusing) return { outcome: 'refused', reason: 'refusing every login' };
    try {
      const { payload } = await jwtVerify<{ preferred_username?: unknown }>(token, keys, {
        issuer: rules.issuer,
        audience: rules.audience,
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'sub'],
      });
      const user = payload.preferred_username;
      if (typeof user !== 'string' || !/^[a-z][a-z0-9_]{0,62}$/.test(user))
        return { outcome: 'refused', reason: 'preferred_username is no role name' };
      return { outcome: 'accepted', user };
    } catch (error) {
      return { outcome: 'refused', reason: error instanceof errors.JOSEError ? error.code : 'keys unavailable' };
    }
  }

  async function answer(socket: Socket): Promise<void> {
    let line = '';
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      line += String(chunk);
      if (line.length > longestToken || line.includes('\n')) break;
    }
    const attempt = await judge(line.trimEnd());
    attempts.push(attempt);
    socket.end(attempt.outcome === 'accepted' ? `ok ${attempt.user}\n` : 'no\n');
  }

  const server = createServer((socket) => {
    socket.setEncoding('latin1');
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    answer(socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (owner) await chown(path, owner.uid, owner.gid);

  async function close(): Promise<void> {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await rm(path, { force: true });
  }

  return verifier;
}
