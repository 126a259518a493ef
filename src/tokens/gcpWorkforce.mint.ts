import { randomUUID } from 'node:crypto';

import { credential, type Credential } from '../core/credential.ts';
import type { SignIn } from '../core/signIn.ts';
import { type Exchange, exchangeForm, readExchange } from './exchange.ts';
import { ALL_OF_GOOGLE_CLOUD, type GcpWorkforceSettings } from './gcpWorkforce.ts';
import { askService } from './http.ts';
import type { MintRequest } from './source.ts';
import { subjectToken } from './subjectToken.ts';
import { tokenTypes } from './tokenTypes.ts';

const SERVICE = 'Google STS';

/** What {@link file://./gcpWorkforce.ts} mints. @throws PassportError DP-EXCHANGE-*, DP-TOKEN-SERVICE-*, DP-TOKEN-CLAIM */
export async function mint(
  request: MintRequest<GcpWorkforceSettings> & { readonly signIn: SignIn },
): Promise<Credential> {
  const { settings: own, need, signIn, connection, path, signal, ports } = request;
  const { pool, provider, location, userProject, endpoint: url } = own;
  const exchange: Exchange = {
    audience: `//iam.googleapis.com/locations/${location}/workforcePools/${pool}/providers/${provider}`,
    scopes: own.scopes ?? (need.scopes.length > 0 ? need.scopes : [ALL_OF_GOOGLE_CLOUD]),
    subjectToken: await subjectToken({ ...request, wish: own }),
    subjectTokenType: own.subject === 'idToken' ? tokenTypes.idToken : tokenTypes.jwt,
    requestedTokenType: tokenTypes.accessToken,
    more: { options: JSON.stringify({ userProject }) },
  };
  const init = { method: 'POST', headers: { accept: 'application/json' }, body: exchangeForm(exchange) };
  const answer = await askService({ url, init, service: SERVICE, connection, path, fetch: ports.fetch, signal });
  const scopesPath = `${path}.scopes`;
  const terms = { exchange, widerScopes: [], service: SERVICE, connection, path, scopesPath, ports };
  const { token, expiresAt } = readExchange(answer, terms);
  return credential({ kind: 'bearer', token }, { id: randomUUID(), expiresAt, subject: signIn.subject });
}
