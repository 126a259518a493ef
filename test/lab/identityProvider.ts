import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK, type JWTPayload } from 'jose';
import { Provider, type KoaContextWithOIDC } from 'oidc-provider';

import { changeAnswer } from './identityProvider/answers.ts';
import { warehouseAudience } from './identityProvider/audiences.ts';
import { labClientId, providerConfiguration, type ProviderQuirks } from './identityProvider/configuration.ts';
import {
  createEndpointFaults,
  endpointAt,
  type Endpoint,
  type EndpointFault,
  type FaultDetails,
  type StallDetails,
} from './identityProvider/faults.ts';
import { handleInteraction } from './identityProvider/interaction.ts';
import { createJournal, type IssuedSecret, type ProviderRequest } from './identityProvider/journal.ts';
import { keepBody } from './identityProvider/keepBody.ts';
import { relativeForms, relativeRedirects } from './identityProvider/relativeUrls.ts';
import { createProviderStore } from './identityProvider/store.ts';
import { registerTokenExchange } from './identityProvider/tokenExchange.ts';
import { alice, type LabUserName } from './sampleData.ts';

export {
  databricksAudience,
  defaultAudience,
  mcpAudience,
  postgresAudience,
  warehouseAudience,
} from './identityProvider/audiences.ts';
export { labClientId } from './identityProvider/configuration.ts';
export type { Endpoint, EndpointFault, FaultDetails, StallDetails } from './identityProvider/faults.ts';
export type { IssuedSecret, ProviderRequest, SecretKind } from './identityProvider/journal.ts';
export { confirmDeviceByHttp, signInByHttp } from './identityProvider/signInByHttp.ts';

export interface IdentityProviderOptions extends ProviderQuirks {
  /** Default: any free one. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Name under which a reverse proxy with TLS shows it; default: its own address. */
  readonly issuer?: string;
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

/** What the provider knows of an access token, for those that say nothing themselves. */
export interface AccessTokenFacts {
  readonly user: string | undefined;
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
}

export interface LabIdentityProvider {
  /** Without a slash at the end, unless `issuerSlash` wants one. */
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
  /** An endpoint, the token endpoint if no other is named, fails in this way until `recover()`. */
  refuse(kind: EndpointFault, details?: FaultDetails): void;
  /** The token endpoint takes this much longer until `recover()`. */
  stall(milliseconds: number, details?: StallDetails): void;
  /** Ends what `refuse`, `stall`, `amendMetadata` and `shiftClock` began. */
  recover(): void;
  /** Metadata has these fields instead of its own; `undefined` leaves one out. */
  amendMetadata(fields: Readonly<Record<string, unknown>>): void;
  /** The provider's clock is ahead by this: its Date header, and the times in its tokens. */
  shiftClock(minutes: number): void;
  /** Whether a refresh gives a new refresh token from now on. */
  setRotation(rotates: boolean): void;
  /** Undefined for a token that it does not keep, such as a JWT. */
  describeAccessToken(value: string): AccessTokenFacts | undefined;
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
  const store = createProviderStore(quirks.reuseGraceMilliseconds);
  const faults = createEndpointFaults();
  const journal = createJournal();
  const cookieKey = randomUUID();
  const entries = new WeakMap<IncomingMessage, ProviderRequest>();
  let lifetime = accessTokenSeconds;
  let rotates = quirks.rotate ?? true;
  let amended: Readonly<Record<string, unknown>> = {};
  let clockAhead = 0;
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
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`;
  const issuer = options.issuer ?? (quirks.issuerSlash === true ? `${origin}/` : origin);
  let { provider, handle } = buildProvider();

  function buildProvider(): { provider: Provider; handle: ReturnType<Provider['callback']> } {
    const clockAheadSeconds = (): number => clockAhead * 60;
    const provider = new Provider(
      issuer,
      providerConfiguration({
        store,
        keys,
        cookieKey,
        accessTokenSeconds: () => lifetime,
        rotates: () => rotates,
        clockAheadSeconds,
        quirks,
      }),
    );
    provider.proxy = options.issuer !== undefined;
    const { redirectPrefixes, tokenExchange: levers } = quirks;
    if (levers) registerTokenExchange(provider, { levers, keys: () => keys, accessTokenSeconds: () => lifetime });
    if (redirectPrefixes) {
      provider.Client.prototype.redirectUriAllowed = (uri: string) =>
        redirectPrefixes.some((prefix) => uri.startsWith(prefix));
    }
    provider.use(async (context: KoaContextWithOIDC, next) => {
      await next();
      await changeAnswer(context, {
        quirks,
        origin,
        metadata: () => amended,
        rotates: () => rotates,
        clockAheadSeconds,
        signingKey,
      });
      const entry = entries.get(context.req);
      if (entry !== undefined) journal.record(entry, context);
      const body: unknown = context.body;
      if (typeof body === 'string' && context.response.is('html')) context.body = relativeForms(body, context.URL);
    });
    return { provider, handle: provider.callback() };
  }

  function signingKey(): JWK {
    const [current] = keys;
    if (current === undefined) throw new Error('The provider has no signing key');
    return current;
  }

  /** What the provider itself is lenient about. */
  function refusesClient(endpoint: Endpoint, { headers }: IncomingMessage): boolean {
    if (quirks.clientSecret === undefined) return endpoint === 'revocation' && quirks.revocation === 'confidential';
    return headers.authorization?.startsWith('Basic ') ?? false;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const own = new URL(`http://${request.headers.host ?? `${host}:${actualPort}`}${target}`);
    let path = own.pathname;
    if (quirks.doubleSlashUrls === true) {
      request.url = target.replace(/^\/{2,}/u, '/');
      path = path.replace(/^\/{2,}/u, '/');
    }
    const entry: ProviderRequest = { method: request.method ?? 'GET', path };
    journal.requests.push(entry);
    entries.set(request, entry);
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
    relativeRedirects(response, own);
    if (clockAhead !== 0) response.setHeader('date', new Date(Date.now() + clockAhead * 60_000).toUTCString());
    const endpoint = endpointAt(path);
    if (faults.waits(endpoint)) await keepBody(request);
    if (!(await faults.wait(endpoint, response))) return;
    const fail = faults.intercept(endpoint, response);
    if (fail !== undefined) {
      journal.recordForm(entry, new URLSearchParams(await text(request.iterator())));
      fail();
    } else if (endpoint !== undefined && refusesClient(endpoint, request)) {
      journal.recordForm(entry, new URLSearchParams(await text(request)));
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: 'invalid_client' }));
    } else if (path.startsWith('/interaction/')) {
      await sleep(quirks.pageMilliseconds ?? 0);
      await handleInteraction({ provider, request, response, asksConsent: quirks.consentPage === true });
    } else await handle(request, response);
  }

  return {
    issuer,
    port: actualPort,
    jwksUri: `${origin}/jwks`,
    clientId: labClientId,
    requests: journal.requests,
    issued: journal.issued,
    setAccessTokenSeconds(seconds) {
      lifetime = seconds;
    },
    revokeRefreshTokens: (user) => store.endGrants(user),
    refuse: (kind, details) => faults.refuse(kind, details),
    stall: (milliseconds, details) => faults.stall(milliseconds, details),
    recover() {
      faults.recover();
      amended = {};
      clockAhead = 0;
    },
    amendMetadata(fields) {
      amended = fields;
    },
    shiftClock(minutes) {
      clockAhead = minutes;
    },
    setRotation(wanted) {
      rotates = wanted;
    },
    describeAccessToken(value) {
      const kept = store.accessToken(value);
      if (kept === undefined) return undefined;
      const { accountId: user, aud, scope } = kept;
      return {
        user,
        audience: typeof aud === 'string' ? aud : undefined,
        scopes: scope?.split(' ').filter((each) => each !== '') ?? [],
      };
    },
    async rotateKeys({ withdrawOld = false } = {}) {
      const fresh = await newSigningKey();
      keys = withdrawOld ? [fresh] : [fresh, ...keys];
      ({ provider, handle } = buildProvider());
    },
    restart: () => store.clear(),
    async mintAccessToken(wish = {}) {
      const { user = alice.name, audience = warehouseAudience, expiresInSeconds = 600 } = wish;
      const scopes = wish.scopes ?? ['session:role:ANALYST', 'session:role:MANAGER'];
      const now = Math.floor(Date.now() / 1000) + clockAhead * 60;
      const current = signingKey();
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
