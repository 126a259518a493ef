import { randomBytes, randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { activationBytes } from '../../scripts/build.ts';
import { run } from '../../scripts/tools/run.ts';
import { connectors } from '../../src/connectors/index.ts';
import type { WireConnection, WireCredential } from '../../src/core/link.ts';
import { postgresAudience, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from '../lab/postgres/index.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** Limits of a connection unless the user says otherwise. */
const limits = { rows: 200, cellLength: 2000, bytes: 200_000, seconds: 60 };

/** Who the peers log in as: they know passwords only. */
export const peerUser = { name: 'bench', password: randomBytes(12).toString('hex') };

export interface BenchLab {
  /** Absent where it can not run here; `withoutPostgres` says why. */
  readonly postgres: LabPostgres | undefined;
  readonly withoutPostgres: string | undefined;
  readonly warehouse: LabWarehouse;
  /** The bundled entry of the gateway, in a folder of our own: a build beside us would pull it away. */
  readonly gatewayEntry: string;
  readonly vsix: string;
  readonly sizes: { readonly vsix: number; readonly extension: number; readonly gateway: number };
  /** What the gateway is told of the databases that run. */
  connections(seconds?: number): WireConnection[];
  credential(connection: string): Promise<WireCredential>;
  close(): Promise<void>;
}

/** Packs the extension and starts identity provider and databases. Whoever starts it closes it. */
export async function startBenchLab(say: (line: string) => void): Promise<BenchLab> {
  const folder = await mkdtemp(join(tmpdir(), 'dp-bench-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    // In a process of its own, which keeps its chatter and its memory to itself.
    await run(process.execPath, [join(project, 'scripts/package.ts')], { cwd: project });
    await cp(join(project, 'dist'), folder, { recursive: true });
    const size = async (name: string): Promise<number> => (await stat(join(folder, name))).size;
    const idp = await startIdentityProvider();
    closers.push(() => idp.close());
    const { issuer, jwksUri } = idp;
    const warehouse = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience });
    closers.push(() => warehouse.close());
    const withoutPostgres = await canRunPostgres('oauth');
    const postgres =
      withoutPostgres === undefined
        ? await startPostgres({ issuer, jwksUri, audience: postgresAudience, passwordUser: peerUser, say })
        : undefined;
    if (postgres) closers.push(() => postgres.close());
    return {
      postgres,
      withoutPostgres,
      warehouse,
      gatewayEntry: join(folder, 'gateway.mjs'),
      vsix: join(folder, 'data-passport.vsix'),
      sizes: {
        vsix: await size('data-passport.vsix'),
        extension: activationBytes(folder),
        gateway: await size('gateway.mjs'),
      },
      connections: (seconds = limits.seconds) => [
        warehouseConnection(warehouse, seconds),
        ...(postgres ? [postgresConnection(postgres, seconds)] : []),
      ],
      async credential(connection) {
        const audience = connection === 'postgres' ? postgresAudience : warehouseAudience;
        const token = await idp.mintAccessToken({ audience, expiresInSeconds: 3600 });
        const expiresAt = Date.now() + 3_600_000;
        return { id: randomUUID(), fields: { kind: 'bearer', token }, expiresAt, subject: 'alice', audience };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function postgresConnection({ host, port, database }: LabPostgres, seconds: number): WireConnection {
  const settings = { host, port, database, authentication: 'oauthbearer' };
  return wire({ id: 'postgres', type: 'postgres', settings, seconds });
}

function warehouseConnection({ port }: LabWarehouse, seconds: number): WireConnection {
  const settings = {
    account: 'coffee-lab_eu',
    host: '127.0.0.1',
    port,
    protocol: 'http',
    warehouse: 'COMPUTE_WH',
    database: 'LAB',
    schema: 'COFFEE',
    role: 'ANALYST',
  };
  return wire({ id: 'warehouse', type: 'snowflake', settings, seconds });
}

function wire(given: { id: string; type: string; settings: object; seconds: number }): WireConnection {
  const { id, type, settings, seconds } = given;
  const connector = connectors[type];
  if (!connector) throw new Error(`There is no connector ${type}.`);
  return {
    id,
    title: id,
    type,
    identityProvider: 'lab',
    shared: false,
    binding: 'lab',
    settings: connector.settings.parse(settings),
    limits: { ...limits, seconds },
    subject: 'alice',
  };
}
