import assert from 'node:assert/strict';
import { test } from 'node:test';

import { programEnvironment } from '../../src/core/programEnvironment.ts';

const given = { PATH: '/bin', Path: 'C:\\bin', HOME: undefined, NODE_OPTIONS: 'x', HTTPS_PROXY: 'x', AWS_SECRET: 'x' };

test('programs get what they need to find their way, and nothing else of an environment', () => {
  assert.deepEqual(programEnvironment(given, false), { PATH: '/bin' });
});

test('on Windows a name is the same in whichever letters', () => {
  const { PATH: _path, ...windows } = given;
  assert.deepEqual(programEnvironment({ ...windows, SystemRoot: 'C:\\Windows' }, true), {
    PATH: 'C:\\bin',
    SYSTEMROOT: 'C:\\Windows',
  });
});
