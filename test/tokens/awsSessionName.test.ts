import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sessionName } from '../../src/tokens/aws/sessionName.ts';

test('The session is called as the person is: e-mail address, else user name, else subject', () => {
  const person = { email: 'alice@lab.example', preferred_username: 'alice', sub: 'a-1' };
  assert.deepEqual(
    [
      sessionName(person, 'a-1'),
      sessionName({ ...person, email_verified: true }, 'a-1'),
      sessionName({ ...person, email_verified: false }, 'a-1'),
      sessionName({ ...person, email: ' ' }, 'a-1'),
      sessionName({ ...person, email: ['alice@lab.example'], preferred_username: 7 }, 'a-1'),
      sessionName(undefined, 'a-1'),
    ],
    ['alice@lab.example', 'alice@lab.example', 'alice', 'alice', 'a-1', 'a-1'],
  );
});

test('Names that AWS does not allow are changed, and no two people get the same', () => {
  const long = 'x'.repeat(80);
  const people: readonly (readonly [string, string])[] = [
    ['zoë@lab.example', 's1'],
    ['zoé@lab.example', 's2'],
    ['zo-@lab.example', 's3'],
    ['auth0|5f7c8ec7', 's4'],
    [`${long}1`, 's5'],
    [`${long}2`, 's6'],
    ['x'.repeat(64), 's7'],
    ['a', 's8'],
    ['名前', 's9'],
    ['line\nbreak', 's10'],
  ];
  const named = people.map(([email, subject]) => sessionName({ email }, subject));
  const unchanged = ['zo-@lab.example', 'x'.repeat(64)];
  assert.deepEqual(
    named.filter((name) => !/^[\w+=,.@-]{2,64}$/.test(name)),
    [],
  );
  assert.equal(new Set(named).size, people.length);
  assert.deepEqual(
    named.filter((name) => !/=[\da-f]{8}$/.test(name)),
    unchanged,
  );
  // Who takes the changed name of somebody else as their own does not become them.
  for (const name of named)
    assert.ok(!named.includes(sessionName({ email: name }, 'thief')) || unchanged.includes(name));
  assert.equal(sessionName({ email: 'zoë@lab.example' }, 's1'), named[0]);
});
