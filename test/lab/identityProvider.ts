import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK, type JWTPayload } from 'jose';
import { Provider, type KoaContextWithOIDC } from 'oidc-provider';

import {
  labClientId,
  providerConfiguration,
  warehouseAudience,
  type ProviderQuirks,
} from './identityProvider/configuration.ts';
import { createTokenEndpointFaults, type TokenEndpointFault } from './identityProvider/faults.ts';
import { handleInteraction } from './identityProvider/interaction.ts';
import { createJournal, type IssuedSecret, type ProviderRequest } from './identityProvider/journal.ts';
import { relativeForms, relativeRedirects } from './identityProvider/relativeUrls.ts';
import { createProviderStore } from './identityProvider/store.ts';
import { alice, type LabUserName } from './sampleData.ts';

export { labClientId, postgresAudience, warehouseAudience } from './identityProvider/configuration.ts';
export type { TokenEndpointFault } from './identityProvider/faults.ts';
export type { IssuedSecret, ProviderRequest, SecretKind } from './identityProvider/journal.ts';
export { confirmDeviceByHttp, signInByHttp } from './identityProvider/signInByHttp.ts';

export interface IdentityProviderOptions extends ProviderQuirks {
  /** Default: any free one. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Life of an access token; default 600. */
  readonly accessTokenSeconds?: number;
}

/** What {@link LabIdentityProvider.mintAccessToken} puts into a token; by default a good one of alice's. */
export interface AccessTokenWish {
  readonly user?: LabUserName | (string & {});
  readonly audience?: string | string[];
  readonly scopes?: readonly string[];
  /** Negative: expired that long ago. */
  readonly expiresInSeconds?: number;
  /** `stranger`: right in everything but the key. */
  readonly signedBy?: 'provider' | 'stranger';
  readonly issuer?: string;
  /** Added last, so they win. */
  readonly claims?: JWTPayload;
}

export interface LabIdentityProvider {
  /** Without a slash at the end. */
  readonly issuer: string;
  readonly port: number;
  readonly jwksUri: string;
  readonly clientId: string;
  /** Every request so far, oldest first; holds no secret. */
  readonly requests: readonly ProviderRequest[];
  /** Every secret given out so far: search for these where none may be. */
  readonly issued: readonly IssuedSecret[];
  setAccessTokenSeconds(seconds: number): void;
  /** The next refresh of this user, or of anybody, is `invalid_grant`. */
  revokeRefreshTokens(user?: LabUserName): void;
  /** The token endpoint fails in this way until `recover()`. */
  refuse(kind: TokenEndpointFault): void;
  /** The token endpoint takes this much longer until `recover()`. */
  stall(milliseconds: number): void;
  recover(): void;
  /** Signs with a new key from now on. The old one stays published unless it is withdrawn. */
  rotateKeys(options?: { readonly withdrawOld?: boolean }): Promise<void>;
  /** As if the process had been restarted: keys and address stay, sign-ins are lost. */
  restart(): void;
  mintAccessToken(wish?: AccessTokenWish): Promise<string>;
  close(): Promise<void>;
}

/** A certified OpenID provider in this process, on a loopback port. State lives in memory. Whoever starts it closes it. */
export async function startIdentityProvider(options: IdentityProviderOptions = {}): Promise<LabIdentityProvider> {
  const { port = 0, host = '127.0.0.1', accessTokenSeconds = 600, ...quirks } = options;
  const store = createProviderStore();
  const faults = createTokenEndpointFaults();
  const journal = createJournal();
  const cookieKey = randomUUID();
  const entries = new WeakMap<IncomingMessage, ProviderRequest>();
  let lifetime = accessTokenSeconds;
  let keys = [await newSigningKey()];

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      // Only the name: a message might hold what came in.
      if (!response.headersSent) response.writeHead(500).end(error instanceof Error ? error.name : 'Error');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const { port: actualPort } = server.address() as AddressInfo;
  const issuer = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;
  let { provider, handle } = buildProvider();

  function buildProvider(): { provider: Provider; handle: ReturnType<Provider['callback']> } {
    const provider = new Provider(
      issuer,
      providerConfiguration({ store, keys, cookieKey, accessTokenSeconds: () => lifetime, quirks }),
    );
    provider.use(async (context: KoaContextWithOIDC, next) => {
      await next();
      const entry = entries.get(context.req);
      if (entry !== undefined) journal.record(entry, context);
      const body: unknown = context.body;
      if (typeof body === 'string' && context.response.is('html')) context.body = relativeForms(body, context.URL);
      if (entry?.grantType === 'refresh_token' && isRecord(body)) {
        if (quirks.omitIdTokenOnRefresh === true) delete body['id_token'];
        if (quirks.rotate === false) delete body['refresh_token'];
      }
    });
    return { provider, handle: provider.callback() };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const own = new URL(request.url ?? '/', `http://${request.headers.host ?? `${host}:${actualPort}`}`);
    const entry: ProviderRequest = { method: request.method ?? 'GET', path: own.pathname };
    journal.requests.push(entry);
    entries.set(request, entry);
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
    relativeRedirects(response, own);
    const fail = own.pathname === '/token' ? await faults.intercept() : undefined;
    if (fail !== undefined) {
      journal.recordForm(entry, new URLSearchParams(await text(request)));
      fail(response);
    } else if (own.pathname.startsWith('/interaction/')) await handleInteraction(provider, request, response);
    else await handle(request, response);
  }

  return {
    issuer,
    port: actualPort,
    jwksUri: `${issuer}/jwks`,
    clientId: labClientId,
    requests: journal.requests,
    issued: journal.issued,
    setAccessTokenSeconds(seconds) {
      lifetime = seconds;
    },
    revokeRefreshTokens: (user) => store.endGrants(user),
    refuse: (kind) => faults.refuse(kind),
    stall: (milliseconds) => faults.stall(milliseconds),
    recover: () => faults.recover(),
    async rotateKeys({ withdrawOld = false } = {}) {
      const fresh = await newSigningKey();
      keys = withdrawOld ? [fresh] : [fresh, ...keys];
      ({ provider, handle } = buildProvider());
    },
    restart: () => store.clear(),
    async mintAccessToken(wish = {}) {
      const { user = alice.name, audience = warehouseAudience, expiresInSeconds = 600 } = wish;
      const scopes = wish.scopes ?? ['session:role:ANALYST', 'session:role:MANAGER'];
      const now = Math.floor(Date.now() / 1000);
      const [current] = keys;
      if (current === undefined) throw new Error('The provider has no signing key');
      const jwk = wish.signedBy === 'stranger' ? await newSigningKey() : current;
      const token = await new SignJWT({
        iss: wish.issuer ?? issuer,
        sub: user,
        aud: audience,
        iat: Math.min(now, now + expiresInSeconds - 600),
        exp: now + expiresInSeconds,
        jti: randomUUID(),
        client_id: labClientId,
        preferred_username: user,
        scope: scopes.join(' '),
        scp: [...scopes],
        ...wish.claims,
      })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...(current.kid === undefined ? {} : { kid: current.kid }) })
        .sign(await importJWK(jwk, 'RS256'));
      journal.issued.push({ kind: 'accessToken', value: token });
      return token;
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: randomUUID() };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
