import { randomUUID } from 'node:crypto';

import { type Credential, credential } from '../core/credential.ts';
import { checkToken, endOf } from './claims.ts';
import { readPrivateKey } from './keyFile.ts';
import { passphraseField } from './passphrase.ts';
import { accountHost, principalOf } from './snowflake/account.ts';
import { exchangeForEndpoint } from './snowflake/exchange.ts';
import { keyPairJwt, USE_WITHIN } from './snowflake/keyPairJwt.ts';
import type { KeyPairSettings } from './snowflakeKeyPair.ts';
import type { MintRequest } from './source.ts';

type Request = MintRequest<KeyPairSettings>;

/** What {@link file://./snowflakeKeyPair.ts} mints. @throws PassportError DP-KEY-*, DP-EXCHANGE-REFUSED, DP-TOKEN-SERVICE-*, DP-TOKEN-CLAIM */
export async function mint(request: Request): Promise<Credential> {
  const { settings: own, ports } = request;
  const principal = principalOf(own);
  const signed = await assertionFor(principal, request);
  if (own.exchange) return exchanged(request, own.exchange, { principal, ...signed });
  const expiresAt = new Date(ports.clock.now() + USE_WITHIN * 1000);
  return credential({ kind: 'keyPairJwt', token: signed.assertion }, { id: randomUUID(), expiresAt });
}

interface Signed {
  readonly assertion: string;
  readonly fingerprint: string;
}

/** The key lives in here alone. */
async function assertionFor(principal: string, request: Request): Promise<Signed> {
  const { settings: own, connection, ports } = request;
  const passphrase = async (): Promise<string | undefined> => (await request.secret(passphraseField.name))?.value;
  const { key, fingerprint } = await readPrivateKey({ file: own.privateKeyFile, connection, passphrase });
  const { lifetimeSeconds } = own;
  const assertion = keyPairJwt(key, { principal, fingerprint, lifetimeSeconds, now: ports.clock.now() });
  ports.know(assertion);
  return { assertion, fingerprint };
}

async function exchanged(
  request: Request,
  { endpoint, role, host, protocol }: NonNullable<KeyPairSettings['exchange']>,
  signed: Signed & { readonly principal: string },
): Promise<Credential> {
  const { settings: own, connection, path, ports } = request;
  const origin = `${protocol}://${host ?? accountHost(own.account)}`;
  const token = await exchangeForEndpoint({ ...signed, origin, endpoint, role }, request);
  // What its claims are called is not documented; times are the same everywhere.
  checkToken(token, { connection, path, scopes: [], now: ports.clock.now() });
  const facts = { id: randomUUID(), expiresAt: endOf(token, undefined), audience: endpoint };
  return credential({ kind: 'endpointToken', token }, facts);
}
