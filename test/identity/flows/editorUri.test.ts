import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { editorUri } from '../../../src/identity/flows/editorUri.ts';
import { authorizes, codeOf, hostOf, recordingHandler, requestOf, signsIn } from './fixture.ts';

const ADDRESS = 'vscode://data-passport.data-passport/signed-in';
const arrives = (query: string): URL => new URL(`${ADDRESS}${query}`);

async function begun(address = ADDRESS) {
  const recorded = recordingHandler({ start: authorizes, finish: signsIn });
  const flow = await editorUri.begin(requestOf(recorded.handler, {}, hostOf('remote', address)));
  const receive = (query: string): Promise<boolean> | undefined => flow.receive?.(arrives(query));
  return { ...recorded, flow, receive };
}

describe('the redirect into the editor', () => {
  test('begins with the exact login page, for the address that the editor gave', async () => {
    const { flow, starts } = await begun();
    assert.deepEqual(flow.prompt, { kind: 'page', url: authorizes('', 1) });
    assert.equal(flow.redirectUri, ADDRESS);
    assert.deepEqual(starts, [ADDRESS]);
  });

  test('hands over what the provider said, without what the editor added', async () => {
    const { receive, callbacks } = await begun();
    const response = 'code=a%2Bb&state=state-1&iss=https%3A%2F%2Flogin.acme.example&session_state=s';
    assert.equal(await receive(`?vscode-reqid=3&${response}&windowId=2&windowId=2&vscode-scheme=code-oss`), true);
    assert.deepEqual(
      callbacks.map(({ href }) => href),
      [`${ADDRESS}?${response}`],
    );
  });

  test("keeps the provider's error, with its words", async () => {
    const { receive, callbacks } = await begun();
    await receive('?error=access_denied&error_description=not+you&error_uri=https%3A%2F%2Fx.example&state=state-1');
    assert.deepEqual(Object.fromEntries(callbacks[0]?.searchParams ?? []), {
      error: 'access_denied',
      error_description: 'not you',
      error_uri: 'https://x.example',
      state: 'state-1',
    });
  });

  test('takes the base from the registered address where the editor is a web page, whatever brought it back', async () => {
    const web = 'https://editor.acme.example/callback?vscode-reqid=7&vscode-scheme=code-oss';
    const { flow, callbacks } = await begun(web);
    assert.equal(flow.redirectUri, web);
    await flow.receive?.(new URL('code-oss://data-passport.data-passport/signed-in?code=abc&state=state-1'));
    assert.equal(callbacks[0]?.href, 'https://editor.acme.example/callback?code=abc&state=state-1');
  });

  test('ignores everything without a live matching state (requirement 35)', async () => {
    const { receive, callbacks, flow } = await begun();
    const queries = [
      '',
      '?code=abc',
      '?state=state-1',
      '?code=abc&state=',
      '?code=abc&state=state-2',
      '?code=abc&state=state-1&state=state-1',
      '?code=abc&code=abd&state=state-1',
      '?code=abc&state=state-1&iss=a&iss=b',
      '?code=abc&error=access_denied&state=state-1',
    ];
    for (const query of queries) assert.equal(await receive(query), false, query);
    flow.close();
    assert.equal(await receive('?code=abc&state=state-1'), false);
    assert.deepEqual(callbacks, []);
  });

  test('F44: what two windows bring is redeemed once', async () => {
    const { receive, callbacks } = await begun();
    const brought = await Promise.all([receive('?code=abc&state=state-1'), receive('?code=abc&state=state-1')]);
    assert.deepEqual(brought, [true, true]);
    assert.equal(await receive('?code=other&state=state-1'), true);
    assert.equal(callbacks.length, 1);
  });

  test('opens no page that is not a web page', async () => {
    for (const page of ['javascript:alert(1)', 'file:///x', 'vscode://a.b/c', 'http://login.acme.example/']) {
      const { handler } = recordingHandler({ start: () => page });
      const beginning = editorUri.begin(requestOf(handler, {}, hostOf('remote', ADDRESS)));
      assert.equal(await codeOf(beginning), 'DP-SIGN-IN-RESPONSE', page);
    }
  });
});
