import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { type CertificateAuthority, certificateAuthority } from '../lab/certificates.ts';
import type { Lab } from '../lab/index.ts';
import { type LabProxy, startProxy } from '../lab/proxy.ts';
import { startTlsFront } from '../lab/tlsFront.ts';
import { family } from '../support/processes.ts';
import { type Product, serverId, startProduct } from './product.ts';

const login = 'login.lab.test';
const other = 'extra.lab.test';
const stranger = 'stranger.lab.test';
const warehouseHost = 'warehouse.lab.test';
const excepted = 'excepted.lab.test';
const password = 'proxy-password-of-ana';

const providerSetting = (idp: { readonly clientId: string }, host: string): Record<string, unknown> => ({
  lab: { title: 'Lab Identity Provider', issuer: `https://${host}`, clientId: idp.clientId, flow: 'loopback' },
});

const settingsBehind =
  (proxy: () => LabProxy) =>
  ({ idp, settings }: Lab): Record<string, unknown> => {
    const { warehouse } = settings['dataPassport.connections'] as { warehouse: Record<string, unknown> };
    const behind = { ...warehouse, host: warehouseHost, port: 443, protocol: 'https' };
    return {
      'http.proxy': `http://ana:${password}@127.0.0.1:${proxy().port}`,
      'http.noProxy': [excepted],
      'dataPassport.identityProviders': providerSetting(idp, login),
      'dataPassport.connections': { warehouse: behind, excepted: { ...behind, host: excepted, title: 'Excepted' } },
    };
  };

describe('signing in and asking from within the network of a company', () => {
  let folder: string;
  let proxy: LabProxy;
  let second: LabProxy;
  let product: Product;
  const closers: (() => Promise<void>)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dp-network-'));
    closers.push(() => rm(folder, { recursive: true }));
    // One lies where the operating system keeps its own, the other in a file that the editor was told of.
    const [system, extra, unknown] = ['Lab Company', 'Lab Database Team', 'Somebody'].map(certificateAuthority) as [
      CertificateAuthority,
      CertificateAuthority,
      CertificateAuthority,
    ];
    const [systemFile, extraFile] = [join(folder, 'system.pem'), join(folder, 'extra.pem')];
    await writeFile(systemFile, system.cert);
    await writeFile(extraFile, extra.cert);
    const idpPort = (): number => product.lab.idp.port;
    const fronts = [
      [login, await startTlsFront(system.issue(login), idpPort)],
      [other, await startTlsFront(extra.issue(other), idpPort)],
      [stranger, await startTlsFront(unknown.issue(stranger), idpPort)],
      [warehouseHost, await startTlsFront(extra.issue(warehouseHost), () => product.lab.warehouse.port)],
    ] as const;
    for (const [, front] of fronts) closers.push(() => front.close());
    const hosts = Object.fromEntries(fronts.map(([name, { port }]) => [`${name}:443`, port]));
    proxy = await startProxy({ hosts, credentials: `ana:${password}` });
    second = await startProxy({ hosts });
    closers.push(
      () => proxy.close(),
      () => second.close(),
    );
    product = await startProduct({
      pictures: 'network',
      provider: { issuer: `https://${login}` },
      settings: settingsBehind(() => proxy),
      env: { SSL_CERT_FILE: systemFile, NODE_EXTRA_CA_CERTS: extraFile },
      trustedDomains: [`https://${login}`],
      browserArguments: [`--host-resolver-rules=MAP ${login}:443 127.0.0.1:${fronts[0][1].port}`],
    });
    closers.push(() => product.close());
  });
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });

  const seen = (from = 0): readonly string[] =>
    [
      ...new Set(proxy.requests.slice(from).map(({ method, target, status }) => `${method} ${target} ${status}`)),
    ].filter((line) => line.includes('.lab.test'));

  async function query(connection: string): Promise<string> {
    const tool = await product.window.startMcpServer(serverId, /_query$/);
    return product.window.invokeTool(tool, { connection, sql: 'SELECT CURRENT_USER() AS me' });
  }

  test('the sign-in goes through http.proxy and trusts the certificate authority of the company (F53, F54)', async () => {
    await product.signIn('alice');
    assert.deepEqual(seen(), [`CONNECT ${login}:443 200`]);
    await product.workbench.screenshot('signed-in');
  });

  test('the gateway reaches the database through it, and its password is in no argument and no environment (F53)', async () => {
    const from = proxy.requests.length;
    assert.match(await query('warehouse'), /ALICE/);
    assert.deepEqual(seen(from), [`CONNECT ${warehouseHost}:443 200`]);
    const gateway = family(product.editor.serverProcess.pid ?? 0).find(({ command }) =>
      command.includes('gateway.mjs'),
    );
    const texts = ['cmdline', 'environ'].map((name) => readFile(`/proc/${gateway?.pid ?? 0}/${name}`, 'utf8'));
    assert.doesNotMatch((await Promise.all(texts)).join(), new RegExp(password));
  });

  test('a host that http.noProxy excepts is not asked for through it (F53)', async () => {
    const from = proxy.requests.length;
    assert.match(await query('excepted').catch(String), /DP-DATABASE-UNREACHABLE/);
    assert.deepEqual(seen(from), []);
  });

  async function refreshFails(proxyUrl: string, told: string): Promise<void> {
    const { window, workbench } = product;
    await window.updateSetting('http.proxy', proxyUrl);
    await workbench.command('Data Passport: Refresh Token Now');
    await workbench.notification(told);
    await workbench.screenshot('proxy-refuses');
    await workbench.command('Notifications: Clear All Notifications');
  }

  test('a proxy that does not answer, or wants another password, is named (F53)', async () => {
    await refreshFails('http://127.0.0.1:1', 'the proxy 127.0.0.1:1 does not answer, ECONNREFUSED');
    await refreshFails(
      `http://ana:wrong-password@127.0.0.1:${proxy.port}`,
      `the proxy 127.0.0.1:${proxy.port} wants another user and password, HTTP status 407`,
    );
  });

  test('another proxy is used from the next call on, and the session that came through the old one is gone (F53)', async () => {
    const { lab, window } = product;
    const old = new Set(lab.warehouse.sessions().map(({ id }) => id));
    await window.updateSetting('http.proxy', second.url);
    assert.match(await query('warehouse'), /ALICE/);
    assert.ok(second.requests.some(({ target }) => target === `${warehouseHost}:443`));
    const now = lab.warehouse.sessions().map(({ id }) => id);
    assert.deepEqual(
      now.filter((id) => old.has(id)),
      [],
    );
  });

  /** What the page says that the sign-in opens. */
  async function signInFails(host: string, told: RegExp): Promise<void> {
    const { lab, window, workbench } = product;
    await window.updateSetting('dataPassport.identityProviders', providerSetting(lab.idp, host));
    await workbench.statusBarItem('Sign in');
    const opened = workbench.newTab();
    await workbench.command('Data Passport: Sign In');
    const tab = await opened;
    await tab.getByText(told).first().waitFor();
    await tab.screenshot({ path: `test/.artifacts/editor/network/${host}.png` });
    await tab.close();
  }

  test('a certificate that nobody here vouches for is told as such (F54, F55)', async () => {
    await product.workbench.command('Data Passport: Sign Out');
    await signInFails(stranger, /certificate of the identity provider .* is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)/);
  });

  test('with http.systemCertificates off, only NODE_EXTRA_CA_CERTS adds to what the editor trusts (F54)', async () => {
    // The editor leaves that file out while it adds the certificates of the system.
    await signInFails(other, /is not trusted/);
    await product.window.updateSetting('http.systemCertificates', false);
    await signInFails(login, /is not trusted/);
    // The certificate is good now; the provider behind it goes by another name.
    await signInFails(other, /does not publish usable OpenID Provider metadata/);
  });
});
