import * as oidc from 'openid-client';

import type { ProviderDescription } from './presets/preset.ts';

/** How the client proves itself at the token endpoint. */
export interface ClientAuthentication {
  readonly method: oidc.ClientAuth;
  /** Looks the secret up anew: it may have been changed. Called before each use of `method`. @throws PassportError DP-CLIENT-SECRET */
  ready(): Promise<void>;
  /** Adds the client to a form of our own. @throws PassportError DP-CLIENT-SECRET */
  sign(form: URLSearchParams): Promise<void>;
}

/** In the request body, never HTTP Basic: openid-client escapes what some providers want as it is (RFC 6749 section 2.3.1). */
export function clientAuthentication(
  { clientId, clientAuthentication: client }: ProviderDescription,
  stored: () => Promise<string>,
): ClientAuthentication {
  let secret = client.kind === 'secret' ? client.known : undefined;
  const put = (form: URLSearchParams): void => {
    form.set('client_id', clientId);
    if (client.kind === 'secret') form.set('client_secret', secret ?? '');
  };
  async function ready(): Promise<void> {
    if (client.kind === 'secret') secret = client.known ?? (await stored());
  }
  return {
    method: client.kind === 'none' ? oidc.None() : (_server, _client, body) => put(body),
    ready,
    async sign(form) {
      await ready();
      put(form);
    },
  };
}
