import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { DatabaseConnector, DatabaseSession } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { credential } from '../../src/core/credential.ts';
import { contextWith, failureOf, queryOptions, read } from '../connectors/sessionContext.ts';
import {
  type AccessTokenWish,
  type LabIdentityProvider,
  startIdentityProvider,
  warehouseAudience,
} from '../lab/identityProvider.ts';
import { splitStatements } from '../lab/snowflake/lexer.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { administer } from './administrator.ts';
import { filled, textOf } from './filled.ts';
import { decodedClaims, type Sample } from './samples.ts';

const snowflake = connectors['snowflake'] as DatabaseConnector;

const own = {
  account: 'coffee-lab_eu',
  host: '127.0.0.1',
  protocol: 'http',
  warehouse: 'COMPUTE_WH',
  database: 'LAB',
  schema: 'COFFEE',
  role: 'ANALYST',
};

interface Lab {
  readonly provider: LabIdentityProvider;
  readonly warehouse: LabWarehouse;
}

describe('The set-up text of External OAuth, run at Snowflake', () => {
  async function withProvider(work: (provider: LabIdentityProvider) => Promise<void>): Promise<void> {
    const provider = await startIdentityProvider();
    try {
      await work(provider);
    } finally {
      await provider.close();
    }
  }

  async function withWarehouse(provider: LabIdentityProvider, work: (lab: Lab) => Promise<void>): Promise<void> {
    const { issuer, jwksUri } = provider;
    const warehouse = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience, unconfigured: true });
    try {
      await work({ provider, warehouse });
    } finally {
      await warehouse.close();
    }
  }

  const mint = (provider: LabIdentityProvider, wish: AccessTokenWish = {}): Promise<string> =>
    provider.mintAccessToken({ audience: warehouseAudience, scopes: ['session:role:ANALYST'], ...wish });

  function sampleWith({ provider, warehouse }: Lab, token?: string): Sample {
    const { issuer, clientId, jwksUri } = provider;
    return {
      settings: {
        identityProviders: { lab: { title: 'Lab', issuer, clientId } },
        connections: {
          warehouse: { type: 'snowflake', ...own, port: warehouse.port, token: { audience: warehouseAudience } },
        },
      },
      jwksUri,
      ...(token !== undefined && { claims: decodedClaims(token) }),
    };
  }

  const alices = { user: 'alice', 'value of preferred_username': 'alice' };

  async function logIn({ port }: LabWarehouse, token: string, role = 'ANALYST'): Promise<DatabaseSession> {
    const { open } = await snowflake.load();
    const credentials = async () => credential({ kind: 'bearer', token }, { id: 'lab' });
    return open(snowflake.settings.parse({ ...own, port, role }), { ...contextWith(''), credentials });
  }

  /** Who the database says it is, and what it reads. */
  async function use(warehouse: LabWarehouse, token: string): Promise<unknown> {
    const session = await logIn(warehouse, token);
    try {
      const { user, role } = session.identity;
      const rows = await read(await session.query('SELECT count(*) FROM LAB.COFFEE.REGIONS', queryOptions()));
      return { user, role, rows };
    } finally {
      await session.close();
    }
  }

  it('makes a connection work that was refused before, for the person and the role that it names and no others', async () => {
    await withProvider((provider) =>
      withWarehouse(provider, async (lab) => {
        const { warehouse } = lab;
        const token = await mint(provider);
        const refused = await failureOf(use(warehouse, token), 'DP-DATABASE-REFUSED');
        assert.match(`${refused.message} ${refused.detail}`, /390303/);

        await administer(warehouse, filled(textOf('snowflakeExternalOauth', sampleWith(lab, token)), alices));

        assert.deepEqual(await use(warehouse, token), { user: 'ALICE', role: 'ANALYST', rows: [[4]] });
        await failureOf(use(warehouse, await mint(provider, { user: 'bob' })), 'DP-DATABASE-REFUSED');
        await failureOf(use(warehouse, await mint(provider, { audience: 'other' })), 'DP-DATABASE-REFUSED');
        await failureOf(use(warehouse, await mint(provider, { signedBy: 'stranger' })), 'DP-DATABASE-REFUSED');
        const manager = await mint(provider, { scopes: ['session:role:MANAGER'] });
        await failureOf(logIn(warehouse, manager, 'MANAGER'), 'DP-DATABASE-ROLE');
      }),
    );
  });

  it('works with the claim filled in by hand where no token is at hand', async () => {
    await withProvider((provider) =>
      withWarehouse(provider, async (lab) => {
        const text = textOf('snowflakeExternalOauth', sampleWith(lab));
        const words = { user: 'alice', 'user claim': 'preferred_username', 'value of the user claim': 'alice' };
        await administer(lab.warehouse, filled(text, words));
        assert.deepEqual(await use(lab.warehouse, await mint(provider)), {
          user: 'ALICE',
          role: 'ANALYST',
          rows: [[4]],
        });
      }),
    );
  });

  it('holds no statement of identity or right that the connection could do without', async () => {
    await withProvider(async (provider) => {
      const token = await mint(provider);
      const idle = /^(?:USE|SHOW)|FUTURE|DEFAULT_WAREHOUSE/;
      let needed = 0;
      for (let index = 0, count = 1; index < count; index += 1) {
        await withWarehouse(provider, async (lab) => {
          const all = splitStatements(filled(textOf('snowflakeExternalOauth', sampleWith(lab, token)), alices));
          count = all.length;
          const bare = (all[index] ?? '').replaceAll(/^--.*$/gm, '').trim();
          if (idle.test(bare)) return;
          await administer(lab.warehouse, all.toSpliced(index, 1).join(';\n'));
          await assert.rejects(use(lab.warehouse, token), `works without: ${bare}`);
          needed += 1;
        });
      }
      // The integration, the name, the role, and five privileges.
      assert.equal(needed, 8);
    });
  });
});
