import { randomUUID } from 'node:crypto';

import type { CredentialKind } from '../../../src/core/credential.ts';
import { type LabIdentityProvider, warehouseAudience } from '../../lab/identityProvider.ts';
import { startSpcsIngress } from '../../lab/mcp/spcsIngress.ts';
import { editorAt } from './evidence.ts';
import { remoteHarness, remoteWire } from './harness.ts';

export interface IngressOptions {
  /** Default: a programmatic access token that is good. */
  readonly mint?: (again: boolean) => {
    readonly token: string;
    readonly kind: Exclude<CredentialKind, 'password' | 'aws'>;
    readonly seconds?: number;
  };
  /** The app's own token; default: one that it takes. */
  readonly mintOwn?: (again: boolean) => string;
  /** Whether the connection has a token for the app as well. Default: true. */
  readonly own?: boolean;
}

/** An app behind the ingress, a gateway with one connection of alice's to it, and an editor; what was minted is kept, by slot. */
export async function ingressed(provider: LabIdentityProvider, options: IngressOptions = {}) {
  const { own = true } = options;
  const ingress = await startSpcsIngress({
    issuer: provider.issuer,
    audience: warehouseAudience,
    whois: (token) => (token.startsWith('app-token-of-alice') ? 'alice' : undefined),
    endpointTokens: (token) => (token === 'endpoint-token-of-bob' ? { user: 'BOB' } : undefined),
  });
  ingress.app.requireBearer(own);
  const pat = ingress.issueProgrammaticToken('alice');
  const minted: Record<'token' | 'server', string[]> = { token: [], server: [] };
  const wire = remoteWire('app', 'mcp/spcs', { url: ingress.url }, { serverToken: own });
  const gateway = await remoteHarness([wire], async (_, slot, again) => {
    const usual = { token: pat, kind: 'personalAccessToken' } as const;
    const given =
      slot === 'token'
        ? (options.mint?.(again) ?? usual)
        : { token: options.mintOwn?.(again) ?? `app-token-of-alice ${minted.server.length + 1}`.replace(' ', '-') };
    minted[slot === 'token' ? 'token' : 'server'].push(given.token);
    return given;
  });
  const editor = await editorAt(gateway, 'app');
  return {
    ingress,
    app: ingress.app,
    wire,
    pat,
    gateway,
    editor,
    minted,
    /** How often a credential was asked for, and which one was told to be refused, by slot. */
    asked: () => gateway.asked.map(({ slot, rejected }) => (rejected === undefined ? slot : `${slot} for ${rejected}`)),
    async [Symbol.asyncDispose]() {
      await editor[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      await ingress.close();
    },
  };
}

export type Ingressed = Awaited<ReturnType<typeof ingressed>>;

/** What Snowflake's ingress says of itself in its rejections; fields that are undefined are left out. */
export function rejection(fields: object = {}): string {
  return JSON.stringify({
    responseType: 'ERROR_UNAUTHORIZED',
    requestId: randomUUID(),
    detail: 'Authentication failed.',
    ...fields,
  });
}
