import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { asPassportError } from '../../../src/core/errors.ts';
import { pasteRedirect } from '../../../src/identity/flows/pasteRedirect.ts';
import type { RedirectRule } from '../../../src/identity/presets/preset.ts';
import { authorizes, recordingHandler, refusal, requestOf, signsIn } from './fixture.ts';

async function begun(redirect: Partial<RedirectRule> = { ports: [47_001, 47_002] }) {
  const recorded = recordingHandler({ start: authorizes, finish: signsIn });
  const flow = await pasteRedirect.begin(requestOf(recorded.handler, redirect));
  const problemOf = (pasted: string): Promise<string | undefined> =>
    Promise.resolve(flow.receive?.(new URL(pasted))).then(
      () => undefined,
      (error: unknown) => {
        const { code, params, message } = asPassportError(error);
        assert.equal(code, 'DP-SIGN-IN-PASTED');
        assert.doesNotMatch(message, /secret/);
        return params['problem'];
      },
    );
  return { ...recorded, flow, problemOf };
}

describe('the pasted redirect', () => {
  test('leads to the first registered address, where nobody listens', async () => {
    const { flow, starts } = await begun();
    assert.deepEqual(flow.prompt, { kind: 'paste', url: authorizes('', 1) });
    assert.equal(flow.redirectUri, 'http://127.0.0.1:47001/callback');
    assert.deepEqual(starts, [flow.redirectUri]);
    assert.equal(await refusal(47_001, '127.0.0.1'), 'ECONNREFUSED');
  });

  test('uses the same address each time where any port is allowed', async () => {
    const [first, second] = [await begun({ host: 'localhost' }), await begun({ host: 'localhost' })];
    assert.match(first.flow.redirectUri ?? '', /^http:\/\/localhost:\d{5}\/callback$/);
    assert.equal(second.flow.redirectUri, first.flow.redirectUri);
  });

  test('takes the whole address that the browser ended at', async () => {
    const { flow, callbacks } = await begun();
    const pasted =
      'http://127.0.0.1:47001/callback?code=a%2Bb&state=state-1&iss=https%3A%2F%2Flogin.acme.example&scope=openid';
    assert.equal(await flow.receive?.(new URL(`${pasted}#`)), true);
    assert.deepEqual(
      callbacks.map(({ href }) => href),
      [pasted],
    );
  });

  test('refuses a bare code and everything that is not of this sign-in, without repeating it (requirement 36)', async () => {
    const { problemOf, callbacks, flow } = await begun();
    const elsewhere = 'it does not begin with http://127.0.0.1:47001/callback';
    const incomplete = 'it is not complete, or was changed';
    const other = 'it belongs to another sign-in, or to an earlier try';
    const pasted: Readonly<Record<string, string>> = {
      'secret:abc': elsewhere,
      'localhost:47001/callback?code=secret&state=state-1': elsewhere,
      'http://127.0.0.1:47002/callback?code=secret&state=state-1': elsewhere,
      'http://localhost:47001/callback?code=secret&state=state-1': elsewhere,
      'https://127.0.0.1:47001/callback?code=secret&state=state-1': elsewhere,
      'http://127.0.0.1:47001/other?code=secret&state=state-1': elsewhere,
      'https://evil.example/callback?code=secret&state=state-1': elsewhere,
      'http://127.0.0.1:47001/callback': incomplete,
      'http://127.0.0.1:47001/callback?state=state-1': incomplete,
      'http://127.0.0.1:47001/callback?code=secret&code=secret&state=state-1': incomplete,
      'http://127.0.0.1:47001/callback?code=secret&state=state-1&error=x': incomplete,
      'http://127.0.0.1:47001/callback?code=secret': other,
      'http://127.0.0.1:47001/callback?code=secret&state=state-2': other,
    };
    for (const [text, problem] of Object.entries(pasted)) assert.equal(await problemOf(text), problem, text);
    flow.close();
    assert.equal(await problemOf('http://127.0.0.1:47001/callback?code=secret&state=state-1'), other);
    assert.deepEqual(callbacks, []);
  });
});
