import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, test } from 'node:test';

import { PassportError } from '../../../src/core/errors.ts';
import type { FlowHandler, RunningFlow } from '../../../src/identity/flows/flow.ts';
import { loopback } from '../../../src/identity/flows/loopback.ts';
import type { RedirectRule } from '../../../src/identity/presets/preset.ts';
import {
  authorizes,
  codeOf,
  freePort,
  hasIpv6,
  occupy,
  rawSocket,
  recordingHandler,
  refusal,
  requestOf,
  signsIn,
  visit,
} from './fixture.ts';

const running: RunningFlow[] = [];
const others: { free(): Promise<void> }[] = [];
afterEach(async () => {
  for (const flow of running.splice(0)) flow.close();
  for (const other of others.splice(0)) await other.free();
});

async function begun(handler: FlowHandler, redirect: Partial<RedirectRule> = {}) {
  const flow = await loopback.begin(requestOf(handler, redirect));
  running.push(flow);
  assert.equal(flow.prompt.kind, 'page');
  const startUrl = flow.prompt.kind === 'page' ? flow.prompt.url : '';
  const redirectUri = flow.redirectUri ?? '';
  return { flow, startUrl, redirectUri, port: Number(new URL(redirectUri).port) };
}

async function taken(address: string, port?: number): Promise<number> {
  const other = await occupy(address, port);
  others.push(other);
  return other.port;
}

const good = (state = 'state-1'): string => `?code=abc&state=${state}&iss=https%3A%2F%2Flogin.acme.example`;
const signIn = () => recordingHandler({ start: authorizes, finish: signsIn });

describe('the loopback redirect: where it listens', () => {
  test('listens on the literal loopback address and on no other of the machine (requirement 26)', async () => {
    const { port } = await begun(signIn().handler);
    const lan = Object.values(networkInterfaces())
      .flat()
      .filter((at) => at !== undefined)
      .filter(({ internal, scopeid }) => !internal && !scopeid)
      .map(({ address }) => address);
    assert.equal(await refusal(port, '127.0.0.1'), undefined);
    assert.equal(await refusal(port, '127.0.0.2').then(Boolean), true);
    for (const address of lan) assert.equal(await refusal(port, address), 'ECONNREFUSED', address);
  });

  test('opens nothing and asks for nothing when it begins, and its start page leads on whenever it is opened (requirement 27)', async () => {
    const { handler, starts } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    assert.deepEqual(starts, []);
    const answer = await visit(startUrl);
    assert.equal(answer.status, 302);
    assert.equal(answer.headers['location'], authorizes('', 1));
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(starts, [redirectUri]);
  });

  test('F41 F47: a closed flow is gone at once, and its port is free for the next sign-in', async () => {
    const ports = [await freePort()];
    const first = await begun(signIn().handler, { ports });
    first.flow.close();
    assert.equal(await refusal(first.port, '127.0.0.1'), 'ECONNREFUSED');
    const second = await begun(signIn().handler, { ports });
    assert.equal(second.port, ports[0]);
    assert.equal((await visit(`http://127.0.0.1:${second.port}${new URL(first.startUrl).pathname}`)).status, 404);
    assert.equal((await visit(second.startUrl)).status, 302);
  });

  test('sends the page that is under way when the flow is closed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { handler, callbacks } = recordingHandler({
      start: authorizes,
      finish: async () => promise.then(signsIn),
    });
    const { flow, startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    const page = visit(redirectUri + good());
    while (callbacks.length === 0) await new Promise(setImmediate);
    flow.close();
    resolve();
    assert.match((await page).body, /You are signed in as ana@acme/);
  });

  test('a connection that was opened before the close reaches nobody after it', async () => {
    const { handler, starts } = signIn();
    const { flow, startUrl, port } = await begun(handler);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    flow.close();
    socket.write(`GET ${new URL(startUrl).pathname} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
    await once(socket, 'close');
    assert.doesNotMatch(Buffer.concat(chunks).toString(), / 302 /);
    assert.deepEqual(starts, []);
  });

  test('F37: a port that another program has is left alone, and the next of the list serves (requirement 28)', async () => {
    const ports = [await taken('127.0.0.1'), await freePort()];
    const { port } = await begun(signIn().handler, { ports });
    assert.equal(port, ports[1]);
    assert.equal(await refusal(ports[0] ?? 0, '127.0.0.1'), undefined);
  });

  test('F38: all ports taken is an error that names them and the setting (requirement 28)', async () => {
    const ports = [await taken('127.0.0.1'), await taken('127.0.0.1')];
    await assert.rejects(loopback.begin(requestOf(signIn().handler, { ports })), {
      code: 'DP-SIGN-IN-PORTS',
      params: { ports: ports.join(', '), path: 'dataPassport.identityProviders.acme.redirectPorts' },
    });
  });

  test('F49 F50: localhost is listened for at both addresses, on one port', { skip: !hasIpv6 }, async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler, { host: 'localhost' });
    assert.match(redirectUri, /^http:\/\/localhost:\d+\/callback$/);
    assert.equal((await visit(startUrl, { address: '::1' })).status, 302);
    assert.equal((await visit(redirectUri + good(), { address: '127.0.0.1' })).status, 200);
    assert.deepEqual(
      callbacks.map(({ href }) => href),
      [redirectUri + good()],
    );
  });

  test(
    'F49: with localhost, a port that another program has at ::1 is not used: the browser may go there',
    { skip: !hasIpv6 },
    async () => {
      const ports = [await taken('::1'), await freePort()];
      const { port } = await begun(signIn().handler, { host: 'localhost', ports });
      assert.equal(port, ports[1]);
      assert.equal(await refusal(ports[0] ?? 0, '127.0.0.1'), 'ECONNREFUSED');
      const one = { host: 'localhost', ports: ports.slice(0, 1) } as const;
      assert.equal(await codeOf(loopback.begin(requestOf(signIn().handler, one))), 'DP-SIGN-IN-PORTS');
    },
  );

  test(
    'F49: a literal address answers at the other family too, where the port is free there',
    { skip: !hasIpv6 },
    async () => {
      for (const [host, other] of [
        ['127.0.0.1', '::1'],
        ['[::1]', '127.0.0.1'],
      ] as const) {
        const { startUrl, redirectUri, port } = await begun(signIn().handler, { host });
        assert.equal(redirectUri, `http://${host}:${port}/callback`);
        assert.equal((await visit(startUrl)).status, 302);
        assert.equal((await visit(startUrl, { address: other })).status, 302);
      }
      const ports = [await taken('::1')];
      const { startUrl } = await begun(signIn().handler, { ports });
      assert.equal((await visit(startUrl)).status, 302);
    },
  );
});

describe('the loopback redirect: what it answers', () => {
  test('other paths and methods are answered and do not end the flow, F45: the icon first (requirement 29)', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    const callback = redirectUri + good();
    const { origin } = new URL(redirectUri);
    const statuses = [
      await visit(`${origin}/favicon.ico`),
      await visit(`${origin}/`),
      await visit(`${redirectUri}/${good()}`),
      await visit(callback, { path: `/x/../callback${good()}` }),
      await visit(callback, { path: `//evil.example/callback${good()}` }),
      await visit(callback, { path: callback }),
      await visit(callback, { method: 'HEAD' }),
      await visit(callback, { method: 'POST' }),
      await visit(callback, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
      await visit(startUrl, { method: 'HEAD' }),
    ].map(({ status }) => status);
    assert.deepEqual(statuses, [404, 404, 404, 404, 404, 404, 405, 405, 405, 405]);
    assert.deepEqual(callbacks, []);
    assert.equal((await visit(callback)).status, 200);
    assert.equal(callbacks.length, 1);
  });

  test('only its own authorities are answered (requirement 30)', async () => {
    const { handler, starts } = signIn();
    const { startUrl, port } = await begun(handler);
    const hosts = [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      'localhost:1',
      `127.0.0.1:${port}.evil.example`,
    ];
    for (const host of hosts) assert.equal((await visit(startUrl, { headers: { host } })).status, 400, host);
    assert.deepEqual(starts, []);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      assert.equal((await visit(startUrl, { headers: { host } })).status, 302, host);
    }
  });

  test('wrong, missing, repeated and contradictory parameters change nothing (requirements 4 and 31)', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    const before = await visit(redirectUri + good('state-0'));
    await visit(startUrl);
    const queries = [
      '',
      '?',
      '?code=abc',
      '?code=abc&state=',
      '?code=abc&state=state-2',
      '?state=state-1',
      `${good()}&state=state-1`,
      `${good()}&code=other`,
      `${good()}&error=access_denied`,
      `${good()}&iss=https%3A%2F%2Fevil.example`,
      '?code=abc&state=state-1&x=1&x=2',
    ];
    for (const query of queries) {
      const { status, body } = await visit(redirectUri + query);
      assert.equal(status, 400, query);
      assert.match(body, /This sign-in is no longer waiting/);
    }
    assert.equal(before.status, 400);
    assert.deepEqual(callbacks, []);
    assert.equal((await visit(redirectUri + good())).status, 200);
    assert.deepEqual(
      callbacks.map(({ href }) => href),
      [redirectUri + good()],
    );
  });

  test('the page is static, echoes nothing, and leads nowhere (requirements 24 and 32)', async () => {
    const { handler } = recordingHandler({
      start: authorizes,
      finish: async () => ({ kind: 'failed', message: '<script>alert(1)</script>', fix: 'Ask "Ana" & co.' }),
    });
    const { startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    const { headers, body } = await visit(
      `${redirectUri}?error=access_denied&error_description=%3Cb%3EEVIL&state=state-1&next=https%3A%2F%2Fevil.example`,
    );
    assert.deepEqual(
      ['content-security-policy', 'referrer-policy', 'cache-control', 'x-content-type-options', 'location'].map(
        (name) => headers[name],
      ),
      [
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        'no-referrer',
        'no-store',
        'nosniff',
        undefined,
      ],
    );
    assert.doesNotMatch(body, /EVIL|evil|<script/);
    assert.match(body, /&#60;script&#62;alert\(1\)/);
  });

  test('tells somebody who logged in as another user that the editor asks', async () => {
    const { handler } = recordingHandler({
      start: authorizes,
      finish: async () => ({ kind: 'asked', account: 'bob@acme', provider: 'Acme' }),
    });
    const { startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    const { body } = await visit(redirectUri + good());
    assert.match(body, /You logged in as bob@acme/);
    assert.match(body, /someone else is signed in there, and it asks what to do/);
  });

  test('F44: the same redirect again gets the same page and is redeemed once (requirement 34)', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    const [first, second] = await Promise.all([visit(redirectUri + good()), visit(redirectUri + good())]);
    const third = await visit(redirectUri + good());
    const other = await visit(redirectUri + good().replace('abc', 'stolen'));
    assert.deepEqual([first.status, second.status, third.status, other.status], [200, 200, 200, 400]);
    assert.equal(third.body, first.body);
    assert.equal(callbacks.length, 1);
  });

  test('F44: what a browser fetches ahead of the person neither starts nor ends anything', async () => {
    const { handler, starts, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    const ahead: Readonly<Record<string, string>>[] = [
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ];
    for (const headers of ahead) assert.equal((await visit(startUrl, { headers })).status, 503);
    await visit(startUrl);
    for (const headers of ahead) assert.equal((await visit(redirectUri + good(), { headers })).status, 503);
    assert.deepEqual([starts.length, callbacks.length], [1, 0]);
    assert.equal((await visit(redirectUri + good())).status, 200);
  });

  test('F47: opening the start page again voids the try before', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    await visit(startUrl);
    await visit(startUrl);
    assert.equal((await visit(redirectUri + good('state-1'))).status, 400);
    assert.equal((await visit(redirectUri + good('state-2'))).status, 200);
    assert.equal(callbacks.length, 1);
  });

  test('a start that fails shows why, and works when the page is loaded again', async () => {
    const { handler } = recordingHandler({
      finish: signsIn,
      start(redirectUri, tries) {
        if (tries > 1) return authorizes(redirectUri, tries);
        throw new PassportError('DP-PROVIDER-UNREACHABLE', { provider: 'Acme', reason: 'ENOTFOUND' });
      },
    });
    const { startUrl, redirectUri } = await begun(handler);
    const failed = await visit(startUrl);
    assert.match(failed.body, /The identity provider Acme can not be reached \(ENOTFOUND\)/);
    assert.equal((await visit(startUrl)).status, 302);
    assert.equal((await visit(redirectUri + good('state-2'))).status, 200);
  });

  test('a provider that names no web page to log in at is not followed', async () => {
    const pages = [
      'javascript:alert(1)',
      'file:///etc/passwd',
      'vscode://a.b/c',
      'data:,x',
      'http://login.acme.example/',
    ];
    for (const page of pages) {
      const { startUrl } = await begun(recordingHandler({ start: () => page }).handler);
      const { status, headers, body } = await visit(startUrl);
      assert.deepEqual([status, headers['location']], [200, undefined], page);
      assert.match(body, /failed a security check/);
    }
  });

  test('F39: the error of a wait that ended names a firewall, F40: and the start page serves until the flow is closed', async () => {
    const { startUrl } = await begun(signIn().handler);
    assert.match(new PassportError('DP-SIGN-IN-TIMEOUT').fix, /firewall/);
    assert.equal((await visit(startUrl)).status, 302);
  });
});

describe('the loopback redirect: what it survives (requirement 33)', () => {
  test('long addresses are refused', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri, port } = await begun(handler);
    await visit(startUrl);
    assert.equal((await visit(`${redirectUri + good()}&x=${'x'.repeat(10 * 1024)}`)).status, 414);
    const huge = await rawSocket(port, `GET /callback?x=${'x'.repeat(100 * 1024)} HTTP/1.1\r\n`);
    const [answer] = (await once(huge, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 431 /);
    assert.deepEqual(callbacks, []);
    assert.equal((await visit(redirectUri + good())).status, 200);
  });

  test('the cookies of other programs on localhost are no reason to refuse', async () => {
    const { startUrl } = await begun(signIn().handler);
    assert.equal((await visit(startUrl, { headers: { cookie: `a=${'x'.repeat(40 * 1024)}` } })).status, 302);
  });

  test('connections that are held open do not keep the person out, and the oldest are given up', async () => {
    const { handler } = signIn();
    const { startUrl, redirectUri, port } = await begun(handler);
    const ends: Promise<string>[] = [];
    for (let count = 0; count < 200; count += 1) {
      const socket = await rawSocket(port, `GET /callback HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx: `);
      let said = '';
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
      ends.push(new Promise((resolve) => socket.once('close', () => resolve(said))));
    }
    assert.equal((await visit(startUrl)).status, 302);
    assert.equal((await visit(redirectUri + good())).status, 200);
    // Without a word: one that ran into the time limit is told so.
    assert.deepEqual(new Set(await Promise.all(ends.slice(0, 130))), new Set(['']));
  });

  test('a browser that tries TLS first is turned away, and comes again without', async () => {
    const { startUrl, port } = await begun(signIn().handler);
    const hello = await rawSocket(port, Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]));
    hello.resume();
    await once(hello, 'close');
    assert.equal((await visit(startUrl)).status, 302);
  });

  test('strangers that guess are answered fifty times, and use nothing up for the person', async () => {
    const { handler, callbacks } = signIn();
    const { startUrl, redirectUri } = await begun(handler);
    const statuses = new Map<number, number>();
    for (let guess = 0; guess < 60; guess += 1) {
      const { status } = await visit(`${redirectUri}?code=x&state=guess-${guess}`);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    assert.deepEqual(
      [...statuses],
      [
        [400, 50],
        [429, 10],
      ],
    );
    const wrongKey = `${startUrl.slice(0, -1)}${startUrl.endsWith('A') ? 'B' : 'A'}`;
    assert.equal((await visit(wrongKey)).status, 429);
    assert.equal((await visit(startUrl)).status, 302);
    assert.equal((await visit(redirectUri + good())).status, 200);
    assert.equal(callbacks.length, 1);
  });

  test('a start page that is loaded without end asks the provider fifty times', async () => {
    const { handler, starts } = signIn();
    const { startUrl } = await begun(handler);
    for (let load = 0; load < 55; load += 1) await visit(startUrl);
    assert.equal(starts.length, 50);
    assert.equal((await visit(startUrl)).status, 429);
  });
});
