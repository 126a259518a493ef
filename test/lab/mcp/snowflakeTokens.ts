import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';

import type { JWTPayload } from 'jose';

import { type LabUser, type LabUserName, labUsers } from '../sampleData.ts';
import {
  badKeyPairToken,
  badProgrammaticToken,
  expiredToken,
  invalidSession,
  invalidToken,
  loginRefused,
  roleNotInToken,
  unknownUser,
  type WarehouseError,
} from '../snowflake/errors.ts';
import type { OwnToken } from '../snowflake/oauth.ts';
import { verifyKeyPairJwt } from '../tokenServices/snowflakeKeyPairJwt.ts';
import { createSubjectVerifier } from '../tokenServices/subjectVerifier.ts';

export interface SnowflakeTokensOptions {
  /** Of the External OAuth integration. */
  readonly issuer: string;
  readonly audience: string;
  /** As key-pair JWTs name it. Default: `COFFEE-LAB`. */
  readonly account?: string | undefined;
  /** The account's own OAuth, which gives opaque tokens of one role. */
  readonly ownOAuth?: { check(token: string): OwnToken | undefined } | undefined;
  /** Claim of the token that names the user. Default: `preferred_username`. */
  readonly userClaim?: string | undefined;
}

/** As whom a request runs. */
export interface SnowflakeCaller {
  readonly user: LabUser;
  readonly role: string;
}

export interface ProgrammaticTokenOptions {
  /** The one role of the token. Default: the user's DEFAULT_ROLE. */
  readonly role?: string;
  readonly expired?: boolean;
  /** False: no network policy covers the user, who is a person. */
  readonly networkPolicy?: boolean;
}

/** Levers of what Snowflake takes as credentials. */
export interface SnowflakeTokenLevers {
  issueProgrammaticToken(user: LabUserName, options?: ProgrammaticTokenOptions): string;
  revokeProgrammaticToken(token: string): void;
  /** `ALTER USER … SET RSA_PUBLIC_KEY` */
  addPublicKey(user: LabUserName, pem: string): void;
  /** No token is taken any longer, until it is called with false. */
  rejectTokens(rejects?: boolean): void;
  /** PAT and key-pair JWT have to be named by `X-Snowflake-Authorization-Token-Type`. */
  requireTokenType(required?: boolean): void;
  /** EXTERNAL_OAUTH_ANY_ROLE_MODE; on at first. */
  setAnyRole(enabled: boolean): void;
  /** The server is bound to the External OAuth integration: tokens of Snowflake's own OAuth are refused. True at first. */
  setBound(bound: boolean): void;
  /** Drops the integration: no OAuth token is taken, and the metadata name no authorization server. */
  dropIntegration(): void;
}

export interface SnowflakeTokens {
  readonly levers: SnowflakeTokenLevers;
  /** @param type what `X-Snowflake-Authorization-Token-Type` says, if anything */
  check(token: string, type: string | undefined): Promise<SnowflakeCaller | WarehouseError>;
  /** Of the protected resource metadata. */
  authorizationServers(own: string): string[];
  scopes(): string[];
}

type Verdict = SnowflakeCaller | WarehouseError;

const defaultRole = 'ANALYST';

/** Tokens as Snowflake's REST endpoints take them (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating). */
export function createSnowflakeTokens(options: SnowflakeTokensOptions): SnowflakeTokens {
  const { issuer, audience, account = 'COFFEE-LAB', ownOAuth, userClaim = 'preferred_username' } = options;
  const verifier = createSubjectVerifier();
  const programmatic = new Map<string, { readonly user: LabUser; readonly options: ProgrammaticTokenOptions }>();
  const keys = new Map<string, readonly KeyObject[]>(labUsers.map(({ name }) => [name.toUpperCase(), []]));
  let rejecting = false;
  let typeRequired = false;
  let anyRole = true;
  let bound = true;
  let integrated = true;

  async function external(token: string): Promise<Verdict> {
    if (!integrated) return invalidToken();
    const verified = await verifier.verify(token, { issuer, audiences: [audience] });
    if ('problem' in verified) return verified.problem === 'stale' ? expiredToken() : invalidToken();
    const user = userNamed(verified.claims[userClaim]);
    return user ? inRole(user, verified.claims) : unknownUser();
  }

  function inRole(user: LabUser, claims: JWTPayload): Verdict {
    const said: unknown[] = [claims['scp'] ?? claims['scope']].flat();
    const scopes = said.flatMap((each) => (typeof each === 'string' ? each.split(/[ ,]/) : []));
    const named = scopes.flatMap((scope) => /^session:role:(.+)$/i.exec(scope)?.[1]?.toUpperCase() ?? []);
    const any = anyRole && scopes.some((scope) => scope.toLowerCase() === 'session:role-any');
    // `session:role:all` means DEFAULT_ROLE, and nothing more.
    const role = any || named.some((each) => each === 'ALL' || each === defaultRole) ? defaultRole : named[0];
    return role === undefined ? roleNotInToken(defaultRole) : { user, role };
  }

  function own(token: string): Verdict {
    const found = integrated && bound ? undefined : ownOAuth?.check(token);
    if (!found) return invalidToken();
    return found.expired ? expiredToken() : { user: found.user, role: found.role };
  }

  function pat(token: string): Verdict {
    const found = programmatic.get(token);
    if (!found || found.options.expired === true) return badProgrammaticToken();
    if (found.options.networkPolicy === false) return loginRefused('390432');
    return { user: found.user, role: found.options.role ?? defaultRole };
  }

  function keyPair(token: string): Verdict {
    const verified = verifyKeyPairJwt(token, { account, keys, now: Date.now() });
    const user = 'user' in verified ? userNamed(verified.user) : undefined;
    return user ? { user, role: defaultRole } : badKeyPairToken();
  }

  /** What Snowflake makes of a token when nobody says what it is. */
  function typeOf(token: string): string {
    if (programmatic.has(token)) return 'PROGRAMMATIC_ACCESS_TOKEN';
    return issuerOf(token)?.includes('.SHA256:') === true ? 'KEYPAIR_JWT' : 'OAUTH';
  }

  const checks: Record<string, (token: string) => Verdict | Promise<Verdict>> = {
    OAUTH: (token) => (issuerOf(token) === undefined ? own(token) : external(token)),
    PROGRAMMATIC_ACCESS_TOKEN: pat,
    KEYPAIR_JWT: keyPair,
  };

  return {
    async check(token, type) {
      const found = typeOf(token);
      if (rejecting || (type === undefined && typeRequired && found !== 'OAUTH')) return invalidToken();
      const check = checks[type ?? found];
      return check ? check(token) : invalidSession();
    },
    authorizationServers: (own) => (integrated ? [bound ? issuer : own] : []),
    scopes: () => (anyRole ? ['session:role:all'] : []),
    levers: {
      issueProgrammaticToken(name, options = {}) {
        const user = userNamed(name);
        if (!user) throw new Error(`There is no user ${name}`);
        const token = `pat-${randomBytes(48).toString('base64url')}`;
        programmatic.set(token, { user, options });
        return token;
      },
      revokeProgrammaticToken: (token) => void programmatic.delete(token),
      addPublicKey(user, pem) {
        const name = user.toUpperCase();
        keys.set(name, [...(keys.get(name) ?? []), createPublicKey(pem)].slice(-2));
      },
      rejectTokens(rejects = true) {
        rejecting = rejects;
      },
      requireTokenType(required = true) {
        typeRequired = required;
      },
      setAnyRole(enabled) {
        anyRole = enabled;
      },
      setBound(next) {
        bound = next;
      },
      dropIntegration() {
        integrated = false;
      },
    },
  };
}

function userNamed(name: unknown): LabUser | undefined {
  return labUsers.find((user) => typeof name === 'string' && user.name === name.toLowerCase());
}

/** Undefined for what is no JWT. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown };
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}
