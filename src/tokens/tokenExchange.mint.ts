import { randomUUID } from 'node:crypto';

import { credential, type Credential } from '../core/credential.ts';
import type { SignIn } from '../core/signIn.ts';
import { askedFor } from './audience.ts';
import { checkToken } from './claims.ts';
import { type Exchange, exchangeForm, readExchange } from './exchange.ts';
import { askService, type ServiceAnswer } from './http.ts';
import { hostOf } from './serviceUrl.ts';
import type { MintRequest } from './source.ts';
import { subjectToken } from './subjectToken.ts';
import { expects, type TokenExchangeSettings } from './tokenExchange.ts';
import { tokenTypes } from './tokenTypes.ts';

type Request = MintRequest<TokenExchangeSettings> & { readonly signIn: SignIn };

/** What {@link file://./tokenExchange.ts} mints. @throws PassportError DP-EXCHANGE-*, DP-TOKEN-SERVICE-*, DP-TOKEN-CLAIM */
export async function mint(request: Request): Promise<Credential> {
  const { settings: own, need, signIn, connection, path, ports } = request;
  const exchange: Exchange = {
    ...askedFor(own, need),
    resource: own.resource,
    subjectToken: await subjectToken({ ...request, wish: own }),
    subjectTokenType: own.subjectTokenType ?? tokenTypes[own.subject],
    requestedTokenType: own.requestedTokenType,
    more: { client_id: own.clientId },
  };
  const { endpoint, allowWiderScopes: widerScopes = [] } = own;
  const service = endpoint === undefined ? signIn.provider : hostOf(endpoint);
  const scopesPath = `${path}.allowWiderScopes`;
  const terms = { exchange, widerScopes, service, connection, path, scopesPath, ports };
  const { token, type, expiresAt } = readExchange(await ask(request, exchangeForm(exchange), service), terms);
  const { issuer, subject, ...rest } = expects(request);
  // The issuer and subject that are known are those of access tokens.
  const known = type === tokenTypes.accessToken ? { issuer, subject } : {};
  checkToken(token, { ...rest, ...known, connection, path });
  const { audience } = exchange;
  return credential({ kind: 'bearer', token }, { id: randomUUID(), expiresAt, subject: signIn.subject, audience });
}

async function ask(
  { settings: { endpoint }, signIn, connection, path, signal, ports }: Request,
  form: URLSearchParams,
  service: string,
): Promise<ServiceAnswer> {
  if (endpoint === undefined) {
    const response = await signIn.tokenEndpoint(form, signal);
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
  const init = { method: 'POST', headers: { accept: 'application/json' }, body: form };
  return askService({ url: endpoint, init, service, connection, path, fetch: ports.fetch, signal });
}
