import type { CredentialSupplier } from '../../connectors/connector.ts';
import type { FarLink } from '../../core/diagnosis.ts';
import { PassportError } from '../../core/errors.ts';
import type { ToolChange, WireConnection } from '../../core/link.ts';
import type { NetworkFacts } from '../../core/network.ts';
import type { Clock } from '../../core/ports.ts';
import type { Identity } from '../../core/result.ts';
import type { ConfiguredServer, ConnectionTable, TableChange } from '../connectionTable.ts';
import { isObject } from '../record.ts';
import type { Channel } from './channel.ts';
import { plainText } from './plainText.ts';
import type { RemoteCalls } from './remoteCalls.ts';
import { type RemoteConnection, remoteConnection } from './remoteConnection.ts';
import { type RemoteEndpoint, remoteEndpoint } from './remoteEndpoint.ts';

export interface RemoteServersPorts {
  readonly connections: ConnectionTable;
  readonly supply: (
    connection: ConfiguredServer,
    ...why: Parameters<CredentialSupplier>
  ) => ReturnType<CredentialSupplier>;
  readonly network: () => NetworkFacts;
  readonly clock: Clock;
  readonly version: string;
  /** Variables for programs of the user. */
  readonly environment: Readonly<Record<string, string>>;
  readonly calls: RemoteCalls;
  readonly remember: (wire: WireConnection, facts: string, withheld: readonly ToolChange[]) => void;
}

/** The remote MCP servers of this gateway, each as the user of the moment. */
export interface RemoteServers {
  readonly endpoint: RemoteEndpoint;
  /** Ends what belongs to changed or removed connections, or to another user. */
  changed(change: TableChange): void;
  /** Ends what runs as this provider's user. */
  signedOut(identityProvider: string): void;
  networkChanged(): void;
  reviewed(connection: string, changes: readonly ToolChange[]): void;
  /** Begins a conversation and lists the tools, to see that it works. @throws PassportError */
  test(connection: ConfiguredServer): Promise<Identity>;
  /** The same step by step, up to the first one that fails. */
  diagnose(connection: ConfiguredServer): Promise<readonly FarLink[]>;
  close(): Promise<void>;
}

/** Seconds for a test. */
const TEST = 60;

export function remoteServers(ports: RemoteServersPorts): RemoteServers {
  const { connections, supply, network, clock, version, environment, calls, remember } = ports;
  const open = new Map<string, RemoteConnection>();
  /** What was learned since the extension last told what it remembers. */
  const learned = new Map<string, string>();

  function remote(id: string): RemoteConnection {
    const known = open.get(id);
    if (known) return known;
    const configured = connections.server(id);
    const { wire } = configured;
    const key = JSON.stringify([id, wire.subject]);
    const made = remoteConnection(
      { ...configured, wire: { ...wire, remembered: learned.get(key) ?? wire.remembered } },
      {
        supply: (slot, why) => supply(configured, slot, why),
        network: network(),
        clock,
        version,
        environment,
        remember(facts, withheld) {
          learned.set(key, facts);
          remember(wire, facts, withheld);
        },
      },
    );
    open.set(id, made);
    return made;
  }

  /** @returns the ids of those that ended */
  function end(which: (connection: RemoteConnection) => boolean): readonly string[] {
    const gone = [...open].filter(([, connection]) => which(connection));
    for (const [id, connection] of gone) {
      open.delete(id);
      connection.end(new PassportError('DP-MCP-CANCELED', { connection: id }));
    }
    return gone.map(([id]) => id);
  }

  const endpoint = remoteEndpoint({ remote, calls, clock });
  return {
    endpoint,
    changed({ retired, ended }) {
      const others = new Set([...retired, ...ended]);
      // What the extension told just now holds all of it.
      learned.clear();
      end(({ configured }) => others.has(configured.wire.id));
      // Clients that began before anybody was signed in hold a list that is no longer right.
      for (const id of others) {
        if (connections.serves(id) === 'mcp') endpoint.changed(id);
        else endpoint.removed(id);
      }
    },
    signedOut(identityProvider) {
      for (const id of end(({ configured }) => configured.wire.identityProvider === identityProvider))
        endpoint.changed(id);
    },
    networkChanged() {
      for (const id of end(() => true)) endpoint.changed(id);
    },
    reviewed(id, changes) {
      if (remote(id).reviewed(changes)) endpoint.changed(id);
    },
    async test({ wire, role }) {
      const of = remote(wire.id);
      const signal = AbortSignal.any([of.life, AbortSignal.timeout(TEST * 1000)]);
      let channel: Channel | undefined;
      try {
        const clientInfo = { name: 'data-passport', version };
        const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
        const begin = { jsonrpc: '2.0', id: 'dp-test', method: 'initialize', params } as const;
        channel = await of.open(begin, signal);
        await channel.tell({ jsonrpc: '2.0', method: 'notifications/initialized' }, signal).catch(() => undefined);
        const list = { jsonrpc: '2.0', id: 'dp-tools', method: 'tools/list', params: {} } as const;
        const { message } = await channel.request({ message: list, signal, hear: () => undefined });
        const tools = isObject(message.result) ? message.result['tools'] : undefined;
        if (!Array.isArray(tools))
          throw new PassportError('DP-MCP-ANSWER', { ...of.params, problem: 'it lists no tools' });
        return { user: wire.account ?? '', role, details: { ...said(channel), tools: String(tools.length) } };
      } catch (error) {
        if (signal.aborted && !of.life.aborted)
          throw new PassportError('DP-MCP-TIMEOUT', { connection: wire.id, seconds: String(TEST) });
        throw error;
      } finally {
        await channel?.close();
      }
    },
    async diagnose({ wire }) {
      const { diagnoseRemote } = await import('./remoteDiagnosis.ts');
      return diagnoseRemote(remote(wire.id), { version, network: network() });
    },
    async close() {
      await endpoint.close();
      end(() => true);
    },
  };
}

/** What a server says of itself, for whoever tests it. */
function said({ initialized }: Channel): Readonly<Record<string, string | null>> {
  const info = initialized?.['serverInfo'];
  const revision = initialized?.['protocolVersion'];
  return {
    server: isObject(info) && typeof info['name'] === 'string' ? plainText(info['name']).slice(0, 100) : null,
    protocolVersion: typeof revision === 'string' ? revision.slice(0, 20) : null,
  };
}
