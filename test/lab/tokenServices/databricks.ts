import { randomUUID } from 'node:crypto';

import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

import { labUsers } from '../sampleData.ts';
import { type ServiceReply, startTokenService, type TokenServiceLevers } from './securityTokenService.ts';
import { createSubjectVerifier, type TrustedIssuer } from './subjectVerifier.ts';

/** A federation policy of a service principal: who has this subject becomes that principal. */
export interface PrincipalPolicy extends TrustedIssuer {
  /** Application id of the service principal: the `client_id` of the exchange. */
  readonly clientId: string;
  readonly subject: string;
}

export interface DatabricksOptions {
  /** Federation policies of the account: the subject is the user's name at Databricks. */
  readonly policies?: readonly TrustedIssuer[];
  readonly principals?: readonly PrincipalPolicy[];
}

/** As whom a token is taken. */
export interface DatabricksCaller {
  /** `current_user()`: a user name, or the application id of a service principal. */
  readonly user: string;
  readonly scopes: readonly string[];
}

export interface LabDatabricks extends TokenServiceLevers {
  /** Stands in for the workspace: as whom a bearer token is taken; undefined where it answers 401. */
  whois(token: string): Promise<DatabricksCaller | undefined>;
  /** No token that was issued so far is good any longer. */
  revokeAll(): void;
}

const known: ReadonlySet<string> = new Set(['sql', 'all-apis', 'genie', 'vector-search', 'serving', 'offline_access']);

const error = (code: string, description: string, status = 400): ServiceReply => ({
  status,
  body: { error: code, error_description: description },
});

/**
 * Plays the token endpoint of a Databricks workspace, as its manual
 * (https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-exchange) and its drivers have it. What neither says follows
 * RFC 8693: the whole answer, and the codes of errors. People report that the end of the subject token is copied, that a wrong
 * audience is `invalid_grant`, and that a user who is not in the account is answered with 401.
 */
export async function startDatabricks(options: DatabricksOptions): Promise<LabDatabricks> {
  const { policies = [], principals = [] } = options;
  const accountId = randomUUID();
  const verifier = createSubjectVerifier();
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const { n: kid = '' } = await exportJWK(publicKey);
  const good = new Set<string>();
  const issuer = 'https://workspace.lab.example/oidc';

  /** User or service principal, and when the subject token ends, in seconds since the epoch. */
  async function federate(token: string, clientId: string | undefined): Promise<Federated | ServiceReply> {
    const candidates: readonly (TrustedIssuer | PrincipalPolicy)[] =
      clientId === undefined ? policies : principals.filter((each) => each.clientId === clientId);
    if (candidates.length === 0) return error('invalid_client', 'no federation policy for this client', 401);
    for (const policy of candidates) {
      const verified = await verifier.verify(token, policy);
      if ('problem' in verified) continue;
      const { sub, exp: ends = 0 } = verified.claims;
      const user = 'clientId' in policy ? (sub === policy.subject ? policy.clientId : undefined) : sub;
      if (user !== undefined) return { user, ends };
    }
    return error('invalid_grant', 'the token matches no federation policy');
  }

  async function answer(form: ReadonlyMap<string, string>): Promise<ServiceReply> {
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange')
      return error('unsupported_grant_type', 'Unsupported grant_type');
    if (form.get('subject_token_type') !== 'urn:ietf:params:oauth:token-type:jwt')
      return error('invalid_request', 'subject_token_type must be urn:ietf:params:oauth:token-type:jwt');
    const strange = ['resource', 'audience'].find((name) => form.has(name));
    if (strange !== undefined) return error('invalid_request', `${strange} is not supported`);
    const scopes = form.get('scope')?.split(' ') ?? [];
    if (scopes.length === 0 || !scopes.every((scope) => known.has(scope)))
      return error('invalid_scope', 'scope is missing or unknown');
    const clientId = form.get('client_id');
    const federated = await federate(form.get('subject_token') ?? '', clientId);
    if ('status' in federated) return federated;
    const { user, ends } = federated;
    if (clientId === undefined && !labUsers.some(({ name }) => name === user))
      return { status: 401, body: { error_code: 401, message: 'Invalid credentials.' } };
    const scope = scopes.join(' ');
    const id = randomUUID();
    good.add(id);
    return {
      status: 200,
      body: {
        access_token: await new SignJWT({ scope, client_id: clientId ?? 'databricks-federation' })
          .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: kid.slice(0, 8) })
          .setIssuer(issuer)
          .setAudience(accountId)
          .setSubject(user)
          .setIssuedAt()
          .setExpirationTime(ends)
          .setJti(id)
          .sign(privateKey),
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope,
        token_type: 'Bearer',
        expires_in: ends - Math.floor(Date.now() / 1000),
      },
    };
  }

  const levers = await startTokenService({
    path: '/oidc/v1/token',
    answer,
    malformed: (problem) => error('invalid_request', problem),
  });
  return {
    ...levers,
    async whois(token) {
      try {
        const { payload } = await jwtVerify(token, publicKey, { issuer, audience: accountId, algorithms: ['RS256'] });
        const { sub: user = '', jti = '', scope } = payload;
        return good.has(jti) && typeof scope === 'string' ? { user, scopes: scope.split(' ') } : undefined;
      } catch {
        return undefined;
      }
    },
    revokeAll: () => good.clear(),
  };
}

interface Federated {
  readonly user: string;
  readonly ends: number;
}
