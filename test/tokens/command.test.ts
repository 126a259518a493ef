import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { tokenOf } from '../../src/core/credential.ts';
import type { PassportError } from '../../src/core/errors.ts';
import { command } from '../../src/tokens/command.ts';
import { path as settingsPath, type RunningSource, startSource } from './harness.ts';

const windows = process.platform === 'win32';
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString());
const jwt = (claims: object): string => `${encode({ alg: 'none' })}.${encode(claims)}.c2lnbmF0dXJl`;

/** Prints its argument, or what the code does with it. */
const printer = `process.stdout.write(process.argv[2] ?? '')`;
const reporter = `
  let input = '';
  process.stdin.on('data', (chunk) => (input += chunk)).on('end', () => {
    const report = { args: process.argv.slice(2), folder: process.cwd(), input, terminal: process.stdin.isTTY ?? false,
      environment: Object.keys(process.env).sort() };
    console.log(Buffer.from(JSON.stringify(report)).toString('base64url'));
  });`;
/** Writes its own process id and that of a child into a file, then neither of them ever ends. */
const hanging = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
  require('node:fs').writeFileSync(process.argv[2], JSON.stringify([process.pid, child.pid]));
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1000);`;

describe('A program prints the credential', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'data-passport-command-'));
    for (const [name, code] of Object.entries({ printer, reporter, hanging })) await script(name, code);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function script(name: string, code: string): Promise<string> {
    await writeFile(file(name), code);
    return file(name);
  }
  const file = (name: string): string => path.join(folder, `${name}.cjs`);
  const run = (name: string, ...args: readonly string[]): readonly string[] => [process.execPath, file(name), ...args];
  const start = (settings: object): RunningSource => startSource(command, { name: 'command', settings });
  const printing = (text: string, settings: object = {}): RunningSource =>
    start({ command: run('printer', text), ...settings });

  async function fails(source: RunningSource): Promise<PassportError> {
    const error = await source.fails();
    const told = JSON.stringify([error.facts(), error.message, error.fix, String(error.cause)]);
    assert.doesNotMatch(told, /CANARY/);
    return error;
  }

  async function problemOf(source: RunningSource): Promise<string> {
    const { code, params } = await fails(source);
    const { problem = '', ...others } = params;
    assert.deepEqual(
      { code, others },
      {
        code: 'DP-COMMAND-FAILED',
        others: { program: process.execPath, connection: 'sales', path: `${settingsPath}.command` },
      },
    );
    return problem;
  }

  it('as one line of text, which the redactor knows before anybody uses it', async () => {
    const source = printing('ya29.token-1\r\n');
    const credential = await source.get();
    assert.deepEqual(
      [credential.reveal(), credential.expiresAt, new Set(source.known), source.asked],
      [{ kind: 'bearer', token: 'ya29.token-1' }, undefined, new Set(['ya29.token-1']), []],
    );
  });

  it('and gets its arguments as they are written: there is no shell', async () => {
    const trap = path.join(folder, 'trap');
    const args = [
      `; touch ${trap}`,
      `$(touch ${trap})`,
      `\`touch ${trap}\``,
      `&& touch ${trap} #`,
      `| tee ${trap}`,
      `> ${trap}`,
      '$HOME %PATH% ~ *',
      `a "b" 'c' \\d`,
      'line\nfeed',
      '',
      'é\u{1F600}',
    ];
    const token = tokenOf((await start({ command: run('reporter', ...args) }).get()).reveal()) ?? '';
    assert.deepEqual((decode(token) as { args: unknown }).args, args);
    await assert.rejects(readFile(trap), { code: 'ENOENT' });
  });

  it('in the home of the user, without input, and without what the editor put into the environment', async () => {
    const added = [
      'NODE_OPTIONS',
      'ELECTRON_RUN_AS_NODE',
      'VSCODE_IPC_HOOK',
      'VSCODE_GIT_ASKPASS_MAIN',
      'DATA_PASSPORT_X',
      'MY_OWN',
    ];
    for (const name of added) process.env[name] = name === 'NODE_OPTIONS' ? '--no-warnings' : '1';
    try {
      const token = tokenOf((await start({ command: run('reporter') }).get()).reveal()) ?? '';
      const { environment, ...report } = decode(token) as { environment: readonly string[] };
      assert.deepEqual(report, { args: [], folder: homedir(), input: '', terminal: false });
      assert.deepEqual(
        added.filter((name) => environment.includes(name)),
        ['MY_OWN'],
      );
      assert.equal(
        environment.some((name) => name.toUpperCase() === 'PATH'),
        true,
      );
    } finally {
      for (const name of added) delete process.env[name];
    }
  });

  it('and does not read what is typed for the editor', async () => {
    const url = pathToFileURL(path.resolve(import.meta.dirname, '../../src/tokens/command/run.ts')).href;
    const run_ = { file: process.execPath, args: [file('reporter')], environment: {}, seconds: 20 };
    const code = `import { runProgram } from '${url}';
      process.stdout.write(await runProgram(${JSON.stringify(run_)}, (problem) => new Error(problem)));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], { input: 'CANARY' });
    assert.equal((decode(printed.toString()) as { input: string }).input, '');
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
      const source = printing(JSON.stringify(printed, undefined, 2));
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
    const { expiresAt, reveal } = await printing(printed, fields).get();
    const relative = await printing(printed, { ...fields, expiresField: 'data.inSeconds' }).get();
    assert.deepEqual([reveal(), expiresAt], [{ kind: 'bearer', token: 't' }, new Date(seconds * 1000)]);
    assert.ok(relative.expiresAt && relative.expiresAt.getTime() > Date.now() + 3_500_000);
    assert.deepEqual((await printing('{t}', { format: 'text' }).get()).reveal(), { kind: 'bearer', token: '{t}' });
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
      const source = printing(JSON.stringify(printed), { region: 'eu-central-1' });
      const { expiresAt, reveal } = await source.get();
      assert.deepEqual([reveal(), expiresAt], [aws, end]);
      assert.deepEqual(new Set(source.known), new Set(['CANARY-key', 'CANARY-session']));
    }
    const { reveal } = await printing('pass wörd\n', { user: 'alice' }).get();
    assert.deepEqual(reveal(), { kind: 'password', user: 'alice', password: 'pass wörd' });
    assert.deepEqual(
      [{}, { user: 'alice' }, { region: 'eu-central-1' }].map((more) => command.gives({ command: ['az'], ...more })),
      ['bearer', 'password', 'aws'],
    );
    const long = { AccessKeyId: 'AKIA1', SecretAccessKey: 'CANARY' };
    assert.equal(
      await problemOf(printing(JSON.stringify(long), { region: 'eu-central-1' })),
      'the field SessionToken is missing',
    );
  });

  it('and is run again when the credential ends or was refused, and not before', async () => {
    const counter = path.join(folder, 'counter');
    await script(
      'counting',
      `const { readFileSync, writeFileSync } = require('node:fs');
       let count = 0;
       try { count = Number(readFileSync(process.argv[2], 'utf8')); } catch {}
       writeFileSync(process.argv[2], String(count + 1));
       console.log(JSON.stringify({ access_token: 'token-' + Math.max(1, count), expires_in: 600 }));`,
    );
    const source = start({ command: run('counting', counter) });
    const seen: string[] = [];
    const ids: string[] = [];
    const note = async (wish?: { rejected: string }): Promise<void> => {
      const { id, reveal } = await source.get(wish);
      seen.push(tokenOf(reveal()) ?? '');
      ids.push(id);
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
    const elsewhere = await printing('token-2').get();
    assert.equal(
      ids.some((id) => id.includes('token')),
      false,
    );
    assert.equal(elsewhere.id, ids[3]);
  });

  it('and a token that is not said to end lives as long as the settings say', async () => {
    const source = printing('opaque', { lifeSeconds: 300 });
    const { expiresAt } = await source.get();
    assert.ok(expiresAt && expiresAt.getTime() <= source.now() + 300_000);
    const exp = Math.ceil(Date.now() / 1000) + 60;
    const said = await printing(jwt({ exp }), { lifeSeconds: 300 }).get();
    assert.deepEqual(said.expiresAt, new Date(exp * 1000));
  });

  it('and a JWT must have the audience that the settings name, and must not be over', async () => {
    const exp = Math.ceil(Date.now() / 1000) + 600;
    const good = await printing(jwt({ aud: ['a', 'b'], exp }), { audience: 'b' }).get();
    assert.deepEqual([good.audience, good.expiresAt], ['b', new Date(exp * 1000)]);
    const source = printing(jwt({ aud: 'c', exp, note: 'CANARY' }), { audience: 'b' });
    const wrong = await fails(source);
    const over = await fails(printing(jwt({ exp: 1_700_000_000 })));
    assert.deepEqual(
      [wrong.code, wrong.params, over.code, over.params['claim'], source.known.length],
      [
        'DP-TOKEN-CLAIM',
        { connection: 'sales', path: `${settingsPath}.audience`, claim: 'aud', expected: 'b', actual: '"c"' },
        'DP-TOKEN-CLAIM',
        'exp',
        1,
      ],
    );
  });

  it('or there is an error that says what was wrong with it, and shows nothing of it', async () => {
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
      assert.deepEqual([printed, await problemOf(printing(printed, settings))], [printed, problem]);
  });

  it('or there is an error when it is not text at all', async () => {
    await script('bytes', `process.stdout.write(Buffer.from([0x43, 0x41, 0xff, 0xfe, 0x80]))`);
    assert.equal(await problemOf(start({ command: run('bytes') })), 'what it printed is not UTF-8 text');
  });

  it('or there is an error when it fails, with the end of its complaint and no secret in it', async () => {
    const secret = `CANARY${'x'.repeat(30)}`;
    await script(
      'failing',
      `process.stdout.write('CANARY-printed');
       console.error('\\u001b[31mERROR:\\u001b[0m Please run az login. CANARY-printed token=CANARY1 ' + ${JSON.stringify(secret)}
         + ' at /home/me/.azure/config (see https://aka.ms/azcli?code=CANARY2 )');
       process.exit(3);`,
    );
    const error = await fails(start({ command: run('failing') }));
    assert.deepEqual(
      [error.params['problem'], error.detail],
      [
        'it ended with exit code 3',
        'ERROR: Please run az login. … token=… at /home/me/.azure/config (see https://aka.ms/… )',
      ],
    );
    await script('crashing', `process.kill(process.pid, 'SIGKILL')`);
    if (!windows) assert.equal(await problemOf(start({ command: run('crashing') })), 'it was ended by SIGKILL');
  });

  it('or it is killed when it prints too much, however fast', async () => {
    await script(
      'flood',
      `const chunk = 'CANARY'.repeat(10_000); const go = () => { while (process.stdout.write(chunk)); process.stdout.once('drain', go); }; go();`,
    );
    await script('large', `process.stdout.write('C'.repeat(10 * 1024 * 1024))`);
    await script('just', `process.stdout.write('C'.repeat(64 * 1024))`);
    await script('noisy', `process.stderr.write('CANARY '.repeat(1_500_000)); process.stdout.write('t')`);
    const problem = 'it printed more than 64 KiB';
    assert.equal(await problemOf(start({ command: run('flood') })), problem);
    assert.equal(await problemOf(start({ command: run('large') })), problem);
    assert.equal((await start({ command: run('just') }).get()).kind, 'bearer');
    assert.equal((await start({ command: run('noisy') }).get()).kind, 'bearer');
  });

  it('or it is killed with its children when its time is over', async () => {
    const pids = path.join(folder, 'late');
    const error = await fails(start({ command: run('hanging', pids), seconds: 1 }));
    assert.equal(error.params['problem'], 'it took longer than 1 seconds');
    await assertGone(pids);
  });

  it('or it is killed with its children when nobody waits for it any more', async () => {
    const pids = path.join(folder, 'aborted');
    const controller = new AbortController();
    const reason = new Error('enough');
    const minting = mintOnce(run('hanging', pids), controller.signal);
    while ((await readFile(pids, 'utf8').catch(() => '')) === '') await sleep(20);
    controller.abort(reason);
    await assert.rejects(minting, reason);
    await assertGone(pids);
    await assert.rejects(mintOnce(run('hanging', path.join(folder, 'never')), controller.signal), reason);
    await assert.rejects(readFile(path.join(folder, 'never')), { code: 'ENOENT' });
  });

  it('and a child that it leaves behind with its output open is not waited for', async () => {
    const pids = path.join(folder, 'left');
    await script(
      'leaving',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
       require('node:fs').writeFileSync(process.argv[2], JSON.stringify([child.pid]));
       process.stdout.write('token', () => process.exit(0));`,
    );
    const { reveal } = await start({ command: run('leaving', pids), seconds: 60 }).get();
    assert.deepEqual(reveal(), { kind: 'bearer', token: 'token' });
    for (const pid of JSON.parse(await readFile(pids, 'utf8')) as number[]) process.kill(pid, 'SIGKILL');
  });

  it('and is found in the PATH by its name, but never in a folder that is not a whole path', async (t) => {
    if (windows) return t.skip('scripts are no programs there');
    const bin = path.join(folder, 'bin');
    await mkdir(bin);
    const name = `data-passport-${process.pid}`;
    const program = (token: string): string => `#!${process.execPath}\nprocess.stdout.write('${token}')`;
    await writeFile(path.join(bin, name), program('found'), { mode: 0o755 });
    await writeFile(path.join(bin, `${name}-plain`), program('CANARY'), { mode: 0o644 });
    const before = { path: process.env['PATH'], folder: process.cwd() };
    const missing = 'it is not installed, or not in the PATH that the editor was started with';
    const problem = async (program: string): Promise<string | undefined> =>
      (await start({ command: [program] }).fails()).params['problem'];
    process.chdir(bin);
    try {
      process.env['PATH'] = ['.', '', 'bin', path.join(folder, 'no such'), bin].join(path.delimiter);
      assert.deepEqual((await start({ command: [name] }).get()).reveal(), { kind: 'bearer', token: 'found' });
      process.env['PATH'] = ['.', '', '../bin'].join(path.delimiter);
      assert.equal(await problem(name), missing);
      process.env['PATH'] = bin;
      assert.equal(await problem(`${name}-plain`), missing);
    } finally {
      process.chdir(before.folder);
      process.env['PATH'] = before.path;
    }
    assert.equal(await problem(path.join(bin, `${name}-plain`)), 'the file may not be executed');
    assert.equal(await problem(path.join(bin, 'absent')), 'there is no such file');
    assert.equal(await problem(bin), 'it is not a file');
    await writeFile(path.join(bin, 'lost'), '#!/no/such/interpreter\n', { mode: 0o755 });
    assert.equal(await problem(path.join(bin, 'lost')), 'it can not be started (ENOENT)');
    assert.equal(
      (await start({ command: run('printer', 'nul\u0000') }).fails()).params['problem'],
      'it can not be started (ERR_INVALID_ARG_VALUE)',
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
      { seconds: 121 },
      { seconds: 0 },
      { user: 'a', region: 'eu-central-1' },
      { tokenField: 'a..b' },
      { shell: true },
    ];
    assert.deepEqual(
      more.map((settings) => command.settings.safeParse({ command: ['az'], ...settings }).success),
      more.map(() => false),
    );
    assert.deepEqual(command.program?.(command.settings.parse({ command: ['az', 'account'] })), ['az', 'account']);
  });
});

/** Minting without a cache in between, which would let the run go on for others. */
async function mintOnce(argv: readonly string[], signal: AbortSignal): Promise<unknown> {
  if (command.from !== 'own') throw new Error('A program needs no sign-in.');
  return command.mint({
    settings: command.settings.parse({ command: argv }),
    need: { scopes: [] },
    connection: 'sales',
    path: settingsPath,
    signal,
    ports: { clock: Date, fetch: () => assert.fail('nothing is fetched'), know: () => undefined },
    secret: () => assert.fail('no secret is asked for'),
  });
}

async function assertGone(file: string): Promise<void> {
  const pids = JSON.parse(await readFile(file, 'utf8')) as readonly number[];
  const alive = (): readonly number[] =>
    pids.filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
  for (let tries = 0; tries < 100 && alive().length > 0; tries += 1) await sleep(50);
  assert.deepEqual([pids.length, alive()], [2, []]);
}
