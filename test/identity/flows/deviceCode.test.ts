import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PassportError } from '../../../src/core/errors.ts';
import { deviceCode } from '../../../src/identity/flows/deviceCode.ts';
import type { DeviceCode } from '../../../src/identity/flows/flow.ts';
import { codeOf, recordingHandler, requestOf } from './fixture.ts';

const CODE: DeviceCode = {
  userCode: 'WDJB-MJHT',
  verificationUri: 'https://login.acme.example/device',
  verificationUriComplete: 'https://login.acme.example/device?user_code=WDJB-MJHT',
  expiresAt: new Date('2026-11-26T12:00:00Z'),
};

function begun(code: Partial<DeviceCode> = {}) {
  const signals: AbortSignal[] = [];
  const { handler, starts } = recordingHandler({
    device(signal) {
      signals.push(signal);
      return { ...CODE, ...code };
    },
  });
  return { flow: deviceCode.begin(requestOf(handler)), signals, starts };
}

describe('the device code', () => {
  test('shows what the provider gave, has no redirect, and stops the polling when it is closed', async () => {
    const { flow: beginning, signals, starts } = begun();
    const flow = await beginning;
    assert.deepEqual(flow.prompt, { kind: 'code', code: CODE });
    assert.deepEqual([flow.redirectUri, flow.receive, starts], [undefined, undefined, []]);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false],
    );
    flow.close();
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    );
  });

  test('does without an address that holds the code', async () => {
    const flow = await begun({ verificationUriComplete: undefined }).flow;
    assert.deepEqual(flow.prompt, { kind: 'code', code: { ...CODE, verificationUriComplete: undefined } });
  });

  test('sends the user to web pages only, and polls no further otherwise (requirement 22)', async () => {
    const addresses = [
      'http://login.acme.example/device',
      'javascript:alert(1)',
      'file:///x',
      'vscode://a.b/c',
      'device',
      '',
    ];
    const bad = addresses.flatMap((address) => [{ verificationUri: address }, { verificationUriComplete: address }]);
    for (const code of bad) {
      const { flow, signals } = begun(code);
      assert.equal(await codeOf(flow), 'DP-SIGN-IN-RESPONSE', JSON.stringify(code));
      assert.deepEqual(
        signals.map(({ aborted }) => aborted),
        [true],
      );
    }
  });

  test('allows a provider on this machine to do without TLS', async () => {
    for (const host of ['127.0.0.1:9000', 'localhost:9000', '[::1]:9000']) {
      const verificationUri = `http://${host}/device`;
      const { prompt } = await begun({ verificationUri }).flow;
      assert.equal(prompt.kind === 'code' && prompt.code.verificationUri, verificationUri);
    }
  });

  test('F37: a provider without device codes says so, for the next way to be tried', async () => {
    const { handler } = recordingHandler({
      device() {
        throw new PassportError('DP-SIGN-IN-FLOW', { provider: 'Acme', flow: 'sign-in with a device code' });
      },
    });
    await assert.rejects(deviceCode.begin(requestOf(handler)), {
      code: 'DP-SIGN-IN-FLOW',
      message: 'Acme offers no sign-in with a device code.',
    });
  });
});
