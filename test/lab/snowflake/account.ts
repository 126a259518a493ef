import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';

import { type LabUser, labUsers } from '../sampleData.ts';
import { expiredToken, invalidToken, unknownUser } from './errors.ts';

/** A security integration TYPE = EXTERNAL_OAUTH. */
export interface Integration {
  readonly name: string;
  readonly enabled: boolean;
  readonly issuer: string;
  readonly keysUrl: string;
  readonly audiences: readonly string[];
  readonly userClaims: readonly string[];
  readonly userAttribute: 'LOGIN_NAME' | 'EMAIL_ADDRESS';
  readonly scopeClaim: string;
  readonly scopeDelimiter: string;
  readonly anyRole: boolean;
}

/** A user as administrators see it. */
export interface AccountUser {
  readonly person: LabUser;
  loginName: string;
  email: string;
  defaultWarehouse: string | undefined;
  defaultRole: string;
  readonly roles: Set<string>;
}

/** Who a token is, and what it lets them be. */
export interface Admitted {
  readonly user: AccountUser;
  /** Upper case. */
  readonly allows: (role: string) => boolean;
}

/**
 * An account as it is before an administrator has set it up: nobody's tokens are taken, users have names that no token says and no
 * role, roles have no privilege.
 */
export interface Account {
  readonly integrations: Map<string, Integration>;
  readonly users: ReadonlyMap<string, AccountUser>;
  /** `USAGE ON DATABASE LAB TO ROLE ANALYST`, upper case. */
  readonly grants: Set<string>;
  /** Full names of MCP servers, with their specification. */
  readonly mcpServers: Map<string, string>;
  /** Whose token it is. @throws {WarehouseError} 390303, 390318, 390304 */
  admit(token: string): Promise<Admitted>;
}

export function createAccount(): Account {
  const integrations = new Map<string, Integration>();
  const users = new Map(
    labUsers.map((person): [string, AccountUser] => [
      person.name.toUpperCase(),
      {
        person,
        loginName: `${person.name}_before`.toUpperCase(),
        email: '',
        defaultWarehouse: undefined,
        defaultRole: 'PUBLIC',
        roles: new Set(),
      },
    ]),
  );

  async function verified(token: string): Promise<{ claims: JWTPayload; integration: Integration }> {
    const integration = [...integrations.values()].find(({ enabled, issuer }) => enabled && issuer === issuerOf(token));
    if (!integration) throw invalidToken();
    const { issuer, keysUrl, audiences } = integration;
    try {
      const keys = createRemoteJWKSet(new URL(keysUrl), { cooldownDuration: 0 });
      const checks = { issuer, audience: [...audiences], algorithms: ['RS256'], requiredClaims: ['exp'] };
      return { claims: (await jwtVerify(token, keys, checks)).payload, integration };
    } catch (error) {
      throw error instanceof errors.JWTExpired ? expiredToken() : invalidToken();
    }
  }

  return {
    integrations,
    users,
    grants: new Set(),
    mcpServers: new Map(),
    async admit(token) {
      const { claims, integration } = await verified(token);
      const { userClaims, userAttribute, scopeClaim, scopeDelimiter, anyRole } = integration;
      const named = userClaims.map((claim) => claims[claim]).find((value) => typeof value === 'string');
      const wanted = typeof named === 'string' ? named.toUpperCase() : undefined;
      const user = [...users.values()].find(
        ({ loginName, email }) => (userAttribute === 'LOGIN_NAME' ? loginName : email).toUpperCase() === wanted,
      );
      if (!user) throw unknownUser();
      const said: unknown[] = [claims[scopeClaim]].flat();
      const scopes = new Set(
        said.flatMap((each) => (typeof each === 'string' ? each.toUpperCase().split(scopeDelimiter) : [])),
      );
      const any = anyRole && scopes.has('SESSION:ROLE-ANY');
      return { user, allows: (role) => any || scopes.has(`SESSION:ROLE:${role}`) };
    },
  };
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}
