import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { guideTexts } from '../../src/extension/guides.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { loginAt, openPassport, type Passport } from '../extension/passport.ts';
import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import { type LabSnowflakeMcp, startSnowflakeMcp } from '../lab/mcp/snowflakeMcp.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { administer } from './administrator.ts';
import { filled } from './filled.ts';

/** From the command to the query: texts as the extension makes them, run, and the connection works. */
describe('Set-up texts of the extension', () => {
  let provider: LabIdentityProvider;
  let warehouse: LabWarehouse;
  let server: LabSnowflakeMcp;
  let passport: Passport;
  let settings: Readonly<Record<string, unknown>>;

  before(async () => {
    provider = await startIdentityProvider();
    const { issuer, jwksUri } = provider;
    warehouse = await startWarehouse({ issuer, jwksUri, audience: warehouseAudience, unconfigured: true });
    server = await startSnowflakeMcp({ issuer, audience: warehouseAudience });
    for (const role of ['ANALYST', 'MANAGER']) server.revoke(role);
    const account = {
      account: 'coffee-lab_eu',
      host: '127.0.0.1',
      protocol: 'http',
      database: 'LAB',
      schema: 'COFFEE',
    };
    const common = { ...account, role: 'ANALYST', token: { audience: warehouseAudience }, agents: true };
    settings = {
      'dataPassport.identityProviders': { lab: { title: 'Lab', issuer, clientId: provider.clientId } },
      'dataPassport.connections': {
        sales: { ...common, type: 'snowflake', port: warehouse.port, warehouse: 'COMPUTE_WH' },
        tools: {
          ...common,
          type: 'mcp',
          preset: 'snowflake',
          port: Number(new URL(server.url).port),
          server: 'COFFEE_MCP',
        },
      },
    };
    passport = await openPassport({ settings });
  });
  after(async () => {
    await passport?.close();
    await server?.close();
    await warehouse?.close();
    await provider?.close();
  });

  const textsOf = (connection: string) =>
    guideTexts(passport.connection(connection), {
      ...passport,
      connectors,
      tokenSources,
      raw: () => ({
        identityProviders: settings['dataPassport.identityProviders'],
        connections: settings['dataPassport.connections'],
        limits: undefined,
      }),
    });

  async function textOf(connection: string, id: string): Promise<string> {
    const found = (await textsOf(connection)).find((each) => each.id === id);
    assert.ok(found, `${id} for ${connection}`);
    return found.text;
  }

  it('are made before anybody is signed in, from metadata alone: no token is asked for', async () => {
    const from = provider.requests.length;
    const text = await textOf('sales', 'snowflakeExternalOauth');
    assert.deepEqual(
      provider.requests.slice(from).map(({ path }) => path),
      ['/.well-known/openid-configuration'],
    );
    assert.ok(text.includes(`EXTERNAL_OAUTH_ISSUER = '${provider.issuer}'`));
    assert.ok(text.includes(`EXTERNAL_OAUTH_JWS_KEYS_URL = '${provider.jwksUri}'`));
    assert.ok(text.includes("EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = '<user claim>'"));
  });

  it('make a query work that was refused before', async () => {
    await passport.signIn('lab', loginAt(provider, 'alice'));
    const sql = 'SELECT count(*) FROM LAB.COFFEE.REGIONS';
    assert.equal((await passport.query('sales', sql)).error, 'DP-DATABASE-REFUSED');
    const words = { user: 'alice', 'user claim': 'preferred_username' };
    const names = { 'value of the user claim': 'alice', 'value of preferred_username': 'alice' };
    await administer(warehouse, filled(await textOf('sales', 'snowflakeExternalOauth'), { ...words, ...names }));
    const { rows, ranAs } = await passport.query('sales', sql);
    assert.deepEqual([rows, ranAs], [[[4]], { user: 'ALICE', role: 'ANALYST' }]);
  });

  it('take from a token at hand what it says, and nothing of the token itself', async () => {
    const texts = await textsOf('sales');
    const held = passport.credentials.peek(passport.connection('sales'), passport.slot('sales'))?.reveal();
    assert.ok(held?.kind === 'bearer');
    const all = texts.map(({ text }) => text).join('\n');
    assert.ok(all.includes("EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM = 'preferred_username'"));
    for (const part of held.token.split('.')) assert.ok(!all.includes(part));
  });

  it('make a managed MCP server answer whose tools were not there before', async () => {
    const connection = passport.connection('tools');
    const credential = await passport.credentials.get(connection, passport.slot('tools'), {});
    const fields = credential.reveal();
    assert.ok(fields.kind === 'bearer');
    const listed = async (): Promise<string> => {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          authorization: `Bearer ${fields.token}`,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      });
      return response.text();
    };
    assert.match(await listed(), /does not exist or not authorized/);

    const text = filled(await textOf('tools', 'snowflakeMcpServer'), { user: 'alice', warehouse: 'COMPUTE_WH' });
    await administer(warehouse, text);
    const name = 'LAB.COFFEE.COFFEE_MCP';
    assert.match(warehouse.mcpServer(name) ?? '', /type: "SYSTEM_EXECUTE_SQL"[^]*read_only: true/);
    // What plays the server is another process than what took the SQL: it hears of the grant here.
    const pattern = /^USAGE ON MCP SERVER (.+) TO ROLE (.+)$/;
    const granted = warehouse.grants().flatMap((grant) => pattern.exec(grant)?.slice(1) ?? []);
    assert.deepEqual(granted, [name, 'ANALYST']);
    server.grant(granted[1] ?? '');
    assert.match(await listed(), /"tools":\[\{"name"/);
  });
});
