import * as oidc from 'openid-client';

import { PassportError } from '../core/errors.ts';
import type { Fetch } from '../core/ports.ts';
import { clientAuthentication } from './clientAuthentication.ts';
import { providerFetch } from './http.ts';
import { configurationOf } from './metadata.ts';
import type { ProviderDescription } from './presets/preset.ts';
import type { Provider, ProviderDeps, SignInRequest, TokenRequest } from './provider.ts';
import { tokenEndpointError } from './providerErrors.ts';
import { postToTokenEndpoint } from './tokenEndpoint.ts';
import { type Answer, type TokenSet, tokenSetOf } from './tokenSet.ts';

/** A {@link Provider} with everything that it takes to talk to one. */
export function relyingParty(description: ProviderDescription, deps: ProviderDeps): Provider {
  const { issuer, id, title } = description;
  const { clock } = deps;
  const path = `dataPassport.identityProviders.${id}`;
  const { fetch, time } = providerFetch(deps.fetch, clock, issuer);
  const redirects = exactRedirects(fetch);
  const client = clientAuthentication(description, async () => {
    const secret = await deps.clientSecret();
    if (secret === undefined) throw new PassportError('DP-CLIENT-SECRET', { provider: title });
    return secret;
  });
  const configuration = configurationOf({
    description,
    fetch: redirects.fetch,
    clock,
    path: `${path}.issuer`,
    client,
  });
  const failed = (error: unknown, wanted: TokenRequest, refreshing = false): PassportError =>
    tokenEndpointError(error, { description, path, wanted, refreshing, ahead: time().ahead });

  /** Where the provider is asked for audiences, and how; the rest of the request is the same for all. */
  function parameters({ scopes, audiences }: TokenRequest): URLSearchParams {
    const query = new URLSearchParams();
    const known = scopes.filter((scope) => !description.unknownScopes.includes(scope));
    if (known.length > 0) query.set('scope', known.join(' '));
    const name = description.audienceParameter;
    if (name === 'resource') for (const audience of audiences) query.append('resource', audience);
    if (name === 'audience' && audiences[0] !== undefined) query.set('audience', audiences[0]);
    return query;
  }

  function tokenParameters(wanted: TokenRequest): URLSearchParams {
    const query = parameters(wanted);
    for (const [name, value] of Object.entries(description.tokenParameters)) query.set(name, value);
    return query;
  }

  /** The scopes were settled when the sign-in was asked for; the token request may only name the audience. */
  function exchangeParameters(first: TokenRequest): URLSearchParams {
    const query = tokenParameters(first);
    query.delete('scope');
    return query;
  }

  function asked({ all, first }: SignInRequest): TokenRequest {
    const narrow = description.audiencesAtSignIn === 'one';
    const { scopes, audiences } = narrow ? first : all;
    return { scopes: [...new Set([...description.scopes, ...scopes])], audiences };
  }

  const read = (answer: Answer, config: oidc.Configuration, subject?: string): Promise<TokenSet> =>
    tokenSetOf(answer, { description, config, path, now: clock.now(), ahead: time().ahead, subject });

  const unusable = (name: string, endpoint: string | undefined, cause: unknown): PassportError => {
    // Only https (http on this machine) is ever opened: metadata is not to be trusted with anything else.
    const problem = `its ${name} ${JSON.stringify(endpoint?.slice(0, 100))} can not be used`;
    return new PassportError('DP-PROVIDER-METADATA', { issuer, path: `${path}.issuer`, problem }, { cause });
  };

  return {
    description,
    async authorize(redirectUri, request) {
      const config = await configuration();
      const verifier = oidc.randomPKCECodeVerifier();
      const expectsIdToken = description.account.from === 'idToken';
      const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
      const query = parameters(asked(request));
      const own = {
        ...description.authorizationParameters,
        redirect_uri: redirectUri,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        ...(expectsIdToken && { nonce }),
        ...(request.hint !== undefined && { login_hint: request.hint }),
      };
      for (const [name, value] of Object.entries(own)) query.set(name, value);
      const checks = {
        pkceCodeVerifier: verifier,
        expectedState: state,
        ...(expectsIdToken && { expectedNonce: nonce, idTokenExpected: true }),
      };
      let url: string;
      try {
        url = oidc.buildAuthorizationUrl(config, query).href;
      } catch (error) {
        throw unusable('authorization_endpoint', config.serverMetadata().authorization_endpoint, error);
      }
      return {
        url,
        state,
        async redeem(callback) {
          try {
            redirects.expect(callback.searchParams.get('code'), redirectUri);
            const exchange = exchangeParameters(request.first);
            return await read(await oidc.authorizationCodeGrant(config, callback, checks, exchange), config);
          } catch (error) {
            throw failed(error, request.first);
          }
        },
      };
    },
    async device(request, signal) {
      const config = await configuration();
      if (config.serverMetadata().device_authorization_endpoint === undefined)
        throw new PassportError('DP-SIGN-IN-FLOW', {
          provider: title,
          flow: 'device code',
          path: `${path}.flow`,
          clientId: description.clientId,
        });
      let begun: Awaited<ReturnType<typeof oidc.initiateDeviceAuthorization>>;
      try {
        begun = await oidc.initiateDeviceAuthorization(config, parameters(asked(request)));
      } catch (error) {
        throw failed(error, asked(request));
      }
      const expiresAt = new Date(clock.now() + begun.expires_in * 1000);
      const tokens = poll(config, begun, request.first, signal);
      // Whoever began may have given up by the time it fails.
      tokens.catch(() => undefined);
      return {
        userCode: begun.user_code,
        verificationUri: begun.verification_uri,
        verificationUriComplete: begun.verification_uri_complete,
        expiresAt,
        tokens,
      };
    },
    async refresh(refreshToken, wanted, subject) {
      const config = await configuration();
      try {
        const answer = await oidc.refreshTokenGrant(config, refreshToken, tokenParameters(wanted));
        return await read(answer, config, subject);
      } catch (error) {
        throw failed(error, wanted, true);
      }
    },
    async tokenEndpoint(form, signal) {
      const config = await configuration();
      return postToTokenEndpoint({ description, config, client, fetch, path }, form, signal);
    },
    async revoke(refreshToken) {
      if (description.revocation === 'none') return false;
      const config = await configuration();
      if (config.serverMetadata().revocation_endpoint === undefined) return false;
      try {
        await oidc.tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' });
        return true;
      } catch (error) {
        throw failed(error, { scopes: [], audiences: [] });
      }
    },
    async endSession(label) {
      const config = await configuration();
      const { end_session_endpoint: endpoint } = config.serverMetadata();
      if (endpoint === undefined) return undefined;
      try {
        // No id_token_hint: a token has no place in an address.
        return oidc.buildEndSessionUrl(config, { logout_hint: label }).href;
      } catch (error) {
        throw unusable('end_session_endpoint', endpoint, error);
      }
    },
  };

  async function poll(
    config: oidc.Configuration,
    begun: oidc.DeviceAuthorizationResponse,
    first: TokenRequest,
    signal: AbortSignal,
  ): Promise<TokenSet> {
    const expired = new AbortController();
    const timer = setTimeout(() => expired.abort(), begun.expires_in * 1000);
    const abandon = (): void => expired.abort();
    signal.addEventListener('abort', abandon, { once: true });
    try {
      const polled = await oidc.pollDeviceAuthorizationGrant(config, begun, exchangeParameters(first), {
        signal: expired.signal,
      });
      return await read(polled, config);
    } catch (error) {
      if (signal.aborted) throw new PassportError('DP-SIGN-IN-CANCELED', { provider: title });
      if (expired.signal.aborted) throw new PassportError('DP-SIGN-IN-EXPIRED', { provider: title });
      throw failed(error, first);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
    }
  }
}

/**
 * RFC 6749 section 4.1.3 wants the very redirect_uri of the authorization request. openid-client makes it from the callback,
 * without a query (an editor's own address has one) and with a path (some are registered without).
 */
function exactRedirects(fetch: Fetch): {
  readonly fetch: Fetch;
  expect(code: string | null, redirectUri: string): void;
} {
  const expected = new Map<string, string>();
  return {
    fetch(url, init) {
      const { body } = init;
      const code = body instanceof URLSearchParams ? body.get('code') : null;
      const redirectUri = code === null ? undefined : expected.get(code);
      if (redirectUri === undefined || code === null || !(body instanceof URLSearchParams)) return fetch(url, init);
      expected.delete(code);
      const exact = new URLSearchParams(body);
      exact.set('redirect_uri', redirectUri);
      return fetch(url, { ...init, body: exact });
    },
    expect(code, redirectUri) {
      expected.clear();
      if (code !== null) expected.set(code, redirectUri);
    },
  };
}
