import type { FarLink } from '../core/diagnosis.ts';
import { PassportError } from '../core/errors.ts';
import type { ConnectionTable } from './connectionTable.ts';
import { type DatabasePorts, diagnoseDatabase } from './diagnosis/database.ts';
import type { RemoteServers } from './remote/remoteServers.ts';
import type { Use } from './toolCalls.ts';

export interface DiagnosisPorts extends DatabasePorts {
  readonly connections: ConnectionTable;
  readonly remote: RemoteServers;
  readonly onUse: (use: Use) => void;
}

/**
 * The links of a connection that only the gateway can see, up to the first broken one. Whoever tests a connection does the same: no
 * statement but a reading one, no try beyond those of the pool.
 * @throws PassportError DP-CONNECTION-UNKNOWN
 */
export async function diagnose(id: string, ports: DiagnosisPorts): Promise<readonly FarLink[]> {
  const { connections, remote, onUse } = ports;
  const ways = {
    sql: () => diagnoseDatabase(connections.get(id), ports),
    mcp: () => remote.diagnose(connections.server(id)),
  };
  const links = await ways[connections.serves(id) ?? 'sql']();
  const error = links.find(({ state }) => state === 'broken')?.error;
  // News of the connection, like those of a use.
  const identity = links.find((link) => link.identity)?.identity;
  onUse({ connection: id, ...(error ? { error: PassportError.from(error) } : { identity }) });
  return links;
}
