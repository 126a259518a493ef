import { arch, availableParallelism, cpus, platform, release } from 'node:os';

import type { ActivationFigures } from './activation.ts';
import { type CancelFigures, PATIENCE } from './cancel.ts';
import type { CredentialFigures } from './credentials.ts';
import { fine, kilobytes, ranged, ratio, signed, signedWhole, table, whole } from './markdown.ts';
import type { MemoryFigures } from './memory.ts';
import type { LoadedMemory, QueryFigures } from './query.ts';
import { type RemoteFigures, remoteAims, remoteSection } from './remote/report.ts';
import type { GridFigures } from './results.ts';
import type { StartFigures } from './start.ts';

/** Everything that one run has measured; what could not be measured is absent and said in `remarks`. */
export interface Results {
  readonly mode: 'quick' | 'full';
  readonly load: readonly number[];
  readonly versions: { readonly editor: string };
  readonly sizes: { readonly vsix: number; readonly extension: number; readonly gateway: number };
  readonly rounds: {
    readonly count: number;
    readonly milliseconds: number;
    readonly starts: number;
    readonly editors: number;
  };
  readonly starts: readonly StartFigures[];
  readonly queries: readonly QueryFigures[];
  readonly loaded: readonly LoadedMemory[];
  readonly memory: readonly MemoryFigures[];
  readonly cancel: readonly CancelFigures[];
  readonly credentials: CredentialFigures;
  readonly remote: RemoteFigures;
  readonly grid: readonly GridFigures[];
  readonly activation: readonly ActivationFigures[];
  readonly remarks: readonly string[];
}

const ours = 'Data Passport';

/** The page docs/benchmarks.md. */
export function page(results: Results): string {
  return [
    '# Benchmarks',
    [
      `Written by \`npm run bench\`${results.mode === 'quick' ? ' -- --quick' : ''} on ${new Date().toISOString().slice(0, 10)}: ${machine()}.`,
      `Load average before and after: ${results.load.map((each) => each.toFixed(1)).join(', ')}.`,
      'All servers of a table were measured in the same run, in turn, against the same databases on the same machine: compare ratios, absolute figures say little.',
    ].join('\n'),
    ...results.remarks.map((remark) => `> ${remark}`),
    ...aims(results),
    ...activationSection(results),
    ...startSection(results),
    ...querySections(results),
    ...memorySection(results),
    ...cancelSection(results),
    ...credentialSection(results),
    ...remoteSection(results.remote, results.rounds),
    ...gridSection(results.grid),
  ].join('\n\n');
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} cores (${model}), ${platform()} ${release()} ${arch()}, Node ${process.versions.node}`;
}

function aims({ activation, sizes, starts, queries, credentials, remote }: Results): string[] {
  const mine = activation.find(({ name }) => name.startsWith('data-passport'));
  const started = starts.find(({ name }) => name === ours);
  const rows: string[][] = [
    ['activation in VS Code', 'under 50 ms', mine ? `${whole(mine.total.median)} ms` : '–'],
    ['loaded for it', 'under 300 KB', `${kilobytes(sizes.extension)} KB`],
    ['gateway start to the first `tools/list`', '300 ms', started ? `${whole(started.ready.median)} ms` : '–'],
  ];
  for (const database of ['PostgreSQL', 'Snowflake stand-in']) {
    const of = (name: string): number | undefined =>
      queries.find((each) => each.database === database && each.callers === 1 && each.name.startsWith(name))?.p50
        .median;
    const gateway = of(`${ours}, socket`);
    const bare = of('bare driver');
    const added = gateway === undefined || bare === undefined ? '–' : `${fine(gateway - bare)} ms`;
    rows.push([`added to the driver's p50, one caller, ${database}`, 'at most 2 ms', added]);
  }
  for (const [way, aim] of [
    ['in the process', 'under 20 µs'],
    ['over IPC', 'under 300 µs'],
  ] as const) {
    const cost = credentials.warm.find((each) => each.way === way && each.name === ours)?.microseconds.median;
    rows.push([`credential on the warm path, ${way}`, aim, cost === undefined ? '–' : `${fine(cost)} µs`]);
  }
  rows.push(...remoteAims(remote));
  return ['## The aims', table(['what', 'aim', 'measured'], rows)];
}

function activationSection({ activation, sizes, versions, rounds: { editors } }: Results): string[] {
  if (activation.length === 0) return [];
  const mine = activation.find(({ name }) => name.startsWith('data-passport'));
  const rows = activation.map(({ name, load, call, finish, total, bytes }) => [
    name,
    ranged(load, whole),
    ranged(call, whole),
    ranged(finish, whole),
    ranged(total, whole),
    mine ? ratio(total.median, mine.total.median) : '',
    kilobytes(bytes),
  ]);
  return [
    '## In the editor',
    `What ${versions.editor} itself says on its Startup Performance page, in milliseconds: median of ${editors} fresh editors (best – worst). The two other rows are the editor's own account extensions in the same window. The package has ${kilobytes(sizes.vsix)} KB; activation loads one file, and the gateway (${kilobytes(sizes.gateway)} KB and a file a driver) runs in a process of its own.`,
    table(['extension', 'load code', 'call activate', 'finish activate', 'sum', 'to ours', 'main file, KB'], rows),
  ];
}

function startSection({ starts, loaded, rounds }: Results): string[] {
  if (starts.length === 0) return [];
  const mine = starts.find(({ name }) => name === ours);
  const rows = starts.map(({ name, ready, toolsListBytes, idle }) => {
    const after = loaded.find((each) => each.name === name)?.usage;
    return [
      name,
      ranged(ready, whole),
      mine ? ratio(ready.median, mine.ready.median) : '',
      String(toolsListBytes),
      idle ? `${whole(idle.rss)} / ${whole(idle.pss)}` : '–',
      after ? `${whole(after.rss)} / ${whole(after.pss)}` : '–',
    ];
  });
  return [
    '## Start and memory',
    `From the start of the process to the answer to \`tools/list\`, median of ${rounds.starts} (best – worst). Memory of the server and all processes below it, RSS / PSS, two seconds after its start and after the load of the next tables.`,
    table(['server', 'ready, ms', 'to ours', '`tools/list`, bytes', 'idle, MB', 'after load, MB'], rows),
  ];
}

function querySections({ queries, rounds }: Results): string[] {
  const sections: string[] = [];
  for (const database of ['PostgreSQL', 'Snowflake stand-in'] as const) {
    for (const callers of [1, 16]) {
      const cells = queries.filter((each) => each.database === database && each.callers === callers);
      if (cells.length === 0) continue;
      const reference = cells.find(({ name }) => name.startsWith('bare driver'));
      const rows = cells.map(({ name, client, perSecond, p50, p99, processor }) => {
        const like = cells.findLast((each) => each.name.startsWith(ours) && each.client === client);
        return [
          name,
          client,
          ranged(perSecond, whole),
          ranged(p50, fine),
          ranged(p99, fine),
          reference ? signed(p50.median - reference.p50.median) : '',
          like ? ratio(perSecond.median, like.perSecond.median) : '',
          processor ? fine(processor.median) : '',
        ];
      });
      sections.push(
        `## \`select 1\` on ${database}, ${callers === 1 ? 'one caller' : `${callers} callers`}`,
        table(
          [
            'target',
            'client',
            'calls/s',
            'p50, ms',
            'p99, ms',
            'p50 over the driver, ms',
            'calls/s to ours',
            'CPU ms/call',
          ],
          rows,
        ),
      );
    }
  }
  if (sections.length === 0) return [];
  return [
    `Tables of calls: closed loop after a warm-up, ${rounds.count} rounds of ${rounds.milliseconds / 1000} s a cell, targets in turn; median of the rounds (lowest – highest). All load comes from one other process. \`raw\` is a bare HTTP client, \`SDK\` the client of @modelcontextprotocol/sdk 1.32.2. The bare driver and our connector alone run inside the load process, with as many database sessions as the gateway opens (up to four). Data Passport and the connector run each statement in a read-only transaction with a time limit behind a cursor; the others send it as it is. "calls/s to ours" compares with Data Passport on a TCP port under the same client.`,
    ...sections,
  ];
}

function memorySection({ memory }: Results): string[] {
  if (memory.length === 0) return [];
  const rows = memory.map(({ connection, calls, rss }) => [
    connection,
    String(calls),
    ...rss.map(whole),
    signedWhole((rss.at(-1) ?? Number.NaN) - (rss[0] ?? Number.NaN)),
  ]);
  return [
    '## Memory over many calls',
    'RSS of a fresh gateway in MB, after 4,000 calls of `select 1` by eight callers and after each quarter of the calls that follow.',
    table(['connection', 'calls', 'before', '¼', '½', '¾', 'after', 'growth'], rows),
  ];
}

function cancelSection({ cancel }: Results): string[] {
  if (cancel.length === 0) return [];
  const rows = cancel.map(({ database, name, way, gone }) => [
    database,
    name,
    way,
    gone ? ranged(gone, whole) : `still runs after ${PATIENCE / 1000} s`,
  ]);
  return [
    '## Until a canceled statement is gone from the database',
    'Milliseconds from the event until the statement no longer runs, as the database itself says (polled every 3 ms): median (best – worst).',
    table(['database', 'server', 'way', 'gone after, ms'], rows),
  ];
}

function credentialSection({ credentials: { warm, expiry } }: Results): string[] {
  const rows = warm.map(({ way, name, microseconds }) => {
    const mine = warm.find((each) => each.way === way && each.name === ours);
    return [way, name, ranged(microseconds, fine), mine ? ratio(microseconds.median, mine.microseconds.median) : ''];
  });
  const crowd = expiry && [
    `${expiry.connections} connections of ${expiry.signIns} sign-ins whose tokens end in the same second: ${expiry.grants} grants at the identity provider, every connection served after ${whole(expiry.all)} ms, the event loop held up for ${whole(expiry.stall)} ms at most (identity provider in the same process).`,
  ];
  return rows.length === 0
    ? []
    : [
        '## Credentials',
        'What a credential costs while the one at hand is good, in microseconds a call, one after the other. The peers: the access token that a client of google-auth-library holds, and a message that comes back over the same channel between processes with nothing behind it.',
        table(['way', 'who', 'µs a call', 'to ours'], rows),
        ...(crowd ?? []),
      ];
}

function gridSection(grid: readonly GridFigures[]): string[] {
  const [ours, plain] = grid;
  if (!ours || !plain) return [];
  const rows = grid.map(({ name, first, median, worst, elements }) => [
    name,
    ranged(first, whole),
    ranged(median, fine),
    ranged(worst, fine),
    String(elements),
    ratio(first.median, ours.first.median),
    ratio(median.median, ours.median.median),
    ratio(worst.median, ours.worst.median),
  ]);
  return [
    '## Ten thousand rows in the results page',
    'The page of the `query` tool and a plain HTML `<table>` of the same 10,000 rows of 20 columns, in the same browser, in a frame of the same size that gets the rows by the same message. First row: from the message to the frame after which it is painted. Frames: as fast as the browser makes them (no wait for a screen), scrolled by five rows each; median and worst of 240. Milliseconds, median of the rounds (best – worst).',
    table(
      [
        'what',
        'first row',
        'median frame',
        'worst frame',
        'elements',
        'first row to ours',
        'median to ours',
        'worst to ours',
      ],
      rows,
    ),
  ];
}
