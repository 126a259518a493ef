/** MCP servers as a company has them: behind TLS with a certificate authority of its own, and behind a proxy that alone can find them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { directNetwork, type NetworkFacts, readNetwork } from '../../../src/core/network.ts';
import { certificateAuthority } from '../../lab/certificates.ts';
import { type LabPlainServer, startPlainServer } from '../../lab/mcp/plainServer.ts';
import { type LabProxy, startProxy } from '../../lab/proxy.ts';
import { startTlsFront, type TlsFront } from '../../lab/tlsFront.ts';
import { editorAt, found, readable } from './evidence.ts';
import { remoteHarness, remoteWire } from './harness.ts';
import { mint, whois } from './plainGround.ts';

const host = 'mcp.lab.test';
const password = 'p%40ss wörd:/@';
const TOKEN = 'token-of-alice-canary';

describe('A remote MCP server in the network of a company', () => {
  const authority = certificateAuthority('Lab Company');
  const stranger = certificateAuthority('Unknown CA');
  const trusted = getCACertificates();
  const closers: (() => Promise<void>)[] = [];
  let server: LabPlainServer;
  let known: TlsFront;
  let unknown: TlsFront;

  const owned = async <T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const part = await starting;
    closers.push(() => part.close());
    return part;
  };
  before(async () => {
    server = await owned(startPlainServer({ revision: '2026-07-28', whois }));
    const port = (): number => Number(new URL(server.url).port);
    known = await owned(startTlsFront(authority.issue(host, 'localhost'), port));
    unknown = await owned(startTlsFront(stranger.issue(host, 'localhost'), port));
    setDefaultCACertificates([...trusted, authority.cert]);
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    for (const close of closers.toReversed()) await close();
  });

  /** A proxy that finds the server, and the network of somebody who has to go through it. */
  async function proxied(front: TlsFront, credentials?: string): Promise<{ proxy: LabProxy; url: string }> {
    const hosts = { [`${host}:443`]: front.port };
    const proxy = await owned(startProxy({ hosts, ...(credentials !== undefined && { credentials }) }));
    return { proxy, url: proxy.url };
  }
  const through = (proxy: string, noProxy: readonly string[] = []): NetworkFacts =>
    readNetwork({ proxy, noProxy, support: 'override', environment: {} }).facts;

  /** The tools that an editor sees, and what the last of three calls comes to. */
  async function outcomeOf(url: string, network: NetworkFacts) {
    const from = server.calls.length;
    await using gateway = await remoteHarness([remoteWire('crm', 'mcp/generic', { url })], mint);
    gateway.gateway.replaceNetwork(network);
    await using editor = await editorAt(gateway, 'crm');
    const tools = await editor.tools();
    await editor.call('whoami');
    await editor.call('whoami');
    const { text, code } = await editor.call('whoami');
    assert.deepEqual(found(readable(gateway, editor), [TOKEN, password]), []);
    const { params } = gateway.lastError() ?? {};
    return { tools: tools.length > 0, text, code, params, calls: server.calls.slice(from).map(({ user }) => user) };
  }
  const answered = {
    tools: true,
    text: 'alice',
    code: undefined,
    params: undefined,
    calls: ['alice', 'alice', 'alice'],
  };
  const tunnel = { method: 'CONNECT', target: `${host}:443`, status: 200 };
  /** One for every request in turn, and one for the stream on which the server tells of changes. */
  const tunnels = [tunnel, tunnel];

  test('is called over TLS where the certificate authority of the company is trusted', async () => {
    assert.deepEqual(await outcomeOf(`https://localhost:${known.port}/mcp`, directNetwork), answered);
  });

  test('gets nothing where nobody trusts its certificate authority, and the error says so', async () => {
    const { text, ...rest } = await outcomeOf(`https://localhost:${unknown.port}/mcp`, directNetwork);
    assert.match(text, /^DP-MCP-CERTIFICATE: /);
    assert.deepEqual(rest, {
      tools: false,
      code: 'DP-MCP-CERTIFICATE',
      params: { host: `localhost:${unknown.port}`, reason: 'SELF_SIGNED_CERT_IN_CHAIN' },
      calls: [],
    });
  });

  test('gets nothing where its certificate is of a trusted authority for another name', async () => {
    const front = await owned(startTlsFront(authority.issue('another.lab.test'), () => 1));
    const { code, params, calls } = await outcomeOf(`https://localhost:${front.port}/mcp`, directNetwork);
    const reason = 'ERR_TLS_CERT_ALTNAME_INVALID';
    assert.deepEqual([code, params, calls], ['DP-MCP-CERTIFICATE', { host: `localhost:${front.port}`, reason }, []]);
  });

  test('is called through the proxy, and its requests share one tunnel', async () => {
    const { proxy, url } = await proxied(known);
    assert.deepEqual(await outcomeOf(`https://${host}/mcp`, through(url)), answered);
    assert.deepEqual(proxy.requests, tunnels);
  });

  test('is called through a proxy that wants a user and a password, whatever characters they have', async () => {
    const { proxy } = await proxied(known, `ana:${password}`);
    const url = `http://ana:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`;
    assert.deepEqual(await outcomeOf(`https://${host}/mcp`, through(url)), answered);
    assert.deepEqual(proxy.requests, tunnels);
  });

  test('gets nothing through a proxy that refuses, and the error names the proxy without its password', async () => {
    const { proxy } = await proxied(known, 'ana:another');
    const url = `http://ana:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`;
    const { code, params, calls } = await outcomeOf(`https://${host}/mcp`, through(url));
    const reason = `the proxy 127.0.0.1:${proxy.port} wants another user and password, HTTP status 407`;
    assert.deepEqual(
      [code, params, calls],
      ['DP-MCP-UNREACHABLE', { connection: 'crm', host: `${host}:443`, reason }, []],
    );
  });

  test('gets nothing through the proxy where nobody trusts its certificate authority', async () => {
    const { proxy, url } = await proxied(unknown);
    const { code, params, calls } = await outcomeOf(`https://${host}/mcp`, through(url));
    const reason = 'SELF_SIGNED_CERT_IN_CHAIN';
    assert.deepEqual([code, params, calls], ['DP-MCP-CERTIFICATE', { host: `${host}:443`, reason }, []]);
    assert.ok(proxy.requests.every(({ method, status }) => method === 'CONNECT' && status === 200));
  });

  test('on this machine is never asked for through the proxy', async () => {
    const { proxy, url } = await proxied(known);
    assert.deepEqual(await outcomeOf(`https://localhost:${known.port}/mcp`, through(url)), answered);
    assert.deepEqual(proxy.requests, []);
  });
});
