import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { merged, NOBODY, sameState, type SignInRecord, type SignInState } from '../../src/identity/signInState.ts';

const account = (name: string) => ({ subject: name, label: `${name}@lab.example` });
const record = (name: string, revision: number, since = 1): SignInRecord => ({
  id: `${name}-${since}`,
  account: account(name),
  refreshToken: `refresh-${name}-${revision}`,
  since,
  revision,
});
const state = (more: Partial<SignInState>): SignInState => ({ ...NOBODY, ...more });
const gone = (name: string, revision: number) => ({ account: account(name), revision, ended: false });

describe('what two windows know, put together', () => {
  test('is the newest of each person, the earliest sign-in first', () => {
    const one = state({ records: [record('alice', 5, 20), record('bob', 1, 10)] });
    const other = state({ records: [record('alice', 4, 20), record('bob', 3, 10)] });
    assert.deepEqual(
      merged(one, other).records.map(({ refreshToken }) => refreshToken),
      ['refresh-bob-3', 'refresh-alice-5'],
    );
  });

  test('is the same whichever way they are put together, and putting it together again changes nothing', () => {
    const one = state({ records: [record('alice', 5)], gone: [gone('bob', 9)] });
    const other = state({ records: [record('bob', 8), record('carol', 2)], gone: [gone('alice', 4)] });
    const [left, right] = [merged(one, other), merged(other, one)];
    assert.ok(sameState(left, right) && sameState(merged(left, right), left));
  });

  test('never brings back who signed out, from a window that had not heard of it', () => {
    const heard = state({ gone: [gone('alice', 6)] });
    const deaf = state({ records: [record('alice', 5)] });
    assert.deepEqual(merged(deaf, heard).records, []);
    assert.deepEqual(merged(heard, deaf).records, []);
  });

  test('has who signed in again after that', () => {
    const again = state({ records: [record('alice', 7)] });
    assert.equal(merged(state({ gone: [gone('alice', 6)] }), again).records.length, 1);
  });
});
