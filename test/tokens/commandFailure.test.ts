import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { failureOf, problemOf, type Programs, writePrograms } from './programs.ts';

const windows = process.platform === 'win32';

describe('A program that prints no credential', () => {
  let here: Programs;
  before(async () => {
    here = await writePrograms();
  });
  after(() => here.remove());

  it('is told by what was wrong with it, and nothing of it is shown', async () => {
    const json = (value: unknown): string => JSON.stringify(value);
    const past = '2020-01-01T00:00:00Z';
    const problems: readonly (readonly [printed: string, problem: string, settings?: object])[] = [
      ['', 'it printed nothing'],
      [' \r\n\n', 'it printed nothing'],
      ['CANARY1\nCANARY2\n', 'it printed several lines of text'],
      ['Please log in: CANARY', 'what it printed has characters that no token has'],
      ['CANARYé', 'what it printed has characters that no token has'],
      ['\u001b[32mCANARY\u001b[0m', 'what it printed has control characters'],
      ['CANARY\ttab', 'what it printed has control characters', { user: 'alice' }],
      ['{"accessToken": "CANARY"', 'what it printed is not a JSON object'],
      ['CANARY', 'what it printed is not a JSON object', { format: 'json' }],
      ['["CANARY"]', 'what it printed is not a JSON object', { format: 'json' }],
      [json({ secret: 'CANARY' }), 'it printed JSON that has a token in no known place: name it by tokenField'],
      [json({ accessToken: 42 }), 'the field accessToken is not a string'],
      [json({ accessToken: { CANARY: 1 } }), 'the field accessToken is not a string'],
      [json({ accessToken: '' }), 'the field accessToken is empty'],
      [json({ access_token: 'CANARY\u0000' }), 'the field access_token has control characters'],
      [json({ access_token: 'CANARY CANARY' }), 'the field access_token has characters that no token has'],
      [json({ accessToken: 'CANARY' }), 'the field data.token is missing', { tokenField: 'data.token' }],
      [json({}), 'the field __proto__.constructor is missing', { tokenField: '__proto__.constructor' }],
      [json({ access_token: 'CANARY' }), 'it printed no field ends', { expiresField: 'ends' }],
      [json({ access_token: 'CANARY', expiry: past }), 'what it printed has expired already'],
      [json({ accessToken: 'CANARY', expires_on: 1 }), 'what it printed has expired already'],
      [
        json({ access_token: 'CANARY', expiry: '2999-01-01T00:00:00' }),
        'the field expiry is not a time with its zone, nor a number of seconds',
      ],
      [
        json({ access_token: 'CANARY', expires_in: 'CANARY' }),
        'the field expires_in is not a time with its zone, nor a number of seconds',
      ],
    ];
    for (const [printed, problem, settings] of problems)
      assert.deepEqual([printed, await problemOf(here.printing(printed, settings))], [printed, problem]);
  });

  it('is told apart from one that prints no text at all', async () => {
    await here.script('bytes', `process.stdout.write(Buffer.from([0x43, 0x41, 0xff, 0xfe, 0x80]))`);
    assert.equal(await problemOf(here.start({ command: here.run('bytes') })), 'what it printed is not UTF-8 text');
  });

  it('is told by its exit code and the end of its complaint, without any secret in it', async () => {
    const secret = `CANARY${'x'.repeat(30)}`;
    await here.script(
      'failing',
      `process.stdout.write('CANARY-printed');
       console.error('\\u001b[31mERROR:\\u001b[0m Please run az login. CANARY-printed token=CANARY1 ' + ${JSON.stringify(secret)}
         + ' at /home/me/.azure/config (see https://aka.ms/azcli?code=CANARY2 )');
       process.exit(3);`,
    );
    const error = await failureOf(here.start({ command: here.run('failing') }));
    assert.deepEqual(
      [error.params['problem'], error.detail],
      [
        'it ended with exit code 3',
        'ERROR: Please run az login. … token=… at /home/me/.azure/config (see https://aka.ms/… )',
      ],
    );
    await here.script('crashing', `process.kill(process.pid, 'SIGKILL')`);
    if (!windows)
      assert.equal(await problemOf(here.start({ command: here.run('crashing') })), 'it was ended by SIGKILL');
  });
});
