import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { PassportError } from '../../src/core/errors.ts';
import { shortComplaint } from '../../src/tokens/command/complaint.ts';
import { environmentFor } from '../../src/tokens/command/environment.ts';
import { expiryIn } from '../../src/tokens/command/expiry.ts';
import { findProgram } from '../../src/tokens/command/find.ts';

const none = new Uint8Array();
const complaint = (text: string, more: { cut?: boolean; printed?: string } = {}): string | undefined =>
  shortComplaint({ text: Buffer.from(text), cut: more.cut ?? false, printed: Buffer.from(more.printed ?? '') });

test('A complaint keeps words, paths and addresses', () => {
  const kept = [
    "ERROR: Please run 'az login' to setup account.",
    'cannot open /home/alice/.config/gcloud/access_tokens.db',
    'see https://learn.microsoft.com/en-us/cli/azure for more',
    String.raw`cannot open C:\Users\alice\AppData\Local\token cache\db`,
    'Error: exit status 1 (code 42)',
  ];
  assert.deepEqual(
    kept.map((text) => complaint(text)),
    kept,
  );
});

test('A complaint loses whatever looks like a secret', () => {
  const jwt = 'eyJhbGciOiJub25l.eyJzdWIiOiJhbGljZSJ9.c2ln';
  const secrets: Record<string, string> = {
    [`token is ${jwt} now`]: 'token is … now',
    'short eyJh.eyJz.c2 jwt': 'short … jwt',
    'Authorization: Bearer abc': 'Authorization: Bearer …',
    'password=hunter2 and client_secret: "s3cret" end': 'password=… and client_secret: … end',
    'refresh_token = r-1, api-key:k2;': 'refresh_token = …, api-key:…;',
    'key AKIAIOSFODNN7EXAMPLEKEYS': 'key …',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY': '…',
    '/wJalrXUtnFEMI/K7MDENG/bPxRfiCY+AMPLEKEY': '…',
    'go to https://user:pass@host.example/a/b/c/d': 'go to …',
    'go to https://host.example/callback?code=1234567': 'go to https://host.example/…',
    'hook https://hooks.example/services/T0/B0/abcdefghijklmnopqrstuvwx': 'hook https://hooks.example/…',
    '("abcdefghijklmnopqrstuvwxyz")': '…',
    'a \u001b[31mred\u001b[0m\u0007 \u202eword\r\nand line': 'a red word and line',
  };
  assert.deepEqual(
    Object.keys(secrets).map((text) => [text, complaint(text)]),
    Object.entries(secrets),
  );
});

test('A complaint loses what the program printed for us, and the rest of a word that was cut', () => {
  assert.deepEqual(
    [
      complaint('printed hunter2 once', { printed: 'hunter2\n' }),
      complaint('half-a-secret the rest', { cut: true }),
      complaint('', { printed: 'x' }),
      shortComplaint({ text: none, cut: false, printed: none }),
    ],
    ['printed … once', 'the rest', undefined, undefined],
  );
});

test('A long complaint is shown from its end, and in good time', () => {
  const long = complaint(`${'word '.repeat(1000)}the end`) ?? '';
  assert.ok(long.length <= 300 && long.startsWith('…') && long.endsWith(' word the end'), long);
  for (const piece of ['a', '=', 'token', 'eyJ', '/', 'token=a ', '(', 'a-', 'Bearer '])
    assert.ok((complaint(piece.repeat(8192 / piece.length)) ?? '').length <= 301);
});

test('An expiry is read from numbers and from times with their zone', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  const at = (value: unknown, form: Parameters<typeof expiryIn>[1]): string | undefined => {
    const found = expiryIn(value, form, now);
    return found instanceof Date ? found.toISOString() : found;
  };
  const noon = '2026-06-01T13:00:00.000Z';
  assert.deepEqual(
    [
      at(now / 1000 + 3600, 'time'),
      at(now + 3_600_000, 'time'),
      at(String(now / 1000 + 3600), 'any'),
      at(3600, 'seconds'),
      at('3600', 'any'),
      at('2026-06-01T13:00:00Z', 'any'),
      at('2026-06-01T15:00:00.000000000+02:00', 'time'),
      at('2026-06-01 15:00:00 +0200', 'time'),
    ],
    Array.from({ length: 8 }, () => noon),
  );
  assert.deepEqual([at(0, 'seconds'), at(0, 'any'), at(0, 'time')], ['never', 'never', '1970-01-01T00:00:00.000Z']);
  const unreadable: readonly unknown[] = [
    undefined,
    null,
    {},
    true,
    Number.NaN,
    Infinity,
    -1,
    9e15,
    '',
    'tomorrow',
    '2026-06-01',
    '2026-06-01T13:00:00',
    '2026-99-01T13:00:00Z',
    '1e3',
  ];
  assert.deepEqual(
    unreadable.map((value) => at(value, 'any')),
    unreadable.map(() => undefined),
  );
  const local = new Date(2026, 5, 1, 13, 0, 0).toISOString();
  assert.deepEqual(
    [at('2026-06-01 13:00:00.000000', 'localTime'), at('2026-06-01T13:00:00Z', 'localTime'), at(3600, 'localTime')],
    [local, undefined, undefined],
  );
});

test('Of the environment only what is of the editor is left out, in whatever case', () => {
  assert.deepEqual(
    environmentFor({
      PATH: '/bin',
      node_options: 'x',
      Electron_Run_As_Node: '1',
      VSCODE_PID: '1',
      MY_VSCODE_DIR: 'kept',
      NODE_EXTRA_CA_CERTS: 'kept',
    }),
    { PATH: '/bin', MY_VSCODE_DIR: 'kept', NODE_EXTRA_CA_CERTS: 'kept' },
  );
});

test('On Windows an .exe is found, and a script is refused with a way around it', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'data-passport-find-'));
  try {
    const [scripts, programs] = [path.join(folder, 'scripts'), path.join(folder, 'programs')];
    for (const place of [scripts, programs]) await mkdir(place);
    for (const name of ['az.cmd', 'aws.cmd', 'tool.bat'])
      await writeFile(path.join(scripts, name), '', { mode: 0o755 });
    for (const name of ['aws.exe', 'python3.12.exe']) await writeFile(path.join(programs, name), '', { mode: 0o755 });
    const environment = { Path: `"${scripts}"${path.delimiter}${programs}` };
    const find = (name: string): Promise<string> =>
      findProgram(
        name,
        { platform: 'win32', environment },
        (problem) => new PassportError('DP-INTERNAL', { problem }),
      ).catch((error: unknown) => (error instanceof PassportError ? (error.params['problem'] ?? '') : String(error)));
    const refused = (name: string): string =>
      `${name} is a script for a shell, and none is used here: name the .exe that it starts, with its arguments`;
    assert.deepEqual(
      [
        await find('aws'),
        await find('python3.12'),
        await find('az'),
        await find('AZ.CMD'),
        await find('tool.bat'),
        await find(path.join(scripts, 'az.cmd')),
        await find('gcloud'),
      ],
      [
        path.join(programs, 'aws.exe'),
        path.join(programs, 'python3.12.exe'),
        refused('az.cmd'),
        // Names have no case on Windows, where this test is not run alone.
        process.platform === 'win32' ? refused('AZ.CMD') : missing,
        refused('tool.bat'),
        refused('az.cmd'),
        missing,
      ],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

const missing = 'it is not installed, or not in the PATH that the editor was started with';
