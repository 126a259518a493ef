import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { command } from '../../src/tokens/command.ts';
import { path as settingsPath } from './harness.ts';
import { saidBy, tokenIn, unsigned } from './outcome.ts';
import { problemOf, type Programs, writePrograms } from './programs.ts';

describe('A program prints the credential', () => {
  let here: Programs;
  before(async () => {
    here = await writePrograms();
  });
  after(() => here.remove());

  it('as one line of text, which the redactor knows before anybody uses it', async () => {
    const source = here.printing('ya29.token-1\r\n');
    const credential = await source.get();
    assert.deepEqual(
      [credential.reveal(), credential.expiresAt, new Set(source.known), source.asked],
      [{ kind: 'bearer', token: 'ya29.token-1' }, undefined, new Set(['ya29.token-1']), []],
    );
  });

  it('in the forms of the programs that are known', async () => {
    const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
    const seconds = end.getTime() / 1000;
    const iso = end.toISOString();
    const local = new Date(end.getTime() - end.getTimezoneOffset() * 60_000)
      .toISOString()
      .replace('T', ' ')
      .replace('Z', '');
    const forms: Record<string, readonly [printed: object, expiresAt: Date | undefined | 'later']> = {
      az: [
        { accessToken: 't', expiresOn: '1999-01-01 00:00:00.000000', expires_on: seconds, tokenType: 'Bearer' },
        end,
      ],
      'old az': [{ accessToken: 't', expiresOn: `${local}000`, subscription: 's' }, end],
      databricks: [{ access_token: 't', token_type: 'Bearer', expiry: iso.replace('.000Z', '.000000001+00:00') }, end],
      'a token response': [{ access_token: 't', expires_in: 3600 }, 'later'],
      gcloud: [{ configuration: {}, credential: { access_token: 't', token_expiry: iso } }, end],
      vault: [{ request_id: 'r', auth: { client_token: 't', lease_duration: 3600 } }, 'later'],
      'vault without end': [{ auth: { client_token: 't', lease_duration: 0 } }, undefined],
      kubectl: [{ kind: 'ExecCredential', status: { token: 't', expirationTimestamp: iso } }, end],
      'without an end': [{ access_token: 't', expiry: null }, undefined],
    };
    for (const [name, [printed, expected]] of Object.entries(forms)) {
      const source = here.printing(JSON.stringify(printed, undefined, 2));
      const { expiresAt, reveal } = await source.get();
      assert.deepEqual([name, reveal()], [name, { kind: 'bearer', token: 't' }]);
      if (expected === 'later') assert.ok(expiresAt && expiresAt.getTime() > Date.now() + 3_500_000, name);
      else assert.deepEqual([name, expiresAt], [name, expected]);
    }
  });

  it('in a form that the settings describe', async () => {
    const seconds = Math.ceil(Date.now() / 1000) + 3600;
    const printed = JSON.stringify({
      access_token: 'other',
      data: { token: 't', ends: String(seconds), inSeconds: 3600 },
    });
    const fields = { tokenField: 'data.token', expiresField: 'data.ends' };
    const { expiresAt, reveal } = await here.printing(printed, fields).get();
    const relative = await here.printing(printed, { ...fields, expiresField: 'data.inSeconds' }).get();
    assert.deepEqual([reveal(), expiresAt], [{ kind: 'bearer', token: 't' }, new Date(seconds * 1000)]);
    assert.ok(relative.expiresAt && relative.expiresAt.getTime() > Date.now() + 3_500_000);
    assert.deepEqual((await here.printing('{t}', { format: 'text' }).get()).reveal(), { kind: 'bearer', token: '{t}' });
  });

  it('as the password of a user, or as AWS credentials', async () => {
    const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
    const keys = { AccessKeyId: 'ASIA1', SecretAccessKey: 'CANARY-key', SessionToken: 'CANARY-session' };
    const process_ = { Version: 1, ...keys, Expiration: end.toISOString().replace('.000Z', '+00:00') };
    const sts = { Credentials: { ...keys, Expiration: end.toISOString() }, AssumedRoleUser: {} };
    const aws = {
      kind: 'aws',
      accessKeyId: 'ASIA1',
      secretAccessKey: 'CANARY-key',
      sessionToken: 'CANARY-session',
      region: 'eu-central-1',
    };
    for (const printed of [process_, sts]) {
      const source = here.printing(JSON.stringify(printed), { region: 'eu-central-1' });
      const { expiresAt, reveal } = await source.get();
      assert.deepEqual([reveal(), expiresAt], [aws, end]);
      assert.deepEqual(new Set(source.known), new Set(['CANARY-key', 'CANARY-session']));
    }
    const { reveal } = await here.printing('pass wörd\n', { user: 'alice' }).get();
    assert.deepEqual(reveal(), { kind: 'password', user: 'alice', password: 'pass wörd' });
    assert.deepEqual(
      [{}, { user: 'alice' }, { region: 'eu-central-1' }].map((more) => command.gives({ command: ['az'], ...more })),
      ['bearer', 'password', 'aws'],
    );
    const long = { AccessKeyId: 'AKIA1', SecretAccessKey: 'CANARY' };
    assert.equal(
      await problemOf(here.printing(JSON.stringify(long), { region: 'eu-central-1' })),
      'the field SessionToken is missing',
    );
  });

  it('and is run again when the credential ends or was refused, and not before', async () => {
    const counter = path.join(here.folder, 'counter');
    await here.script(
      'counting',
      `const { readFileSync, writeFileSync } = require('node:fs');
       let count = 0;
       try { count = Number(readFileSync(process.argv[2], 'utf8')); } catch {}
       writeFileSync(process.argv[2], String(count + 1));
       console.log(JSON.stringify({ access_token: 'token-' + Math.max(1, count), expires_in: 600 }));`,
    );
    const source = here.start({ command: here.run('counting', counter) });
    const seen: string[] = [];
    const ids: string[] = [];
    const note = async (wish?: { rejected: string }): Promise<void> => {
      const credential = await source.get(wish);
      seen.push(tokenIn(credential));
      ids.push(credential.id);
    };
    await note();
    await note();
    await note({ rejected: ids[0] ?? '' });
    source.later(595);
    await note();
    assert.deepEqual(
      // The second run has the same token from a cache of its own: nothing new to try.
      { seen, runs: await readFile(counter, 'utf8'), same: ids[2] === ids[0], other: ids[3] !== ids[0] },
      { seen: ['token-1', 'token-1', 'token-1', 'token-2'], runs: '3', same: true, other: true },
    );
    const elsewhere = await here.printing('token-2').get();
    assert.equal(
      ids.some((id) => id.includes('token')),
      false,
    );
    assert.equal(elsewhere.id, ids[3]);
  });

  it('and a token that is not said to end lives as long as the settings say', async () => {
    const source = here.printing('opaque', { lifetimeSeconds: 300 });
    const { expiresAt } = await source.get();
    assert.ok(expiresAt && expiresAt.getTime() <= source.now() + 300_000);
    const exp = Math.ceil(Date.now() / 1000) + 60;
    const said = await here.printing(unsigned({ exp }), { lifetimeSeconds: 300 }).get();
    assert.deepEqual(said.expiresAt, new Date(exp * 1000));
  });

  it('and a JWT must have the audience that the settings name, and must not be over', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 600;
    const good = await here.printing(unsigned({ aud: ['a', 'b'], exp }), { audience: 'b' }).get();
    assert.deepEqual([good.audience, good.expiresAt], ['b', new Date(exp * 1000)]);
    const [other, old] = [unsigned({ aud: 'c', exp }), unsigned({ exp: 1_700_000_000 })];
    const claim = (params: object) => ({
      code: 'DP-TOKEN-CLAIM',
      params: { connection: 'sales', path: `${settingsPath}.audience`, ...params },
    });
    assert.deepEqual(
      [
        saidBy(await here.printing(other, { audience: 'b' }).fails(), [other]),
        saidBy(await here.printing(old).fails(), [old]),
      ],
      [
        claim({ claim: 'aud', expected: 'b', actual: '"c"' }),
        claim({ claim: 'exp', expected: 'a time to come', actual: '"2023-11-14T22:13:20.000Z"' }),
      ],
    );
  });

  it('as the settings name it: a program with its arguments, not a line for a shell', () => {
    const good = [['az'], ['az', 'account', 'get-access-token', '; rm -rf /'], [process.execPath, '']];
    const bad = [[], [''], ['./az'], ['bin/az'], ['..\\az'], ['~/bin/az'], 'az account'];
    assert.deepEqual(
      [...good, ...bad].map((command_) => command.settings.safeParse({ command: command_ }).success),
      [...good.map(() => true), ...bad.map(() => false)],
    );
    const more = [
      { timeoutSeconds: 121 },
      { timeoutSeconds: 0 },
      { lifetimeSeconds: 86_401 },
      { lifetimeSeconds: 0 },
      { region: 'EU-CENTRAL-1' },
      { region: 'nowhere' },
      { user: 'a', region: 'eu-central-1' },
      { tokenField: 'a..b' },
      { shell: true },
    ];
    assert.deepEqual(
      more.map((settings) => command.settings.safeParse({ command: ['az'], ...settings }).success),
      more.map(() => false),
    );
    // Whatever has a region for the AWS source has one here.
    assert.ok(command.settings.safeParse({ command: ['aws'], region: 'eusc-de-east-1' }).success);
    assert.deepEqual(command.program?.(command.settings.parse({ command: ['az', 'account'] })), ['az', 'account']);
  });
});
