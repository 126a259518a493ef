import * as oidc from 'openid-client';

import { isLoopback } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import { decodeJwt } from '../core/jwt.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import { accountLabel, checkIdClaims, type IdClaims } from './idToken.ts';
import type { ProviderDescription } from './presets/preset.ts';
import { discoveryError, tokenEndpointError } from './providerErrors.ts';

/** What a token endpoint gave, times made absolute at receipt. */
export interface TokenSet {
  readonly accessToken: string;
  readonly expiresAt: Date | undefined;
  /** Absent when the provider did not give a (new) one: the old one stays good (RFC 6749 section 6). */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Absent where the provider sends no ID token (many do not on refresh). */
  readonly account: Account | undefined;
}

/** Who signed in, from a verified ID token. */
export interface Account {
  readonly subject: string;
  readonly label: string;
  readonly name?: string | undefined;
}

/** What is asked for in one request: at sign-in everything that connections may need, at a grant one audience. */
export interface TokenRequest {
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
}

/** A sign-in under way: the address to send the browser to, and how to finish with what came back. */
export interface Authorization {
  readonly url: string;
  readonly state: string;
  /** Exchanges the code of the redirect. Called once. @throws PassportError DP-SIGN-IN-REFUSED, -RESPONSE, DP-PROVIDER-* */
  redeem(callback: URL): Promise<TokenSet>;
}

/** One identity provider, over openid-client. Holds metadata and keys in memory, no tokens. */
export interface Provider {
  readonly description: ProviderDescription;
  authorize(redirectUri: string, all: TokenRequest, first: TokenRequest): Promise<Authorization>;
  /** Spends a refresh token. @param subject the `sub` that a new ID token must carry @throws PassportError DP-SIGN-IN-ENDED, DP-SIGN-IN-OTHER-USER, DP-PROVIDER-* */
  refresh(refreshToken: string, wanted: TokenRequest, subject: string): Promise<TokenSet>;
  /** RFC 7009. False when the provider has no revocation endpoint. @throws PassportError DP-PROVIDER-* */
  revoke(refreshToken: string): Promise<boolean>;
}

const TIMEOUT_SECONDS = 20;
/** Metadata changes rarely, keys are refetched by openid-client when an unknown one appears. */
const METADATA_LIFE = 12 * 3600_000;

export function openProvider(
  description: ProviderDescription,
  { fetch, clock }: { fetch: Fetch; clock: Clock },
): Provider {
  const { issuer, clientId, id } = description;
  const path = `dataPassport.identityProviders.${id}.issuer`;
  const context = { description, path };
  let cached: { readonly config: Promise<oidc.Configuration>; readonly until: number } | undefined;

  function configuration(): Promise<oidc.Configuration> {
    if (cached && clock.now() < cached.until) return cached.config;
    const current = { config: discover(), until: clock.now() + METADATA_LIFE };
    current.config.catch(() => {
      if (cached === current) cached = undefined;
    });
    cached = current;
    return current.config;
  }

  async function discover(): Promise<oidc.Configuration> {
    const url = new URL(issuer);
    const execute = [oidc.enableNonRepudiationChecks];
    if (url.protocol === 'http:' && isLoopback(url.hostname)) execute.push(oidc.allowInsecureRequests);
    let config: oidc.Configuration;
    try {
      config = await oidc.discovery(url, clientId, undefined, oidc.None(), {
        [oidc.customFetch]: (target, init) => fetch(target, init as RequestInit),
        execute,
        timeout: TIMEOUT_SECONDS,
      });
    } catch (error) {
      throw discoveryError(error, context);
    }
    // RFC 8414 section 3.3 compares the issuer as a string; openid-client accepts a differing final slash.
    if (config.serverMetadata().issuer !== issuer) {
      throw new PassportError('DP-PROVIDER-METADATA', {
        issuer,
        path,
        problem: `it calls itself ${config.serverMetadata().issuer}`,
      });
    }
    return config;
  }

  /** Where the provider is asked for audiences, and how; the rest of the request is the same for all. */
  function parameters({ scopes, audiences }: TokenRequest): URLSearchParams {
    const query = new URLSearchParams();
    if (scopes.length > 0) query.set('scope', scopes.join(' '));
    const name = description.audienceParameter;
    if (name === 'resource') for (const audience of audiences) query.append('resource', audience);
    if (name === 'audience' && audiences[0] !== undefined) query.set('audience', audiences[0]);
    return query;
  }

  async function tokenSet(answer: Answer, subject?: string): Promise<TokenSet> {
    const claims = answer.claims() as IdClaims | undefined;
    const now = clock.now();
    if (claims && answer.id_token !== undefined) {
      const expected = {
        provider: description.title,
        path,
        now: now / 1000,
        subject,
        accessToken: answer.access_token,
        algorithm: algorithmOf(answer.id_token),
      };
      await checkIdClaims(claims, expected);
    }
    return {
      accessToken: answer.access_token,
      expiresAt: answer.expires_in === undefined ? undefined : new Date(now + answer.expires_in * 1000),
      refreshToken: answer.refresh_token,
      scopes: answer.scope?.split(' '),
      account: claims && {
        subject: claims.sub,
        label: accountLabel(claims),
        name: typeof claims.name === 'string' ? claims.name : undefined,
      },
    };
  }

  return {
    description,
    async authorize(redirectUri, all, first) {
      const config = await configuration();
      const verifier = oidc.randomPKCECodeVerifier();
      const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
      const query = parameters(all);
      const own = {
        ...description.authorizationParameters,
        redirect_uri: redirectUri,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      };
      for (const [name, value] of Object.entries(own)) query.set(name, value);
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const exchange = parameters(first);
      // The scopes were settled by the authorization request; the token request may only name the audience.
      exchange.delete('scope');
      const { authorization_endpoint: endpoint } = config.serverMetadata();
      let url: string;
      try {
        url = oidc.buildAuthorizationUrl(config, query).href;
      } catch (error) {
        // Only https (http on this machine) is ever opened: metadata is not to be trusted with anything else.
        const problem = `its authorization_endpoint ${JSON.stringify(endpoint?.slice(0, 100))} can not be used`;
        throw new PassportError('DP-PROVIDER-METADATA', { issuer, path, problem }, { cause: error });
      }
      return {
        url,
        state,
        async redeem(callback) {
          try {
            return await tokenSet(await oidc.authorizationCodeGrant(config, callback, checks, exchange));
          } catch (error) {
            throw tokenEndpointError(error, { ...context, wanted: first });
          }
        },
      };
    },
    async refresh(refreshToken, wanted, subject) {
      const config = await configuration();
      try {
        return await tokenSet(await oidc.refreshTokenGrant(config, refreshToken, parameters(wanted)), subject);
      } catch (error) {
        throw tokenEndpointError(error, { ...context, wanted, refreshing: true });
      }
    },
    async revoke(refreshToken) {
      const config = await configuration();
      if (config.serverMetadata().revocation_endpoint === undefined) return false;
      try {
        await oidc.tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' });
        return true;
      } catch (error) {
        throw tokenEndpointError(error, { ...context, wanted: { scopes: [], audiences: [] } });
      }
    },
  };
}

type Answer = Awaited<ReturnType<typeof oidc.refreshTokenGrant>>;

function algorithmOf(jwt: string): string {
  const algorithm = decodeJwt(jwt)?.header['alg'];
  return typeof algorithm === 'string' ? algorithm : '';
}
