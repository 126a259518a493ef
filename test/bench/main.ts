import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { ensureCodeServer } from '../../scripts/tools/codeServer.ts';
import { run } from '../../scripts/tools/run.ts';
import { measureActivation } from './activation.ts';
import { measureCancel } from './cancel.ts';
import { measureCredentials } from './credentials.ts';
import { type BenchLab, startBenchLab } from './lab.ts';
import { type Loader, startLoader } from './loader.ts';
import { measureMemory, type MemoryFigures } from './memory.ts';
import { bringPeers } from './peers.ts';
import { measureQueries } from './query.ts';
import { measureRelays } from './remote/calls.ts';
import { startRemoteGround } from './remote/ground.ts';
import type { RemoteFigures } from './remote/report.ts';
import { measureRelayStarts } from './remote/start.ts';
import { page, type Results } from './report.ts';
import { measureResults } from './results.ts';
import type { RoundOptions } from './rounds.ts';
import { measureStarts } from './start.ts';

const help = `npm run bench [-- options]
  --quick            a look in a minute or two; the page in docs is left as it is
  --long             50,000 instead of 20,000 calls for the memory
  --only <sections>  some of: activation,starts,queries,memory,cancel,credentials,remote,results
`;
const sections = ['starts', 'queries', 'memory', 'cancel', 'credentials', 'remote', 'results', 'activation'] as const;
type Section = (typeof sections)[number];

const full = { starts: 10, rounds: 5, milliseconds: 1500, memoryCalls: 20_000, cancels: 5, editors: 4 };
const quick = { starts: 3, rounds: 1, milliseconds: 700, memoryCalls: 4000, cancels: 1, editors: 1 };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    only: { type: 'string', default: sections.join(',') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await bench();

async function bench(): Promise<void> {
  const say = (line: string): void => console.error(`> ${line}`);
  const amounts = values.quick ? quick : { ...full, ...(values.long && { memoryCalls: 50_000 }) };
  const wanted = new Set(values.only.split(','));
  const remarks: string[] = [];
  const remark = (line: string): void => {
    remarks.push(line);
    say(line);
  };
  const [before = Number.NaN] = loadavg();
  const { servers: peers, mcpRemote } = await bringPeers(say, remark);
  say('packing the extension, starting identity provider and databases');
  const lab = await startBenchLab(say);
  if (lab.withoutPostgres !== undefined) remark(`Without PostgreSQL and its peers: ${lab.withoutPostgres}`);
  const loader = startLoader();

  /** A section that fails costs its tables and not the others'. */
  async function section<T>(name: Section, measure: () => Promise<T>, otherwise: T): Promise<T> {
    if (!wanted.has(name)) return otherwise;
    const started = performance.now();
    try {
      return await measure();
    } catch (error) {
      process.exitCode = 1;
      console.error(error);
      remark(`Without the section "${name}": it could not be measured in this run.`);
      return otherwise;
    } finally {
      say(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  }

  try {
    const starts = await section('starts', () => measureStarts(lab, peers, amounts.starts), []);
    const queries = await section('queries', () => measureQueries({ lab, peers, loader }, amounts), {
      figures: [],
      memory: [],
    });
    const memory = await section('memory', () => memories({ lab, loader }, amounts.memoryCalls), []);
    const cancel = await section('cancel', () => measureCancel(lab, peers, amounts.cancels), []);
    const credentials = await section('credentials', () => measureCredentials(amounts.rounds), {
      warm: [],
      expiry: undefined,
    });
    const remote = await section('remote', () => measureRemote({ lab, loader }, mcpRemote, amounts), {
      relays: [],
      starts: [],
    });
    const grid = await section('results', () => measureResults(amounts.rounds), []);
    const { vsix, sizes } = lab;
    const activation = await section(
      'activation',
      () => measureActivation({ vsix, extensionBytes: sizes.extension }, amounts.editors),
      [],
    );
    const results: Results = {
      mode: values.quick ? 'quick' : 'full',
      load: [before, loadavg()[0] ?? Number.NaN],
      versions: { editor: activation.length > 0 ? await editorVersion() : '' },
      sizes,
      rounds: {
        count: amounts.rounds,
        milliseconds: amounts.milliseconds,
        starts: amounts.starts,
        editors: amounts.editors,
      },
      starts,
      queries: queries.figures,
      loaded: queries.memory,
      memory,
      cancel,
      credentials,
      remote,
      grid,
      activation,
      remarks,
    };
    await publish(page(results));
  } finally {
    await loader.end();
    await lab.close();
  }
}

async function editorVersion(): Promise<string> {
  const { root } = await ensureCodeServer();
  const product = JSON.parse(await readFile(`${root}/product.json`, 'utf8')) as { version?: string };
  return `VS Code ${product.version ?? ''} (code-server)`;
}

async function memories(parts: { lab: BenchLab; loader: Loader }, calls: number): Promise<MemoryFigures[]> {
  const figures: MemoryFigures[] = [];
  for (const { id } of parts.lab.connections()) {
    const measured = await measureMemory(parts, id, calls);
    if (measured) figures.push(measured);
  }
  return figures;
}

async function measureRemote(
  { lab: { gatewayEntry }, loader }: { lab: BenchLab; loader: Loader },
  mcpRemote: string | undefined,
  amounts: RoundOptions & { readonly starts: number },
): Promise<RemoteFigures> {
  const ground = await startRemoteGround(mcpRemote);
  try {
    return {
      starts: await measureRelayStarts({ ground, gatewayEntry }, amounts.starts),
      relays: await measureRelays({ ground, gatewayEntry, loader }, amounts),
    };
  } finally {
    await ground.close();
  }
}

/** Only a full run of everything replaces the page that the repository keeps. */
async function publish(text: string): Promise<void> {
  console.log(text);
  if (values.quick || values.only !== sections.join(',')) return;
  const kept = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  await writeFile(kept, `${text}\n`);
  // The check of the repository's form covers this page too.
  await run(fileURLToPath(new URL('../../node_modules/.bin/oxfmt', import.meta.url)), [kept]);
}
