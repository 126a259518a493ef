import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { runChain } from '../../src/extension/doctor/chain.ts';
import { broken, type CheckContext, type DoctorLink, notChecked, ok } from '../../src/extension/doctor/link.ts';

const link = (id: string, check: DoctorLink['check'], seconds = 5): DoctorLink => ({ id, title: id, seconds, check });
const good = (id: string): DoctorLink => link(id, async () => ok(`${id} is good.`));

/** Links here look at nothing but the signal and the notes. */
function context(signal = new AbortController().signal): CheckContext {
  const notes = { credentials: new Map(), known: { role: 'ANALYST' }, people: new Set<string>() };
  return { signal, notes, deps: {} } as unknown as CheckContext;
}

async function states(links: readonly DoctorLink[], signal?: AbortSignal): Promise<readonly string[]> {
  const heard: string[] = [];
  const reports = await runChain(links, context(signal), (title) => heard.push(title));
  return [
    ...reports.map(({ id, state, reason }) => `${id} ${state}${reason === undefined ? '' : `: ${reason}`}`),
    `heard ${heard.join()}`,
  ];
}

describe('A chain', () => {
  test('is walked to its end where no link is broken', async () => {
    const unknown = link('c', async () => notChecked('Nobody knows.'));
    assert.deepEqual(await states([good('a'), unknown, good('b')]), [
      'a ok',
      'c notChecked: Nobody knows.',
      'b ok',
      'heard a,c,b',
    ]);
  });

  test('stops at the first broken link, and does not ask those after it', async () => {
    const bad = link('bad', async () => broken(new PassportError('DP-SECRET-STORE')));
    const never = link('never', async () => assert.fail('it was asked'));
    assert.deepEqual(await states([good('a'), bad, never]), [
      'a ok',
      'bad broken',
      'never notChecked: The chain is broken before it, at "bad".',
      'heard a,bad',
    ]);
  });

  test('takes what a link throws for what broke it, and tells no text of a fault of ours', async () => {
    const bad = link('bad', () => Promise.reject(new TypeError('canary')));
    const [report] = await runChain([bad], context(), () => undefined);
    assert.deepEqual(report?.error, { code: 'DP-INTERNAL', params: { problem: 'TypeError' } });
    assert.ok(!JSON.stringify(report).includes('canary'));
  });

  test('does not judge a link that takes too long, nor any after it', async () => {
    const slow = link('slow', () => new Promise(() => undefined), 0.02);
    assert.deepEqual(await states([slow, good('b')]), [
      'slow notChecked: There was no answer within 0.02 seconds.',
      'b notChecked: "slow" had no answer, and may be the reason for what comes after it.',
      'heard slow',
    ]);
  });

  test('tells a link that its time is over', async () => {
    let told: AbortSignal | undefined;
    const slow = link('slow', ({ signal }) => ((told = signal), new Promise(() => undefined)), 0.02);
    await states([slow]);
    assert.equal(told?.aborted, true);
  });

  test('ends at once when it is canceled, with the reason', async () => {
    const stop = new AbortController();
    const reason = new Error('canceled by the user');
    const slow = link('slow', () => {
      stop.abort(reason);
      return new Promise(() => undefined);
    });
    await assert.rejects(states([slow, good('b')], stop.signal), reason);
  });

  test('names in a fix what links before it found out', async () => {
    const teaches = link('teaches', async ({ notes }) => {
      notes.known['role'] = 'MANAGER';
      return ok();
    });
    const bad = link('bad', async () =>
      broken(new PassportError('DP-DATABASE-ROLE', { connection: 'c' }, { detail: '390186' }), { type: 'snowflake' }),
    );
    const [, report] = await runChain([teaches, bad], context(), () => undefined);
    assert.equal(report?.explanation?.type[0]?.text, 'GRANT ROLE MANAGER TO USER <user>;');
  });
});
