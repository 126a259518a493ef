import { PassportError } from '../core/errors.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import { clientAuthentication } from './clientAuthentication.ts';
import { providerFetch } from './http.ts';
import { configurationOf } from './metadata.ts';
import type { ProviderDescription } from './presets/preset.ts';

/** What an identity provider says of itself right now. */
export interface ProviderFindings {
  /** As the metadata name it. */
  readonly issuer: string;
  /** Where its keys are (`jwks_uri`, RFC 8414 section 2). */
  readonly jwksUri: string | undefined;
  /** Host of the token endpoint. */
  readonly tokenHost: string | undefined;
  /** Milliseconds by which its clock is ahead; undefined where it told no time. */
  readonly ahead: number | undefined;
}

/**
 * Asks a provider for its metadata anew, whatever is kept of it, with the checks of a sign-in. Nothing is signed in, no secret is sent.
 * @throws PassportError DP-PROVIDER-*
 */
export async function inspectProvider(
  description: ProviderDescription,
  deps: { readonly fetch: Fetch; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ProviderFindings> {
  let dated = false;
  const send: Fetch = async (url, init) => {
    const signals = [deps.signal, ...(init.signal ? [init.signal] : [])];
    const response = await deps.fetch(url, { ...init, signal: AbortSignal.any(signals) });
    // What a cache kept tells the time at which it was kept (RFC 9111 section 5.1).
    dated = response.headers.has('date') && !response.headers.has('age');
    return response;
  };
  const { fetch, time } = providerFetch(send, deps.clock, description.issuer);
  const path = `dataPassport.identityProviders.${description.id}.issuer`;
  // Metadata is public: the secret of the client is neither looked up nor missed here.
  const client = clientAuthentication({ ...description, clientAuthentication: { kind: 'none' } }, () =>
    Promise.reject(new PassportError('DP-CLIENT-SECRET', { provider: description.title })),
  );
  const config = await configurationOf({ description, fetch, clock: deps.clock, client, path })();
  const { issuer, jwks_uri: jwksUri, token_endpoint: endpoint } = config.serverMetadata();
  return {
    issuer,
    jwksUri,
    tokenHost: endpoint === undefined ? undefined : URL.parse(endpoint)?.host,
    ahead: dated ? time().ahead : undefined,
  };
}
