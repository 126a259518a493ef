import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import type { DatabaseConnector, DatabaseSession } from '../../src/connectors/connector.ts';
import { connectors } from '../../src/connectors/index.ts';
import { directNetwork, type NetworkFacts, readNetwork } from '../../src/core/network.ts';
import { certificateAuthority } from '../lab/certificates.ts';
import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../lab/identityProvider.ts';
import { type LabProxy, startProxy } from '../lab/proxy.ts';
import { startTlsFront, type TlsFront } from '../lab/tlsFront.ts';
import { type LabWarehouse, startWarehouse } from '../lab/warehouse.ts';
import { contextWith, failureOf, queryOptions, read } from './sessionContext.ts';

const host = 'warehouse.lab.test';
const password = 'p%40ss wörd:/@';

describe('The Snowflake connector behind the proxy of a company (F53, F54, F55)', () => {
  const snowflake = connectors['snowflake'] as DatabaseConnector;
  const authority = certificateAuthority('Lab Company');
  const trusted = getCACertificates();
  const closers: (() => Promise<void>)[] = [];
  let provider: LabIdentityProvider;
  let warehouse: LabWarehouse;
  let front: TlsFront;
  let open: LabProxy;
  let guarded: LabProxy;

  const owned = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    closers.push(() => started.close());
    return started;
  };
  before(async () => {
    provider = await owned(startIdentityProvider());
    const { issuer, jwksUri } = provider;
    warehouse = await owned(startWarehouse({ issuer, jwksUri, audience: warehouseAudience }));
    front = await owned(startTlsFront(authority.issue(host), () => warehouse.port));
    const hosts = { [`${host}:443`]: front.port, [`${host}:8443`]: front.port };
    open = await owned(startProxy({ hosts }));
    guarded = await owned(startProxy({ hosts, credentials: `ana:${password}` }));
    setDefaultCACertificates([...trusted, authority.cert]);
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    for (const close of closers.toReversed()) await close();
  });

  const network = (proxy: string, noProxy: readonly string[] = []): NetworkFacts =>
    readNetwork({ proxy, noProxy, support: 'override', environment: {} }).facts;

  async function logIn(facts: NetworkFacts, more: Record<string, unknown> = {}): Promise<DatabaseSession> {
    const token = await provider.mintAccessToken({ audience: warehouseAudience, scopes: ['session:role-any'] });
    const module = await snowflake.load();
    const settings = { account: 'coffee-lab', host, database: 'LAB', schema: 'COFFEE', ...more };
    return module.open(snowflake.settings.parse(settings), contextWith(token, undefined, facts));
  }

  async function answerOf(session: DatabaseSession, sql = 'SELECT 41 + 1'): Promise<unknown> {
    try {
      return (await read(await session.query(sql, queryOptions({ maxRows: 30_000 })))).length;
    } finally {
      await session.close();
    }
  }

  const reasonOf = async (facts: NetworkFacts, more?: Record<string, unknown>): Promise<string> =>
    (await failureOf(logIn(facts, more), 'DP-DATABASE-UNREACHABLE')).params['reason'] ?? '';
  const tunnelsSince = (proxy: LabProxy, from: number): readonly string[] => [
    ...new Set(proxy.requests.slice(from).map(({ target, status }) => `${target} ${status}`)),
  ];

  it('logs in and asks through it, with the certificate authority that Node.js was told to trust (F53, F54)', async () => {
    const from = open.requests.length;
    assert.equal(await answerOf(await logIn(network(open.url))), 1);
    assert.deepEqual(tunnelsSince(open, from), [`${host}:443 200`]);
  });

  it('fetches the parts of a large result from this machine without it (F53)', async () => {
    const from = open.requests.length;
    const session = await logIn(network(open.url));
    const rows = await answerOf(session, 'SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => 20000)) ORDER BY 1');
    assert.equal(rows, 20_000);
    assert.deepEqual(tunnelsSince(open, from), [`${host}:443 200`]);
  });

  it('shows the proxy its user and password, whatever characters they have (F53)', async () => {
    const from = guarded.requests.length;
    const url = `http://ana:${encodeURIComponent(password)}@127.0.0.1:${guarded.port}`;
    assert.equal(await answerOf(await logIn(network(url))), 1);
    assert.deepEqual(tunnelsSince(guarded, from), [`${host}:443 200`]);
  });

  it('says that the proxy wants another password, without telling the one that it has (F53)', async () => {
    const url = `http://ana:a-wrong-password@127.0.0.1:${guarded.port}`;
    const error = await failureOf(logIn(network(url)), 'DP-DATABASE-UNREACHABLE');
    assert.match(
      error.params['reason'] ?? '',
      new RegExp(`^the proxy 127.0.0.1:${guarded.port} wants another user and password, HTTP status 407$`),
    );
    assert.doesNotMatch(JSON.stringify([error.message, error.facts()]), /a-wrong-password/);
    assert.match(await reasonOf(network(guarded.url)), /wants another user and password/);
  });

  it('says that the proxy does not answer, or does not let it through (F53)', async () => {
    assert.equal(await reasonOf(network('http://127.0.0.1:1')), 'the proxy 127.0.0.1:1 does not answer, ECONNREFUSED');
    const reason = await reasonOf(network(open.url), { port: 9443 });
    assert.match(reason, new RegExp(`the proxy 127.0.0.1:${open.port}`));
    assert.match(reason, /^HTTP status 403: check/);
  });

  for (const noProxy of [host, '.lab.test', 'lab.test', '*.lab.test', `${host}:443`, '*']) {
    it(`goes past the proxy to a host that ${noProxy} excepts, where nobody knows its name (F53)`, async () => {
      const from = open.requests.length;
      assert.match(await reasonOf(network(open.url, [noProxy])), /^(?:ENOTFOUND|EAI_AGAIN)$/);
      assert.deepEqual(open.requests.slice(from), []);
    });
  }

  it('goes through it where an exception is for another port (F53)', async () => {
    const facts = network(open.url, [`${host}:443`]);
    assert.equal(await answerOf(await logIn(facts, { port: 8443 })), 1);
  });

  it('never asks for this machine through it (F53)', async () => {
    const [fromOpen, fromGuarded] = [open.requests.length, guarded.requests.length];
    const here = { host: '127.0.0.1', port: warehouse.port, protocol: 'http' };
    assert.equal(await answerOf(await logIn(network(guarded.url), here)), 1);
    assert.deepEqual([open.requests.length, guarded.requests.length], [fromOpen, fromGuarded]);
  });

  it('takes nothing from the environment of its process (F53)', async () => {
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = open.url;
    try {
      assert.match(await reasonOf(directNetwork), /^(?:ENOTFOUND|EAI_AGAIN)$/);
    } finally {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
    }
  });

  it('does not send the token to whom a company unknown here vouches for (F54, F55)', async () => {
    setDefaultCACertificates(trusted);
    try {
      const error = await failureOf(logIn(network(open.url)), 'DP-DATABASE-CERTIFICATE');
      assert.deepEqual(error.params, { host, reason: 'SELF_SIGNED_CERT_IN_CHAIN' });
    } finally {
      setDefaultCACertificates([...trusted, authority.cert]);
    }
  });

  it('does not send the token to a host whose certificate is for another name (F55)', async () => {
    const other = await owned(startTlsFront(authority.issue('other.lab.test'), () => warehouse.port));
    const proxy = await owned(startProxy({ hosts: { [`${host}:443`]: other.port } }));
    const error = await failureOf(logIn(network(proxy.url)), 'DP-DATABASE-CERTIFICATE');
    assert.deepEqual(error.params, { host, reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});
