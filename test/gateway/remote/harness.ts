import { Agent } from 'node:http';

import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { connectors } from '../../../src/connectors/index.ts';
import { type Credential, credential, type CredentialKind } from '../../../src/core/credential.ts';
import type { PassportError } from '../../../src/core/errors.ts';
import type { ToolChange, WireConnection } from '../../../src/core/link.ts';
import { redactor } from '../../../src/core/redact.ts';
import { createGateway } from '../../../src/gateway/gateway.ts';
import type { Use } from '../../../src/gateway/toolCalls.ts';
import { SignInNeeded } from '../../../src/gateway/toolErrors.ts';
import { recordingLog } from '../fakeDatabase.ts';
import { CALLER_KEY, fakeGuard, nodeFetch } from '../harness.ts';

export const LIMITS = { rows: 200, cellLength: 2000, bytes: 1_000_000, seconds: 60 };

/** A connection of type mcp as the extension describes it, settings parsed by the connector's own schema. */
export function remoteWire(
  id: string,
  type: string,
  settings: Readonly<Record<string, unknown>>,
  more: Partial<WireConnection> = {},
): WireConnection {
  return {
    id,
    title: id,
    type,
    identityProvider: 'company',
    shared: false,
    binding: `${id} 1`,
    settings: connectors[type]?.settings.parse(settings),
    limits: LIMITS,
    subject: 'alice',
    account: 'alice@lab.example',
    ...more,
  };
}

export interface Asked {
  readonly connection: string;
  readonly slot: string;
  readonly rejected: string | undefined;
}

export type Mint = (
  wire: WireConnection,
  slot: string,
  again: boolean,
) => Promise<{
  readonly token: string;
  readonly kind?: Exclude<CredentialKind, 'password' | 'aws'>;
  readonly seconds?: number;
}>;

/** A gateway in this process over remote servers, whose credentials a test mints. */
export async function remoteHarness(connections: readonly WireConnection[], mint: Mint) {
  const { log, lines } = recordingLog();
  const secrets = redactor();
  const uses: Use[] = [];
  const asked: Asked[] = [];
  const remembered: { wire: WireConnection; facts: string; withheld: readonly ToolChange[] }[] = [];
  const signedOut = new Set<string>();
  const given = new Map<string, Credential>();
  let issued = 0;
  const gateway = createGateway({
    version: '1.2.3',
    connectors,
    connections,
    async resolveCredential(wire, slot, { rejected, leastLife = 0 }) {
      asked.push({ connection: wire.id, slot, rejected: rejected?.id });
      if (wire.subject === undefined || signedOut.has(wire.subject)) {
        const facts = { code: 'DP-SIGN-IN-REQUIRED', params: { provider: 'Corp' } } as const;
        throw new SignInNeeded(facts, 'company', { url: 'http://127.0.0.1:1/signin' });
      }
      const key = JSON.stringify([wire.id, wire.binding, wire.subject, slot]);
      const kept = given.get(key);
      if (kept && kept.id !== rejected?.id && (kept.expiresAt?.getTime() ?? Infinity) > Date.now() + leastLife * 1000)
        return kept;
      const { token, kind = 'bearer', seconds = 600 } = await mint(wire, slot, rejected !== undefined);
      issued += 1;
      const fresh = credential(
        { kind, token },
        { id: `${slot} ${issued}`, subject: wire.subject, expiresAt: new Date(Date.now() + seconds * 1000) },
      );
      given.set(key, fresh);
      return fresh;
    },
    guard: fakeGuard,
    clock: { now: () => Date.now() },
    log,
    redactor: secrets,
    onUse: (use) => uses.push(use),
    onRemember: (wire, facts, withheld) => remembered.push({ wire, facts, withheld }),
  });
  const listener = await gateway.listen({ kind: 'tcp' }, CALLER_KEY);
  const agent = new Agent({ keepAlive: true });
  const fetch = nodeFetch({ host: '127.0.0.1', port: listener.port }, agent);
  const headers = { authorization: `Bearer ${CALLER_KEY}` };
  const urlOf = (connection: string): URL => new URL(`http://127.0.0.1:${listener.port}/mcp/${connection}`);
  return {
    gateway,
    /** Knows every credential that was given. */
    redactor: secrets,
    lines,
    uses,
    asked,
    remembered,
    urlOf,
    headers,
    fetch,
    lastError: (): PassportError | undefined => uses.findLast(({ error }) => error !== undefined)?.error,
    /** As the extension tells of a sign-out, and of the connections afterwards. */
    async signOut(subject: string) {
      signedOut.add(subject);
      given.clear();
      await gateway.signedOut('company');
      await gateway.replaceConnections(connections.map((each) => ({ ...each, subject: undefined })));
    },
    async signIn(next: readonly WireConnection[] = connections) {
      signedOut.clear();
      await gateway.replaceConnections(next);
      await gateway.signedIn('company');
    },
    /** Makes the credentials at hand end now. */
    expire() {
      given.clear();
    },
    /** The client generation of today's editors. */
    async connect(connection: string, capabilities: Readonly<Record<string, unknown>> = {}) {
      const client = new ClientV1({ name: 'editor', version: '1' }, { capabilities });
      const transport = new TransportV1(urlOf(connection), { fetch, requestInit: { headers } });
      await client.connect(transport);
      return { client, transport, [Symbol.asyncDispose]: () => client.close() };
    },
    async connectModern(connection: string, capabilities: Readonly<Record<string, unknown>> = {}) {
      const client = new ClientV2(
        { name: 'editor', version: '1' },
        { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } },
      );
      const transport = new TransportV2(urlOf(connection), { fetch, requestInit: { headers } });
      await client.connect(transport);
      return { client, transport, [Symbol.asyncDispose]: () => client.close() };
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await gateway.close();
    },
  };
}

export type RemoteHarness = Awaited<ReturnType<typeof remoteHarness>>;

/** The text of a tool's answer. */
export function textOf(result: unknown): string {
  const { content } = result as { readonly content: readonly { readonly text?: string }[] };
  return content.map(({ text = '' }) => text).join('\n');
}
