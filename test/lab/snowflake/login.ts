import { createHash, createPublicKey, randomUUID, type KeyObject } from 'node:crypto';

import { compactVerify, createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';

import { labUsers, type LabUser, type LabUserName } from '../sampleData.ts';
import type { Account } from './account.ts';
import {
  badKeyPairToken,
  badPassword,
  badProgrammaticToken,
  expiredToken,
  invalidToken,
  otherUser,
  roleNotGranted,
  roleNotInToken,
  unknownRole,
  unknownUser,
} from './errors.ts';
import type { OwnToken } from './oauth.ts';

export interface LoginRequest {
  readonly authenticator: string;
  readonly token: string;
  readonly loginName?: string;
  readonly requestedRole?: string;
}

/** Who has come in, and with what. */
export interface Principal {
  /** Upper case, as CURRENT_USER() says it. */
  readonly user: string;
  readonly role: string;
  readonly roles: readonly string[];
}

export interface LoginOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
  /** The account's own OAuth, which gives opaque tokens of one role. */
  readonly ownOAuth?: { check(token: string): OwnToken | undefined };
  /** Claim of the token that names the user; default `preferred_username`. */
  readonly userClaim?: string;
}

export interface Logins {
  /** @throws {WarehouseError} with the code of the reason. */
  check(request: LoginRequest): Promise<Principal>;
  issueProgrammaticToken(user: LabUserName, role?: string): string;
  revokeProgrammaticToken(token: string): void;
  /** A programmatic access token of an administrator. */
  issueAdministratorToken(): string;
  registerPublicKey(user: LabUserName, publicKeyPem: string): void;
}

const knownRoles = new Set(['ANALYST', 'MANAGER', 'PUBLIC']);
const defaultRole = 'ANALYST';

/**
 * External OAuth as Snowflake checks it, and the two sorts of credential that need no identity provider.
 * @param account says itself whose tokens are taken, and as whom; without one the options do
 */
export function createLogins(options: LoginOptions, account?: Account): Logins {
  // No cool-down: a test that rotates keys does not wait for one.
  const keys = createRemoteJWKSet(new URL(options.jwksUri), { cooldownDuration: 0 });
  const programmaticTokens = new Map<string, { readonly user: LabUser; readonly role: string | undefined }>();
  const publicKeys = new Map<LabUser, KeyObject>();
  const administratorTokens = new Set<string>();

  async function fromOAuth(request: LoginRequest): Promise<Principal> {
    const { token, loginName, requestedRole } = request;
    const own = options.ownOAuth?.check(token);
    if (own) return fromOwnToken(own, request);
    if (account) return fromAccount(account, request);
    const claims = await verify(token);
    const named = claims[options.userClaim ?? 'preferred_username'];
    const user = findUser(typeof named === 'string' ? named : '');
    if (user === undefined) throw unknownUser();
    if (loginName !== undefined && findUser(loginName) !== user) throw otherUser();
    const said: unknown[] = [claims['scp'] ?? claims['scope']].flat();
    const scopes = new Set(said.flatMap((each) => (typeof each === 'string' ? each.toUpperCase().split(' ') : [])));
    const allowed = (role: string): boolean => scopes.has('SESSION:ROLE-ANY') || scopes.has(`SESSION:ROLE:${role}`);
    const role = requestedRole ?? defaultRole;
    if (!knownRoles.has(role)) throw unknownRole(role);
    if (!allowed(role)) throw roleNotInToken(role);
    return admit(user, role, user.roles.filter(allowed));
  }

  async function fromAccount(account: Account, { token, loginName, requestedRole }: LoginRequest): Promise<Principal> {
    const { user, allows } = await account.admit(token);
    if (loginName !== undefined && loginName.toUpperCase() !== user.loginName.toUpperCase()) throw otherUser();
    const role = requestedRole ?? user.defaultRole;
    if (!knownRoles.has(role)) throw unknownRole(role);
    if (!allows(role)) throw roleNotInToken(role);
    if (!user.roles.has(role)) throw roleNotGranted(role);
    return { user: user.person.name.toUpperCase(), role, roles: [...user.roles].filter(allows) };
  }

  function fromOwnToken({ user, role, expired }: OwnToken, { loginName, requestedRole }: LoginRequest): Principal {
    if (expired) throw expiredToken();
    if (loginName !== undefined && findUser(loginName) !== user) throw otherUser();
    if (requestedRole !== undefined && requestedRole !== role) throw roleNotInToken(requestedRole);
    return admit(user, role, [role]);
  }

  async function verify(token: string): Promise<JWTPayload> {
    try {
      const { issuer, audience } = options;
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ['RS256'],
        requiredClaims: ['exp'],
      });
      return payload;
    } catch (error) {
      throw error instanceof errors.JWTExpired ? expiredToken() : invalidToken();
    }
  }

  function fromProgrammaticToken({ token, loginName, requestedRole }: LoginRequest): Principal {
    if (administratorTokens.has(token)) return { user: 'ADMIN', role: 'ACCOUNTADMIN', roles: ['ACCOUNTADMIN'] };
    const known = programmaticTokens.get(token);
    if (known === undefined) throw badProgrammaticToken();
    if (loginName !== undefined && findUser(loginName) !== known.user) throw badProgrammaticToken();
    const { user, role } = known;
    if (role !== undefined && requestedRole !== undefined && role !== requestedRole)
      throw roleNotGranted(requestedRole);
    return admit(user, requestedRole ?? role ?? defaultRole, role === undefined ? user.roles : [role]);
  }

  /** `iss` is ACCOUNT.USER.SHA256:fingerprint; some drivers count in milliseconds. */
  async function fromKeyPair({ token, requestedRole }: LoginRequest): Promise<Principal> {
    const [, body = ''] = token.split('.');
    const { iss, exp } = parseClaims(body);
    const [, name = '', fingerprint] = (iss ?? '').split('.');
    const user = findUser(name);
    const key = user === undefined ? undefined : publicKeys.get(user);
    if (user === undefined || key === undefined || fingerprint !== fingerprintOf(key)) throw badKeyPairToken();
    const verified = await compactVerify(token, key, { algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    );
    const expiresAt = exp === undefined ? 0 : exp > 100_000_000_000 ? exp : exp * 1000;
    if (!verified || expiresAt < Date.now()) throw badKeyPairToken();
    return admit(user, requestedRole ?? defaultRole, user.roles);
  }

  return {
    async check(request) {
      switch (request.authenticator.toUpperCase()) {
        case 'OAUTH':
          return fromOAuth(request);
        case 'PROGRAMMATIC_ACCESS_TOKEN':
          return fromProgrammaticToken(request);
        case 'SNOWFLAKE_JWT':
          return fromKeyPair(request);
        default:
          throw badPassword();
      }
    },
    issueProgrammaticToken(user, role) {
      const token = `pat-${randomUUID()}`;
      const owner = findUser(user);
      if (owner !== undefined) programmaticTokens.set(token, { user: owner, role });
      return token;
    },
    revokeProgrammaticToken(token) {
      programmaticTokens.delete(token);
    },
    issueAdministratorToken() {
      const token = `pat-${randomUUID()}`;
      administratorTokens.add(token);
      return token;
    },
    registerPublicKey(user, publicKeyPem) {
      const owner = findUser(user);
      if (owner !== undefined) publicKeys.set(owner, createPublicKey(publicKeyPem));
    },
  };
}

function admit(user: LabUser, role: string, roles: readonly string[]): Principal {
  if (!knownRoles.has(role)) throw unknownRole(role);
  if (role !== 'PUBLIC' && !user.roles.some((granted) => granted === role)) throw roleNotGranted(role);
  return { user: user.name.toUpperCase(), role, roles };
}

function findUser(name: string): LabUser | undefined {
  const wanted = name.toLowerCase();
  return labUsers.find((user) => user.name === wanted || user.email === wanted);
}

function parseClaims(body: string): { iss?: string; exp?: number } {
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
    if (typeof claims !== 'object' || claims === null) return {};
    const iss: unknown = Reflect.get(claims, 'iss');
    const exp: unknown = Reflect.get(claims, 'exp');
    return { ...(typeof iss === 'string' ? { iss } : {}), ...(typeof exp === 'number' ? { exp } : {}) };
  } catch {
    return {};
  }
}

function fingerprintOf(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `SHA256:${createHash('sha256').update(der).digest('base64')}`;
}
