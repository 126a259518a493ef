import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { bareError } from '../../src/core/bareError.ts';

test('A bare error has the class and the code of the first one, and nothing else of it', () => {
  const full = Object.assign(new TypeError('secret', { cause: new Error('secret') }), { code: 'E_X', query: 'secret' });
  const bare = bareError(full);
  assert.deepEqual([bare.name, bare.message, 'code' in bare && bare.code], ['TypeError', '', 'E_X']);
  assert.doesNotMatch(inspect(bare, { showHidden: true, depth: 9 }), /secret/);
});

test('A class or a code that is text is left out', () => {
  const bare = bareError(Object.assign(new Error('x'), { name: 'my secret', code: 'my secret' }));
  assert.deepEqual([bare.name, 'code' in bare], ['object', false]);
  assert.equal(bareError('secret').name, 'string');
});
