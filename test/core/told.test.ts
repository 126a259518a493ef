import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { explain } from '../../src/core/knownRefusals.ts';
import { PHRASES } from '../../src/core/phrases.ts';
import { reworded, told, untranslated } from '../../src/core/told.ts';

/** A language that says everything in brackets. */
const bracketed = (text: string): string => `[${text}]`;

describe('An error that is told', () => {
  test('is what it says by itself where nothing is translated', () => {
    const error = new PassportError('DP-KEY-FILE', {
      connection: 'sales',
      file: '~/key.p8',
      problem: 'does not exist',
      remedy: 'Check the path.',
    });
    assert.deepEqual(told(error, untranslated), { sentence: error.message, fix: error.fix });
  });

  test('has its templates and the words of ours in them translated, and names as they are', () => {
    const error = new PassportError('DP-KEY-FILE', {
      connection: 'Program',
      file: '~/key.p8',
      problem: 'does not exist',
      remedy: 'Check the path.',
    });
    assert.deepEqual(told(error, bracketed), {
      sentence: '[The private key of Program can not be used: ~/key.p8 [does not exist].]',
      fix: '[[Check the path.] Then try again.]',
    });
    assert.equal(error.message, 'The private key of Program can not be used: ~/key.p8 does not exist.');
  });

  test('is filled once: a value that looks like a template stays', () => {
    const error = new PassportError('DP-CONNECTION-UNKNOWN', { connection: '{known}', known: 'a, b' });
    assert.equal(told(error, bracketed).sentence, '[There is no connection {known}. Connections: a, b.]');
  });
});

describe('A phrase', () => {
  test('is translated whole, or with what it holds left as it is', () => {
    assert.equal(reworded('is missing', bracketed), '[is missing]');
    assert.equal(reworded('must be at most 80 characters long', bracketed), '[must be at most 80 characters long]');
    assert.equal(reworded('no answer within 10 seconds', bracketed), '[no answer within 10 seconds]');
    assert.equal(
      reworded('{0} has the address $& and {1}.', bracketed),
      '[{0} has the address $& and {1}.]',
      'what it holds is not a template',
    );
  });

  test('in another one is translated too', () => {
    assert.equal(
      reworded('The chain is broken before it, at "Sign-in".', bracketed),
      '[The chain is broken before it, at "[Sign-in]".]',
    );
    assert.equal(
      reworded('run /bin/tool and send its credential to db.example:5432', bracketed),
      '[[run /bin/tool] and send its credential to db.example:5432]',
    );
  });

  test('that nobody knows stays as it is, and is asked of no translation', () => {
    const never = (): never =>
      assert.fail('nothing that is not ours may be looked up: the editor logs what it does not find');
    assert.equal(reworded('password of alice', never), 'password of alice');
    assert.equal(reworded('', never), '');
  });

  test('comes once', () => {
    assert.equal(new Set(PHRASES).size, PHRASES.length);
  });

  test('that is part of a longer one does not take its place', () => {
    for (const phrase of PHRASES) {
      const text = phrase.replaceAll(/\{\d\}/g, '7');
      assert.equal(
        reworded(text, (known) => (known === phrase ? 'found' : `other: ${known}`)),
        'found',
      );
    }
  });
});

test('an explanation has its cause and its fix translated; what is to be typed stays', () => {
  const known = { type: 'postgres', connection: 'sales', login: 'alice', database: 'shop' };
  const error = {
    code: 'DP-DATABASE-PERMISSION',
    params: { connection: 'sales' },
    detail: 'permission denied for database "shop"',
  } as const;
  const { cause, fix, type } = explain(error, known, bracketed);
  assert.deepEqual(
    [cause, fix, type],
    [
      '[The login was good, and the role alice may not connect to the database shop.]',
      '[Have it granted.]',
      [{ language: 'sql', text: 'GRANT CONNECT ON DATABASE "shop" TO "alice";' }],
    ],
  );
});

test('an explanation of an error that nothing more is known of has the words of the table translated', () => {
  const error = {
    code: 'DP-DATABASE-UNREACHABLE',
    params: { connection: 'sales', host: 'db', reason: 'odd' },
  } as const;
  assert.equal(
    explain(error, {}, bracketed).cause,
    '[The host name is wrong, the network or a firewall blocks it, or the database is down.]',
  );
});
