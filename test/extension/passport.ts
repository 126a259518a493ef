import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connectors } from '../../src/connectors/index.ts';
import { type PassportError } from '../../src/core/errors.ts';
import { fromWire, toWire, type WireConnection } from '../../src/core/link.ts';
import { directNetwork } from '../../src/core/network.ts';
import { type Fetch, signal } from '../../src/core/ports.ts';
import type { Redactor } from '../../src/core/redact.ts';
import { reachOf } from '../../src/extension/binding.ts';
import { createConfirmations, type Confirmations } from '../../src/extension/confirmations.ts';
import { createConnectionSecrets, type ConnectionSecrets } from '../../src/extension/connectionSecrets.ts';
import { createCredentials, type Credentials } from '../../src/extension/credentials.ts';
import type { ServerFacts, Usage } from '../../src/extension/gatewayChild.ts';
import type { GatewayProcess } from '../../src/extension/gatewayProcess.ts';
import { createOverview, type OverviewModel } from '../../src/extension/overview.ts';
import { createServerMemory, type ServerMemory } from '../../src/extension/serverMemory.ts';
import { createSessions, type Sessions } from '../../src/extension/sessions.ts';
import { parseSettings, type Settings, type Tables } from '../../src/extension/settings.ts';
import type { SettingsSource } from '../../src/extension/settingsSource.ts';
import { slotsOf } from '../../src/extension/slots.ts';
import { followSignIns } from '../../src/extension/wiring.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { readOnlyGuard } from '../../src/gateway/readOnlyGuard.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { createBroker } from '../../src/identity/windows/broker.ts';
import { leadership } from '../../src/identity/windows/leadership.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { connectV1 } from '../gateway/clients.ts';
import { type LabIdentityProvider, signInByHttp } from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { keptLog } from '../support/keptLog.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

/** Logs in at the lab's provider. */
export const loginAt =
  (idp: Pick<LabIdentityProvider, 'issuer'>, user: LabUserName) =>
  (url: string): Promise<URL> =>
    signInByHttp(idp, url, user);

export interface PassportOptions {
  /** As the user writes them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Default: those of the product. */
  readonly tables?: Partial<Tables>;
  /** Default: a workspace that is trusted. */
  readonly trusted?: () => boolean;
  /** What becomes of whoever is signed in when somebody else signs in; default: they go. */
  readonly succession?: 'beside' | 'instead';
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** One query through the gateway as an agent makes it. */
export interface Answer {
  readonly rows?: readonly (readonly unknown[])[];
  readonly ranAs?: { readonly user: string; readonly role?: string; readonly sharedIdentity?: boolean };
  /** Code of the error, where there is no answer. */
  readonly error?: string;
  /** Everything that the agent sees. */
  readonly text: string;
}

/** The whole extension and its gateway in one process, with everything but the editor. */
export interface Passport {
  readonly sessions: Sessions;
  readonly credentials: Credentials;
  readonly confirmations: Confirmations;
  /** The user agrees to what these connections point at now. */
  confirm(...connections: readonly string[]): Promise<void>;
  readonly connectionSecrets: ConnectionSecrets;
  readonly overview: OverviewModel;
  readonly serverMemory: ServerMemory;
  readonly gateway: Gateway;
  readonly fetch: Fetch;
  readonly redactor: Redactor;
  readonly clock: { offset: number; now(): number };
  readonly secrets: ReturnType<typeof memorySecrets>;
  /** Everything that was logged. */
  readonly lines: readonly string[];
  /** What the extension remembers without secrets. */
  readonly memory: Map<string, unknown>;
  readonly warnings: readonly PassportError[];
  current(): Settings;
  connection: SettingsSource['connection'];
  /** Name of the connection's first credential. */
  slot(id: string): string;
  /** Saves other settings; resolves when everybody has heard of them. */
  change(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Over the loopback flow. @param logIn what the browser does: from the provider's page to the redirect */
  signIn(provider: string, logIn: (authorizeUrl: string) => Promise<URL>): Promise<void>;
  signOut(provider: string): Promise<void>;
  query(connection: string, sql: string): Promise<Answer>;
  /** Calls a tool of a remote MCP server, which answers with its user and rows. */
  remote(connection: string, tool: string): Promise<Answer>;
  /** Everything that the agent gets from a call. */
  tool(name: string, input: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export async function openPassport({ settings: first, tables: own, ...options }: PassportOptions): Promise<Passport> {
  const tables = { presets, connectors, tokenSources, ...own };
  const folder = mkdtempSync(join(tmpdir(), 'dp-passport-'));
  const { log, lines, redactor } = keptLog();
  const clock = { offset: 0, now: () => Date.now() + clock.offset };
  const secrets = memorySecrets();
  const warnings: PassportError[] = [];
  const memory = new Map<string, unknown>();
  const send = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, { ...init, redirect: 'manual' }));
  const parse = (raw: PassportOptions['settings']): Settings => {
    const parsed = parseSettings(
      {
        identityProviders: raw['dataPassport.identityProviders'],
        connections: raw['dataPassport.connections'],
        limits: undefined,
      },
      tables,
    );
    assert.deepEqual(parsed.problems, []);
    return parsed;
  };
  let current = parse(first);
  const changes = signal<void>();
  const none = signal<void>();
  const settings: SettingsSource = {
    current: () => current,
    connection(id) {
      const found = current.connections.find((connection) => connection.id === id);
      assert.ok(found, `no connection ${id}`);
      return found;
    },
    onDidChange: changes.on,
    onDidChangeObstacle: none.on,
    raw: () => assert.fail('nothing is set up here'),
    parse: () => assert.fail('nothing is set up here'),
    propose: () => assert.fail('nothing is set up here'),
    dispose: () => undefined,
  };
  const terms = leadership(folder);
  const broker = createBroker({ leadership: terms, log });
  const deps = { ...tables, secrets, clock, log, redactor, fetch: send, broker, machine: terms.machine() };
  const confirmations = createConfirmations({
    ...tables,
    memory: { get: (key) => memory.get(key), update: async (key, value) => void memory.set(key, value) },
  });
  const connectionSecrets = createConnectionSecrets(deps);
  const sessions = createSessions({
    ...deps,
    host: { place: 'desktop', editorUri: async () => 'vscode://data-passport.data-passport/callback' },
    confirm: async () => options.succession ?? 'instead',
    adopted: confirmations.adopt,
  });
  const trusted = options.trusted ?? (() => true);
  const life = new AbortController();
  const { signal: ending } = life;
  const credentials = createCredentials({
    ...deps,
    sessions,
    connectionSecrets,
    confirmations,
    trusted,
    signal: ending,
  });
  const serverMemory = createServerMemory({
    ...tables,
    folder: join(folder, 'servers'),
    connections: () => current.connections,
    log,
  });
  const overview = createOverview({
    ...deps,
    sessions,
    credentials,
    connectionSecrets,
    confirmations,
    serverMemory,
    trusted,
    settings: settings.current,
    obstacle: () => undefined,
  });
  const used = signal<Usage>();
  const learned = signal<ServerFacts>();
  const gateway = createGateway({
    version: '0.0.0',
    connectors: tables.connectors,
    connections: [],
    guard: readOnlyGuard,
    clock,
    log,
    redactor,
    onUse: used.fire,
    onRemember({ id, binding, subject }, facts, withheld) {
      if (subject !== undefined) learned.fire({ connection: id, binding, subject, facts, withheld });
    },
    async resolveCredential({ id, binding }: WireConnection, slot, { rejected, leastLife, signal: abort }) {
      const wish = { binding, rejected: rejected?.id, leastLife, signal: abort };
      // As between the processes.
      return fromWire(structuredClone(toWire(await credentials.get(settings.connection(id), slot, wish))));
    },
  });
  let replacing: Promise<void> = Promise.resolve();
  const gatewayProcess: GatewayProcess = {
    start: () => assert.fail('the gateway is in this process'),
    onDidUse: used.on,
    onDidLearn: learned.on,
    connectionsChanged() {
      const connections = overview.wireConnections();
      replacing = replacing.then(() => gateway.replaceConnections(connections));
    },
    networkChanged: () => undefined,
    signedIn: (provider) => void gateway.signedIn(provider),
    signedOut: (provider) => gateway.signedOut(provider),
    whoami: async (connection) => ({ identity: await gateway.whoami(connection), elapsedMs: 0 }),
    diagnose: (connection) => gateway.diagnose(connection),
    choices: (connection, setting) => gateway.choices(connection, setting),
    toolsReviewed: async (connection, changes) => gateway.toolsReviewed(connection, changes),
    dispose: () => undefined,
  };
  const wiring = followSignIns({
    ...tables,
    settings,
    network: {
      current: () => directNetwork,
      systemCertificates: () => true,
      onDidChange: none.on,
      dispose: () => undefined,
    },
    sessions,
    credentials,
    connectionSecrets,
    confirmations,
    gateway: gatewayProcess,
    overview,
    serverMemory,
    onTrusted: none.on,
    servers: { changed: () => undefined, stop: async () => undefined, dispose: () => undefined },
    log,
    warn: (error) => warnings.push(error),
  });
  await Promise.all([
    connectionSecrets.load(current.connections),
    sessions.update(current.providers, current.connections),
  ]);
  await broker.joined();
  await gateway.replaceConnections(overview.wireConnections());

  const key = randomBytes(32).toString('base64url');
  const { port = 0 } = await gateway.listen({ kind: 'tcp' }, key);
  const agent = await connectV1({
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    headers: { authorization: `Bearer ${key}` },
    fetch: (url, init) => fetch(url, init),
  });

  return {
    sessions,
    credentials,
    confirmations,
    confirm: (...ids) =>
      confirmations.confirm(
        ids.map((id) => ({ connection: settings.connection(id), reach: reachOf(settings.connection(id), tables) })),
      ),
    connectionSecrets,
    overview,
    serverMemory,
    gateway,
    fetch: send,
    redactor,
    clock,
    secrets,
    lines,
    memory,
    warnings,
    current: () => current,
    connection: settings.connection,
    slot: (id) => slotsOf(settings.connection(id), tables)[0]?.name ?? '',
    async change(next) {
      current = parse(next);
      const taken = Promise.withResolvers<void>();
      const once = wiring.onSettingsTaken(taken.resolve);
      changes.fire();
      await taken.promise;
      once.dispose();
      await replacing;
    },
    async signIn(provider, logIn) {
      const attempt = await sessions.get(provider)?.attempt();
      assert.ok(attempt?.prompt.kind === 'page');
      const start = await fetch(attempt.prompt.url, { redirect: 'manual' });
      await fetch(await logIn(start.headers.get('location') ?? ''));
      await attempt.done;
      await wiring.settled(provider);
      await replacing;
    },
    async signOut(provider) {
      const session = sessions.get(provider);
      for (const { subject } of session?.state.accounts ?? []) await session?.signOut(subject);
      await wiring.settled(provider);
      await replacing;
    },
    tool: async (name, input) => JSON.stringify(await agent.client.callTool({ name, arguments: input })),
    async query(connection, sql) {
      const several = current.connections.length > 1;
      const answer = await agent.client.callTool({
        name: 'query',
        arguments: { ...(several && { connection }), sql },
      });
      const { rows, ranAs, error } = (answer.structuredContent ?? {}) as {
        rows?: Answer['rows'];
        ranAs?: Answer['ranAs'];
        error?: { code: string };
      };
      return {
        ...(rows && { rows }),
        ...(ranAs && { ranAs }),
        ...(error && { error: error.code }),
        text: JSON.stringify(answer),
      };
    },
    async remote(connection, tool) {
      const place = {
        url: new URL(`http://127.0.0.1:${port}/mcp`),
        headers: { authorization: `Bearer ${key}` },
        fetch,
      };
      await using client = await connectV1(place, `/mcp/${connection}`);
      const answer = await client.client.callTool({ name: tool, arguments: {} }).catch((error: unknown) => {
        // A sign-in card is an error of the protocol.
        if (error instanceof Error && 'code' in error && error.code === -32042) return { card: error.message };
        throw error;
      });
      const text = JSON.stringify(answer);
      if ('card' in answer) return { error: 'DP-SIGN-IN-REQUIRED', text };
      const said = (answer.content as readonly { readonly text: string }[])[0]?.text ?? '';
      const [error] = /^DP-[A-Z-]+/.exec(said) ?? [];
      if (error !== undefined) return { error, text };
      const { user, rows } = JSON.parse(said) as { readonly user: string; readonly rows: Answer['rows'] };
      return { ...(rows && { rows }), ranAs: { user }, text };
    },
    async close() {
      life.abort();
      await agent[Symbol.asyncDispose]();
      await gateway.close();
      wiring.dispose();
      sessions.dispose();
      await broker.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
