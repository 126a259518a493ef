import type * as oidc from 'openid-client';

import { isLoopback } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import type { Fetch } from '../core/ports.ts';
import type { ClientAuthentication } from './clientAuthentication.ts';
import type { ProviderDescription } from './presets/preset.ts';
import { tokenEndpointError } from './providerErrors.ts';

const SECONDS = 20;

export interface TokenEndpointDeps {
  readonly description: ProviderDescription;
  readonly config: oidc.Configuration;
  readonly client: ClientAuthentication;
  /** Reads answers whole and bounded, and hands redirects back. */
  readonly fetch: Fetch;
  /** Settings path of the provider. */
  readonly path: string;
}

/**
 * Posts a form to the token endpoint, authenticated as the client, and hands back what it said, refusals included.
 * @throws PassportError DP-PROVIDER-UNREACHABLE, -CERTIFICATE, -METADATA, DP-CLIENT-SECRET; the signal's reason
 */
export async function postToTokenEndpoint(
  { description, config, client, fetch, path }: TokenEndpointDeps,
  form: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { title: provider, issuer } = description;
  const { token_endpoint: endpoint } = config.serverMetadata();
  if (endpoint === undefined || !isSafe(endpoint)) {
    const problem = `its token_endpoint ${JSON.stringify(endpoint?.slice(0, 100))} can not be used`;
    throw new PassportError('DP-PROVIDER-METADATA', { issuer, path: `${path}.issuer`, problem });
  }
  const body = new URLSearchParams(form);
  await client.sign(body);
  const patience = AbortSignal.timeout(SECONDS * 1000);
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body,
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw tokenEndpointError(error, { description, path, wanted: { scopes: [], audiences: [] } });
  }
  const { status } = response;
  if (status === 429 || status >= 500)
    throw new PassportError('DP-PROVIDER-UNREACHABLE', { provider, reason: `HTTP status ${status}` });
  return response;
}

function isSafe(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
}
