import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request as send, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';

import { startFront, withWebOptions, type Front } from './harness/front.ts';

const page = `<meta id="vscode-workbench-web-configuration" data-settings="{&quot;a&quot;:1,&quot;developmentOptions&quot;:{&quot;logLevel&quot;:3}}">`;

describe('the front of an editor', () => {
  let inner: Server;
  let front: Front;
  let locked: Front;

  before(async () => {
    inner = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(page);
    });
    inner.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
    front = await startFront({ webOptions: { enabledExtensions: ['a.b'], developmentOptions: { extensions: [] } } });
    locked = await startFront({ key: 'the-key' });
    for (const one of [front, locked]) one.serve((inner.address() as AddressInfo).port);
  });
  after(async () => {
    await front.close();
    await locked.close();
    inner.closeAllConnections();
    inner.close();
  });

  test('adds options to the workbench page and keeps those that are there', async () => {
    const response = await fetch(front.url, { headers: { accept: 'text/html' } });
    const json = /data-settings="(?<json>[^"]*)"/.exec(await response.text())?.groups?.['json'] ?? '';
    assert.deepEqual(JSON.parse(json.replaceAll('&quot;', '"')), {
      a: 1,
      developmentOptions: { logLevel: 3, extensions: [] },
      enabledExtensions: ['a.b'],
    });
  });

  test('writes options so that no text in them ends the attribute', () => {
    const changed = withWebOptions(page, { a: '"><script>&quot;' });
    assert.match(changed, /^<meta id="[^"]*" data-settings="[^"<>]*">$/);
    assert.match(changed, /&amp;quot;/);
  });

  test('gives the page the same 32 bytes for its secrets each time', async () => {
    const mint = async (): Promise<Buffer> => {
      const response = await fetch(new URL('/mint-key', front.url), { method: 'POST' });
      return Buffer.from(await response.arrayBuffer());
    };
    const [first, second] = [await mint(), await mint()];
    assert.equal(first.length, 32);
    assert.deepEqual(first, second);
  });

  test('passes a WebSocket on, but not one that a page of another site opens', async () => {
    assert.match(await upgrade(front, front.url), /^HTTP\/1\.1 101 /);
    assert.equal(await upgrade(front, 'http://elsewhere.example'), '');
  });

  test('answers no request that a page of another site sends', async () => {
    const headers = { origin: 'http://elsewhere.example' };
    const response = await fetch(new URL('/mint-key', front.url), { method: 'POST', headers });
    assert.equal(response.status, 403);
  });

  test('with a key, lets nobody in under another name who has not brought it', async () => {
    const bare = '/?folder=x';
    assert.equal((await under('editor.example', bare)).statusCode, 403);
    assert.equal((await under('editor.example', `${bare}&key=another`)).statusCode, 403);
    assert.equal((await under('editor.example', `/proxy/${front.port}/`)).statusCode, 403);
    assert.equal((await under('127.0.0.1.editor.example', bare)).statusCode, 403);
    assert.equal(await upgrade(locked, 'http://editor.example/', 'editor.example'), '');
    const entered = await under('editor.example', `${bare}&key=the-key`);
    assert.equal(entered.headers.location, '?folder=x');
    const cookie = entered.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    assert.equal((await under('editor.example', bare, { cookie })).statusCode, 200);
  });

  test("with a key on loopback, this machine's own names need none", async () => {
    for (const name of ['127.0.0.1', 'localhost']) {
      assert.equal((await under(`${name}:${locked.port}`, '/?folder=x')).statusCode, 200);
    }
  });

  /** Asks the locked front for a path, by a name of the test's choice. */
  function under(name: string, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: locked.port, path, headers: { ...headers, host: name } };
      send(options, (response) => resolve(response.resume()))
        .once('error', reject)
        .end();
    });
  }

  test('keeps its own cookie and address to itself when it reaches a loopback port', async () => {
    const server = createServer((request, response) => {
      const { host, cookie, origin, 'x-forwarded-for': forwarded } = request.headers;
      response.end(JSON.stringify({ url: request.url, host, cookie, origin, forwarded }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const headers = {
      cookie: 'data-passport-editor=the-key; other=1',
      origin: `http://127.0.0.1:${locked.port}`,
      'x-forwarded-for': '192.0.2.1',
    };
    const path = `/proxy/${port}/cb?a=b%26c`;
    const seen = await new Promise<string>((resolve, reject) => {
      const request = send({ host: '127.0.0.1', port: locked.port, path, headers }, (response) => {
        text(response).then(resolve, reject);
      });
      request.once('error', reject);
      request.end();
    });
    server.close();
    assert.deepEqual(JSON.parse(seen), {
      url: '/cb?a=b%26c',
      host: `127.0.0.1:${port}`,
      cookie: 'other=1',
      origin: `http://127.0.0.1:${port}`,
    });
  });
});

/** The first bytes of the answer to a WebSocket handshake, or an empty text when the connection is closed instead. */
function upgrade(front: Front, origin: string, host = `127.0.0.1:${front.port}`): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(front.port, '127.0.0.1');
    socket.write(
      `GET /ws HTTP/1.1\r\nhost: ${host}\r\norigin: ${new URL(origin).origin}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
    );
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.once('close', () => resolve(''));
  });
}
