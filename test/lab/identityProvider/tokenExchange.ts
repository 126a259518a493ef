import { createPublicKey } from 'node:crypto';

import { decodeProtectedHeader, jwtVerify, type JWK, type JWTPayload } from 'jose';
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';

import { labUsers } from '../sampleData.ts';
import { audienceRules } from './audiences.ts';

/** What an exchange answers instead of what is so; change it while the provider runs. */
export interface ExchangeLevers {
  /** Granted on top of what was asked for, in the answer and in the token. */
  extraScopes?: readonly string[];
  /** Fields of the answer; `undefined` leaves one out. */
  answer?: Readonly<Record<string, unknown>>;
  /** Audience of the token instead of the one that was asked for. */
  audience?: string;
  /** Every exchange is refused with this code. */
  refusal?: 'invalid_request' | 'invalid_grant' | 'invalid_target';
}

export interface ExchangeRules {
  readonly levers: ExchangeLevers;
  readonly keys: () => readonly JWK[];
  readonly accessTokenSeconds: () => number;
}

export const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

const FIELDS = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope'] as const;

type Fields = { readonly [name in (typeof FIELDS)[number]]?: string | undefined };
type Context = TokenEndpointGrantContext<Fields>;

/**
 * Token exchange (RFC 8693) as a provider does it for its own tokens: those of the same client, for an audience that it knows.
 * A subject token that is not good is `invalid_request` (section 2.2.2).
 */
export function registerTokenExchange(provider: Provider, rules: ExchangeRules): void {
  const { levers, accessTokenSeconds } = rules;
  const audiences = audienceRules({ by: 'resource', format: 'jwt', accessTokenSeconds });

  provider.registerGrantType<Fields>(
    exchangeGrant,
    async (context) => {
      const { params, client } = context.oidc;
      if (levers.refusal) throw new errors.CustomOIDCProviderError(levers.refusal, 'refused on purpose');
      const { requested_token_type: requested = ACCESS_TOKEN, audience } = params;
      if (requested !== ACCESS_TOKEN) throw new errors.InvalidRequest('requested_token_type is not supported');
      const account = await subjectIn(context, provider, rules);
      if (audience === undefined) throw new errors.InvalidTarget();
      const server = audiences.getResourceServerInfo(context, audience);
      const asked = params.scope?.split(' ') ?? [];
      const strange = asked.find((scope) => !server.scope.split(' ').includes(scope));
      if (strange !== undefined) throw new errors.InvalidScope('not a scope of this audience', strange);
      const scope = [...asked, ...(levers.extraScopes ?? [])].join(' ');
      const token = new provider.AccessToken({ accountId: account, client, scope, grantId: '', gty: 'token_exchange' });
      token.resourceServer = new provider.ResourceServer(audience, {
        ...server,
        audience: levers.audience ?? audience,
      });
      context.oidc.entity('AccessToken', token);
      context.body = {
        access_token: await token.save(),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: token.expiration,
        ...(scope !== '' && { scope }),
        ...levers.answer,
      };
    },
    FIELDS,
  );
}

/** Whom the subject token is of. @throws InvalidRequest */
async function subjectIn({ oidc }: Context, provider: Provider, { keys }: ExchangeRules): Promise<string> {
  const { subject_token: token = '', subject_token_type: type } = oidc.params;
  if (type !== ACCESS_TOKEN && type !== ID_TOKEN)
    throw new errors.InvalidRequest('subject_token_type is not supported');
  const invalid = new errors.InvalidRequest('Invalid token');
  const { clientId } = oidc.client;
  if (type === ACCESS_TOKEN) {
    const kept = await provider.AccessToken.find(token);
    if (kept?.clientId === clientId) return kept.accountId;
  }
  const claims = await verified(token, { keys: keys(), issuer: provider.issuer, type });
  if (claims === undefined) throw invalid;
  const { sub = '', aud, client_id: holder } = claims;
  const ours = type === ID_TOKEN ? [aud].flat().includes(clientId) : holder === clientId;
  if (!ours || !labUsers.some(({ name }) => name === sub)) throw invalid;
  return sub;
}

async function verified(
  token: string,
  { keys, issuer, type }: { readonly keys: readonly JWK[]; readonly issuer: string; readonly type: string },
): Promise<JWTPayload | undefined> {
  try {
    const typ = type === ACCESS_TOKEN ? { typ: 'at+jwt' } : {};
    const rules = { issuer, algorithms: ['RS256'], requiredClaims: ['exp', 'sub'], ...typ };
    const key = keys.find(({ kid }) => kid === decodeProtectedHeader(token).kid);
    if (key === undefined) return undefined;
    return (await jwtVerify(token, createPublicKey({ key: { ...key }, format: 'jwk' }), rules)).payload;
  } catch {
    return undefined;
  }
}
