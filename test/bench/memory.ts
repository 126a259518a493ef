import { startGateway } from './gateway.ts';
import type { BenchLab } from './lab.ts';
import type { Loader } from './loader.ts';
import { usage } from './processes.ts';

export interface MemoryFigures {
  readonly connection: string;
  readonly calls: number;
  /** Megabytes resident after the warm-up and after each quarter of the calls. */
  readonly rss: readonly number[];
}

/** Many calls through one gateway: does it keep something of each? */
export async function measureMemory(
  { lab, loader }: { lab: BenchLab; loader: Loader },
  connection: string,
  calls: number,
): Promise<MemoryFigures | undefined> {
  const { gatewayEntry: entry, credential } = lab;
  const gateway = await startGateway({ entry, over: 'socket', connections: lab.connections(), credential });
  const name = `memory of ${connection}`;
  try {
    if (!usage(gateway.pid)) return undefined;
    const { address, path, headers } = gateway;
    const call = { name: 'query', arguments: { connection, sql: 'select 1' } };
    await loader.open(name, 8, { kind: 'raw', place: { address, path, headers }, call });
    await loader.run(name, 8, { calls: 4000 });
    const rss = [usage(gateway.pid)?.rss ?? Number.NaN];
    for (let quarter = 0; quarter < 4; quarter += 1) {
      await loader.run(name, 8, { calls: calls / 4 });
      rss.push(usage(gateway.pid)?.rss ?? Number.NaN);
    }
    await loader.close(name, 8);
    return { connection, calls, rss };
  } finally {
    await gateway.close();
  }
}
