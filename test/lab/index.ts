import {
  type IdentityProviderOptions,
  labClientId,
  type LabIdentityProvider,
  postgresAudience,
  startIdentityProvider,
  warehouseAudience,
} from './identityProvider.ts';
import { canRunPostgres, type LabPostgres, startPostgres } from './postgres/index.ts';
import { type LabWarehouse, startWarehouse } from './warehouse.ts';

/** Everything that Data Passport needs to show its whole job on one machine. */
export interface Lab {
  readonly idp: LabIdentityProvider;
  readonly warehouse: LabWarehouse;
  /** Absent where it can not run here; `withoutPostgres` says why. */
  readonly postgres: LabPostgres | undefined;
  readonly withoutPostgres: string | undefined;
  /** User settings for an editor that uses it all. */
  readonly settings: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

export interface LabOptions {
  /** Life of an access token; default 600. */
  readonly accessTokenSeconds?: number;
  /** How the identity provider behaves. */
  readonly provider?: Omit<IdentityProviderOptions, 'accessTokenSeconds'>;
  /** One more user of PostgreSQL, who logs in by password. */
  readonly passwordUser?: { readonly name: string; readonly password: string };
  readonly say?: (line: string) => void;
}

/** Starts the identity provider, the warehouse and, where it can run, PostgreSQL. Whoever starts it closes it. */
export async function startLab({ accessTokenSeconds, provider, passwordUser, say }: LabOptions = {}): Promise<Lab> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).toReversed()) await end();
  };
  try {
    const idp = await startIdentityProvider({
      ...provider,
      ...(accessTokenSeconds !== undefined && { accessTokenSeconds }),
    });
    closers.push(() => idp.close());
    const { issuer, jwksUri } = idp;
    const warehouse = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience });
    closers.push(() => warehouse.close());
    const withoutPostgres = await canRunPostgres('oauth');
    const postgres =
      withoutPostgres === undefined
        ? await startPostgres({
            issuer,
            jwksUri,
            audience: postgresAudience,
            ...(passwordUser && { passwordUser }),
            ...(say && { say }),
          })
        : undefined;
    if (postgres) closers.push(() => postgres.close());
    return { idp, warehouse, postgres, withoutPostgres, settings: labSettings(idp, warehouse, postgres), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function labSettings(
  idp: LabIdentityProvider,
  warehouse: LabWarehouse,
  postgres: LabPostgres | undefined,
): Record<string, unknown> {
  return {
    'dataPassport.identityProviders': {
      // Browser and server are on one machine here, which an editor in a browser can not know.
      lab: { title: 'Lab Identity Provider', issuer: idp.issuer, clientId: labClientId, flow: 'loopback' },
    },
    'dataPassport.connections': {
      warehouse: {
        title: 'Coffee Warehouse',
        agents: true,
        type: 'snowflake',
        account: 'coffee-lab_eu',
        host: '127.0.0.1',
        port: warehouse.port,
        protocol: 'http',
        warehouse: 'COMPUTE_WH',
        database: 'LAB',
        schema: 'COFFEE',
        role: 'ANALYST',
        token: { audience: warehouseAudience },
      },
      ...(postgres && {
        postgres: {
          title: 'Coffee PostgreSQL',
          agents: true,
          type: 'postgres',
          host: postgres.host,
          port: postgres.port,
          database: postgres.database,
          authentication: 'oauthbearer',
          token: { audience: postgresAudience },
        },
      }),
    },
  };
}
