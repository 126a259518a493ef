import { fine, ranged, ratio, signed, table, whole } from '../markdown.ts';
import type { RelayFigures, RelayName, Scenario } from './calls.ts';
import { ECHOES, type RelayStartFigures, TABLES, TOGETHER } from './start.ts';

export interface RemoteFigures {
  readonly relays: readonly RelayFigures[];
  readonly starts: readonly RelayStartFigures[];
}

const ours: RelayName = 'Data Passport';
const peer: RelayName = 'mcp-remote 0.15.1';
const bare: RelayName = 'bare Node proxy';
const none: RelayName = 'none (direct)';

const titles: Readonly<Record<Scenario, string>> = {
  echo: 'A small answer, one caller',
  'echo, 16 callers': 'A small answer, 16 callers',
  rows: 'An answer of 1.2 MB, one caller',
  'rows as events': 'An answer of 1.2 MB as an event stream, one caller',
  stream: 'A streamed answer, one caller: its first word at once, the answer 300 ms later',
};

/** Rows of the table of aims: what, aim, measured. */
export function remoteAims({ relays }: RemoteFigures): string[][] {
  const added = (name: RelayName, to: RelayName): number | undefined => {
    const of = (which: RelayName): number | undefined => find(relays, 'echo', which)?.p50.median;
    const [one, other] = [of(name), of(to)];
    return one === undefined || other === undefined ? undefined : one - other;
  };
  const written = (value: number | undefined): string => (value === undefined ? '–' : `${fine(value)} ms`);
  return [
    [
      "added to a remote MCP server's p50, one caller",
      `at most mcp-remote's (${written(added(peer, none))})`,
      written(added(ours, none)),
    ],
    ['the same over a bare Node proxy', 'goal 0.15 ms', written(added(ours, bare))],
  ];
}

export function remoteSection(
  { relays, starts }: RemoteFigures,
  rounds: { readonly count: number; readonly milliseconds: number; readonly starts: number },
): string[] {
  if (relays.length === 0) return [];
  return [
    '## Remote MCP servers',
    `\`tools/call\` of a remote server that does next to nothing, in a process of its own, directly and through what puts a token on: the gateway (by default, and with the setting \`trusted\`; its limit of bytes raised, so that nothing is cut), mcp-remote with a fixed header, and a proxy of a dozen lines. Same clients, targets in turn, ${rounds.count} rounds of ${rounds.milliseconds / 1000} s a cell (of the streamed answer 8 calls), median of the rounds (lowest – highest). mcp-remote is spoken to over its standard input and output, all others over TCP. "added" is the p50 less that of the direct call with the same client.`,
    ...Object.keys(titles).flatMap((scenario) => callTable(relays, scenario as Scenario)),
    '### Start and memory of a relay',
    `From the start of the process to the remote server's tools, median of ${rounds.starts} (best – worst). Memory two seconds after that, and after ${ECHOES} small and ${TABLES} answers of 1.2 MB, ${TOGETHER} at a time, RSS / PSS. mcp-remote is one process for each server and client, the gateway one for all.`,
    startTable(starts),
  ];
}

function find(relays: readonly RelayFigures[], scenario: Scenario, name: RelayName): RelayFigures | undefined {
  return relays.find((each) => each.scenario === scenario && each.name === name && each.client === 'SDK');
}

function callTable(relays: readonly RelayFigures[], scenario: Scenario): string[] {
  const cells = relays.filter((each) => each.scenario === scenario);
  const isStreamed = scenario === 'stream';
  const headings = ['relay', 'client', 'calls/s', 'p50, ms', 'p99, ms', 'added, ms', 'added, to ours', 'CPU ms/call'];
  const rows = cells.map((cell) => {
    const { name, client, perSecond, p50, p99, first, processor } = cell;
    const like = (which: RelayName): RelayFigures | undefined =>
      cells.find((each) => each.name === which && each.client === client);
    const reference = like(none)?.p50.median ?? Number.NaN;
    const [added, mine] = [p50.median - reference, (like(ours)?.p50.median ?? Number.NaN) - reference];
    // Of what is within the noise there is no ratio.
    const comparable = !isStreamed && name !== none && Math.min(added, mine) > 0.02;
    const columns = [
      name,
      client,
      ranged(perSecond, isStreamed ? fine : whole),
      ranged(p50, fine),
      ranged(p99, fine),
      name === none ? '' : signed(added),
      comparable ? ratio(added, mine) : '',
      processor ? fine(processor.median) : '',
    ];
    return first ? columns.concat(ranged(first, fine)) : columns;
  });
  return [`### ${titles[scenario]}`, table([...headings, ...(isStreamed ? ['first word p50, ms'] : [])], rows)];
}

function startTable(starts: readonly RelayStartFigures[]): string {
  const mine = starts.find(({ name }) => name === ours);
  const rows = starts.map(({ name, ready, idle, loaded }) => [
    name,
    ranged(ready, whole),
    mine ? ratio(ready.median, mine.ready.median) : '',
    ...[idle, loaded].map((used) => (used ? `${whole(used.rss)} / ${whole(used.pss)}` : '–')),
  ]);
  return table(['relay', 'ready, ms', 'to ours', 'idle, MB', 'after load, MB'], rows);
}
