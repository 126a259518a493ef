import { setImmediate } from 'node:timers/promises';

import type { Connector, CredentialSupplier } from '../connectors/connector.ts';
import type { Credential } from '../core/credential.ts';
import type { FarLink } from '../core/diagnosis.ts';
import { asPassportError } from '../core/errors.ts';
import type { Listen, ToolChange, WireConnection } from '../core/link.ts';
import { directNetwork, type NetworkFacts } from '../core/network.ts';
import type { Clock, Log } from '../core/ports.ts';
import { knowSecrets, type Redactor } from '../core/redact.ts';
import type { Identity, Offer } from '../core/result.ts';
import { type Configured, type ConfiguredServer, type ConnectionTable, connectionTable } from './connectionTable.ts';
import { faultFacts } from './faultFence.ts';
import { listen, type Listener } from './http.ts';
import { type Exchange, mcpEndpoint, type McpEndpoint } from './mcpEndpoint.ts';
import { argumentOf, mcpServer, type McpServerKind, runsAs } from './mcpServer.ts';
import { mcpSessions, type SessionLimits } from './mcpSessions.ts';
import { type Pool, pool } from './pool.ts';
import { remoteCalls } from './remote/remoteCalls.ts';
import { remoteServers } from './remote/remoteServers.ts';
import { keyCheck } from './requestChecks.ts';
import { type Caller, requestContext } from './requestContext.ts';
import type { PoolLimits } from './sessionGroup.ts';
import { signInCards } from './signInCards.ts';
import { withinLimit } from './timeLimit.ts';
import { toolCalls, type Use } from './toolCalls.ts';
import { toolbox } from './tools/index.ts';
import type { Guard } from './tools/query.ts';

export interface Why {
  /** The credential that the other side has just refused. */
  readonly rejected?: Credential | undefined;
  /** Seconds that it must still live. */
  readonly leastLife?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Where credentials come from: the extension over IPC, or the request itself in the team server.
 * @throws SignInNeeded when the user can help by opening a page; PassportError for every other refusal
 */
export type CredentialResolver = (connection: WireConnection, slot: string, why: Why) => Promise<Credential>;

export interface GatewayPorts {
  readonly version: string;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly connections: readonly WireConnection[];
  /** Absent: everything is reached directly. */
  readonly network?: NetworkFacts | undefined;
  readonly resolveCredential: CredentialResolver;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: Log;
  /** Learns every credential before it is used; cleans what errors say. */
  readonly redactor: Redactor;
  readonly onUse?: ((use: Use) => void) | undefined;
  /** Variables for programs of the user, where this process has none of them. Default: none. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** What a remote MCP server says of itself, to be handed in again as `remembered`. */
  readonly onRemember?: ((wire: WireConnection, facts: string, withheld: readonly ToolChange[]) => void) | undefined;
  readonly poolLimits?: PoolLimits | undefined;
  readonly sessionLimits?: SessionLimits | undefined;
  /** HTML of the page that shows rows, read when a client asks for it. Absent: rows are text everywhere. */
  readonly resultsPage?: (() => Promise<string>) | undefined;
}

export interface Gateway {
  /** @param callerKey the bearer token that every request has to carry */
  listen(where: Listen, callerKey: string): Promise<Listener>;
  /** Replaces all connections. Sessions of changed ones retire, those of removed ones or another user end at once. */
  replaceConnections(connections: readonly WireConnection[]): Promise<void>;
  /** Sessions that were opened in another way retire. */
  replaceNetwork(network: NetworkFacts): void;
  /** Calls that wait on a sign-in card at this provider are repeated by their clients. */
  signedIn(identityProvider: string): Promise<void>;
  /** Cancels what runs as this provider's user; resolves when every session is closed. */
  signedOut(identityProvider: string): Promise<void>;
  /** Asks the database of a connection who we are, on the same road as the tool. @throws PassportError */
  whoami(connection: string): Promise<Identity>;
  /** The links of a connection that can be seen from here, up to the first broken one. @throws PassportError DP-CONNECTION-UNKNOWN */
  diagnose(connection: string): Promise<readonly FarLink[]>;
  /** What the database of a connection offers its user for a setting. @throws PassportError */
  choices(connection: string, setting: string): Promise<Offer>;
  /** The user has seen what changed in the tools of a remote server, and takes it. */
  toolsReviewed(connection: string, changes: readonly ToolChange[]): void;
  /** What is open right now. */
  counts(): { readonly databaseSessions: number; readonly mcpSessions: number };
  /** Closes what is idle or expired. Runs by itself every few seconds. */
  sweep(): void;
  /** Stops listening, cancels what runs, closes every session. */
  close(): Promise<void>;
}

const SWEEP_EVERY = 5000;
const editor: Caller = { id: 'editor' };

export function createGateway(ports: GatewayPorts): Gateway {
  const { version, clock, log, redactor, onUse = () => undefined } = ports;
  const redact = (text: string): string => redactor.redact(text);
  const connections = connectionTable(ports.connectors);
  connections.replace(ports.connections);
  let network = ports.network ?? directNetwork;
  const supply = supplyFrom(ports);
  const sessions = pool({
    supply,
    network: () => network,
    clock,
    log,
    limits: ports.poolLimits,
  });
  const box = toolbox(ports.guard);
  const cards = signInCards();
  const calls = toolCalls({ toolbox: box, connections, pool: sessions, clock, log, redact, onUse });
  const { resultsPage } = ports;
  const create = (kind: McpServerKind) =>
    mcpServer({ version, toolbox: box, calls, cards, connections, redact, resultsPage }, kind);
  const clients = mcpSessions({
    create: (only) => create({ era: 'legacy', only }),
    clock,
    limits: ports.sessionLimits,
  });
  const endpoint = mcpEndpoint({
    sessions: clients,
    createModern: (only) => create({ era: 'modern', only }),
    onerror: (error) => log.debug('a protocol error', { problem: error.name }),
  });
  const remote = remoteServers({
    connections,
    supply,
    network: () => network,
    clock,
    version,
    environment: ports.environment ?? {},
    calls: remoteCalls({ cards, clock, log, redact, onUse }),
    remember: ports.onRemember ?? (() => undefined),
  });
  const endpointOf = ({ owner }: Exchange): Pick<McpEndpoint, 'post' | 'get' | 'delete'> =>
    owner.only !== undefined && connections.serves(owner.only) === 'mcp' ? remote.endpoint : endpoint;
  const listeners = new Set<Listener>();
  const sweep = (): void => {
    sessions.sweep();
    clients.sweep();
    remote.endpoint.sweep();
  };
  const sweeper = setInterval(sweep, SWEEP_EVERY).unref();

  return {
    async listen(where, callerKey) {
      const matches = keyCheck(callerKey);
      const listener = await listen(where, {
        endpointOf,
        log,
        authenticate: (authorization) => (matches(authorization) ? editor : undefined),
        serves: connections.isOffered,
      });
      listeners.add(listener);
      return listener;
    },
    async replaceConnections(next) {
      const before = listFacts(connections);
      const change = connections.replace(next);
      const { retired, ended } = change;
      if (listFacts(connections) !== before) endpoint.toolsChanged();
      remote.changed(change);
      sessions.retire(({ wire }) => retired.includes(wire.id));
      await sessions.end(({ wire }) => ended.includes(wire.id));
    },
    replaceNetwork(next) {
      if (JSON.stringify(next) === JSON.stringify(network)) return;
      network = next;
      sessions.retire(() => true);
      remote.networkChanged();
    },
    signedIn: (identityProvider) => cards.signedIn(identityProvider),
    signedOut(identityProvider) {
      remote.signedOut(identityProvider);
      return sessions.end(({ wire }) => wire.identityProvider === identityProvider);
    },
    whoami: (id) =>
      requestContext.run({ caller: editor }, () => {
        const isServer = connections.serves(id) === 'mcp';
        const ask = isServer
          ? () => remote.test(connections.server(id))
          : () => identityOf(connections.get(id), sessions);
        return tested(id, ask, { log, onUse });
      }),
    diagnose: (id) =>
      requestContext.run({ caller: editor }, async () => {
        const { diagnose } = await import('./diagnosis.ts');
        return diagnose(id, { connections, remote, pool: sessions, guard: ports.guard, network: () => network, onUse });
      }),
    choices: (id, setting) =>
      requestContext.run({ caller: editor }, () => choicesOf(connections.get(id), setting, sessions)),
    toolsReviewed: (id, changes) => {
      if (connections.serves(id) === 'mcp') remote.reviewed(id, changes);
    },
    counts: () => ({
      databaseSessions: sessions.size(),
      mcpSessions: clients.size() + remote.endpoint.size(),
    }),
    sweep,
    async close() {
      clearInterval(sweeper);
      await sessions.end(() => true);
      // What was canceled is told so before its connection goes.
      await setImmediate();
      await Promise.all([endpoint.close(), remote.close()]);
      await Promise.all([...listeners].map((listener) => listener.close()));
    },
  };
}

/** What the list of tools says of the connections. */
const listFacts = (connections: ConnectionTable): string =>
  JSON.stringify([argumentOf(connections, undefined), runsAs(connections, undefined)]);

/** Every credential is known to the redactor before anybody can misplace it. */
function supplyFrom({ resolveCredential, redactor }: GatewayPorts) {
  const known = new WeakSet<Credential>();
  return async (
    { wire }: Configured | ConfiguredServer,
    ...[slot, why]: Parameters<CredentialSupplier>
  ): Promise<Credential> => {
    const credential = await resolveCredential(wire, slot, why);
    if (!known.has(credential)) knowSecrets(redactor, credential.reveal());
    known.add(credential);
    return credential;
  };
}

const userOf = (connection: Configured) => ({
  connection,
  subject: connection.wire.subject ?? '',
  signal: new AbortController().signal,
});

function identityOf(connection: Configured, sessions: Pool): Promise<Identity> {
  return withinLimit(sessions, userOf(connection), (session, ended) => session.whoami(ended));
}

function choicesOf(connection: Configured, setting: string, sessions: Pool): Promise<Offer> {
  const { seconds } = connection.wire.limits;
  return withinLimit(sessions, userOf(connection), async (session, signal) => {
    const offer = await session.choices?.(setting, { signal, seconds, maxRows: MOST_CHOICES });
    return offer ?? { values: [] };
  });
}

/** Names that a list of choices can hold. */
const MOST_CHOICES = 10_000;

/** The outcome of a test is news of the connection, like that of a use. */
async function tested(
  connection: string,
  ask: () => Promise<Identity>,
  { log, onUse }: { readonly log: Log; readonly onUse: (use: Use) => void },
): Promise<Identity> {
  try {
    const identity = await ask();
    onUse({ connection, identity });
    return identity;
  } catch (thrown) {
    const error = asPassportError(thrown);
    if (error.code === 'DP-INTERNAL') log.error('a connection test failed', { connection, ...faultFacts(thrown) });
    onUse({ connection, error });
    throw error;
  }
}
