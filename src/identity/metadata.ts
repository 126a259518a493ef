import * as oidc from 'openid-client';

import { isLoopback } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import type { Clock, Fetch } from '../core/ports.ts';
import type { ClientAuthentication } from './clientAuthentication.ts';
import type { FixedMetadata, ProviderDescription } from './presets/preset.ts';
import { discoveryError } from './providerErrors.ts';

const TIMEOUT_SECONDS = 20;
const HOUR = 3600_000;
/** Metadata changes rarely; keys are fetched again by openid-client when an unknown one appears. */
const FRESH = 12 * HOUR;
/** What is older than `FRESH` still serves while the provider can not be asked. */
const USABLE = 24 * HOUR;

export interface MetadataDeps {
  readonly description: ProviderDescription;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly client: ClientAuthentication;
  /** Settings path of the issuer. */
  readonly path: string;
}

/** The client of one provider as openid-client wants it: discovered once, kept in memory. @throws PassportError DP-PROVIDER-*, DP-CLIENT-SECRET */
export function configurationOf(deps: MetadataDeps): () => Promise<oidc.Configuration> {
  const { description, fetch, clock, path, client } = deps;
  const { issuer, clientId } = description;
  const insecure = isLoopback(new URL(issuer).hostname);
  const send: oidc.CustomFetch = (target, init) => fetch(target, init as RequestInit);
  const execute = [oidc.enableNonRepudiationChecks, ...(insecure ? [oidc.allowInsecureRequests] : [])];
  let known: { readonly config: oidc.Configuration; readonly at: number } | undefined;
  let asking: Promise<oidc.Configuration> | undefined;

  const unusable = (problem: string): PassportError =>
    new PassportError('DP-PROVIDER-METADATA', { issuer, path, problem });

  async function discover(): Promise<oidc.Configuration> {
    let config: oidc.Configuration;
    try {
      config = await ask('oidc').catch((error: unknown) => {
        // RFC 8414 for providers without OpenID Connect.
        if (description.account.from !== 'idToken' && statusOf(error) === 404) return ask('oauth2');
        throw error;
      });
    } catch (error) {
      throw discoveryError(error, { description, path });
    }
    const { issuer: named, code_challenge_methods_supported: methods } = config.serverMetadata();
    // RFC 8414 section 3.3 compares the issuer as a string; openid-client lets a differing final slash pass.
    if (named !== issuer && !isTenantOf(description.issuerTemplate, named)) {
      throw unusable(`it calls itself ${named.slice(0, 200)}`);
    }
    // RFC 7636 section 4.2: S256 or nothing. Many say nothing about it and can do it.
    if (methods && !methods.includes('S256')) throw unusable('it can not do PKCE with S256');
    known = { config, at: clock.now() };
    return config;
  }

  const ask = (algorithm: 'oidc' | 'oauth2'): Promise<oidc.Configuration> =>
    oidc.discovery(new URL(issuer), clientId, undefined, client.method, {
      algorithm,
      execute,
      timeout: TIMEOUT_SECONDS,
      [oidc.customFetch]: send,
    });

  function fixed(metadata: FixedMetadata): oidc.Configuration {
    const config = new oidc.Configuration({ issuer, ...defined(metadata) }, clientId, undefined, client.method);
    config[oidc.customFetch] = send;
    config.timeout = TIMEOUT_SECONDS;
    for (const extend of execute) extend(config);
    return config;
  }

  const published = description.metadata && fixed(description.metadata);
  return async () => {
    await client.ready();
    if (published) return published;
    if (known && clock.now() - known.at < FRESH) return known.config;
    asking ??= discover().finally(() => {
      asking = undefined;
    });
    try {
      return await asking;
    } catch (error) {
      if (known && clock.now() - known.at < USABLE) return known.config;
      throw error;
    }
  };
}

function isTenantOf(template: string | undefined, issuer: string): boolean {
  const [before, after = ''] = template?.split('{tenantid}') ?? [];
  if (before === undefined || !issuer.startsWith(before) || !issuer.endsWith(after)) return false;
  return /^(?:\{tenantid\}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(
    issuer.slice(before.length, issuer.length - after.length),
  );
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && error.cause instanceof Response ? error.cause.status : undefined;
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
