import { startGateway } from '../gateway.ts';
import type { Loader, Target, Until } from '../loader.ts';
import type { McpPlace, ToolCall } from '../mcp.ts';
import { type Cell, type CellFigures, inRounds, type RoundOptions } from '../rounds.ts';
import { table } from './answers.ts';
import type { RemoteGround } from './ground.ts';

/** What is asked of the remote server. */
export const scenarios = ['echo', 'echo, 16 callers', 'rows', 'rows as events', 'stream'] as const;
export type Scenario = (typeof scenarios)[number];

export interface RelayFigures extends CellFigures {
  readonly scenario: Scenario;
  readonly name: RelayName;
  readonly client: 'SDK' | 'raw';
}

export type RelayName =
  | 'none (direct)'
  | 'bare Node proxy'
  | 'mcp-remote 0.15.1'
  | 'Data Passport'
  | 'Data Passport, trusted';

interface Kind {
  readonly callers: number;
  readonly call: ToolCall;
  readonly until?: Until;
  /** Whether the bare client asks as well, which leaves the time of the SDK's client out. */
  readonly raw: boolean;
}

const echo = { callers: 1, call: { name: 'echo', arguments: { text: 'one word after another' } }, raw: true };
const rows = { name: 'rows', arguments: {}, length: table.length };
const kinds: Readonly<Record<Scenario, Kind>> = {
  echo,
  'echo, 16 callers': { ...echo, callers: 16 },
  rows: { callers: 1, call: rows, raw: false },
  'rows as events': { callers: 1, call: { ...rows, arguments: { events: true } }, raw: false },
  stream: { callers: 1, call: { name: 'stream', arguments: {}, isStreamed: true }, until: { calls: 8 }, raw: false },
};

type Named = Pick<RelayFigures, 'scenario' | 'name' | 'client'>;

/** Every way to the remote server under every kind of load, round after round. */
export async function measureRelays(
  parts: { readonly ground: RemoteGround; readonly gatewayEntry: string; readonly loader: Loader },
  options: RoundOptions,
): Promise<RelayFigures[]> {
  const { ground, gatewayEntry: entry, loader } = parts;
  const { upstream, bareProxy, mcpRemote, connections, credential } = ground;
  const gateway = await startGateway({ entry, over: 'tcp', connections, credential });
  try {
    const behind = (connection: string): McpPlace => ({ ...placeOf(gateway), path: `/mcp/${connection}` });
    const places: readonly (readonly [RelayName, McpPlace, number?])[] = [
      ['none (direct)', placeOf(upstream)],
      ['bare Node proxy', placeOf(bareProxy), bareProxy.pid],
      ['Data Passport', behind('guarded'), gateway.pid],
      ['Data Passport, trusted', behind('trusted'), gateway.pid],
    ];
    const cells: (Cell & Named)[] = [];
    for (const scenario of scenarios) {
      const { call, raw, ...rest } = kinds[scenario];
      const add = (
        name: RelayName,
        client: Named['client'],
        more: { target: Target; pid?: number | undefined },
      ): void => void cells.push({ ...rest, ...more, scenario, name, client, key: `${scenario} ${name} ${client}` });
      for (const [name, place, pid] of places) {
        add(name, 'SDK', { target: { kind: 'sdk', place, call }, pid });
        if (raw) add(name, 'raw', { target: { kind: 'raw', place, call }, pid });
      }
      if (mcpRemote) add('mcp-remote 0.15.1', 'SDK', { target: { kind: 'program', call, ...mcpRemote } });
    }
    const figures = await inRounds(cells, loader, options);
    return cells.flatMap(({ scenario, name, client }, index) => {
      const found = figures[index];
      return found ? [{ scenario, name, client, ...found }] : [];
    });
  } finally {
    await gateway.close();
  }
}

/** What can cross to the load process. */
function placeOf({ address, path, headers }: McpPlace): McpPlace {
  return { address, path, headers };
}
