import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';

import { DatabaseError } from 'pg';

import { connectors } from '../../src/connectors/index.ts';
import type { PostgresSettings } from '../../src/connectors/postgres.ts';
import { loginFailure, statementFailure } from '../../src/connectors/postgres/failures.ts';
import { PostgresLoginError } from '../../src/connectors/postgres/tokenClient.ts';
import type { SnowflakeSettings } from '../../src/connectors/snowflake.ts';
import * as snowflake from '../../src/connectors/snowflake/failures.ts';
import { type ErrorCode, PassportError } from '../../src/core/errors.ts';

const token = 'header.secret-payload.signature';

function databaseError(fields: Partial<DatabaseError>): DatabaseError {
  return Object.assign(new DatabaseError(fields.message ?? 'no', 2, 'error'), fields);
}

describe('What PostgreSQL says of a login', () => {
  const settings = (role?: string): PostgresSettings =>
    connectors['postgres']?.settings.parse({
      host: 'db.example',
      database: 'd',
      ...(role !== undefined && { role }),
    }) as PostgresSettings;
  const told = (error: unknown, role?: string): PassportError =>
    loginFailure(error, { connection: 'coffee', settings: settings(role), user: 'alice', token });
  const coded = (code: string): Error => Object.assign(new Error('failed'), { code });

  const cases: readonly (readonly [title: string, error: unknown, code: ErrorCode, role?: string])[] = [
    ['a refused token', databaseError({ code: '28000' }), 'DP-DATABASE-REFUSED'],
    ['a refused password', databaseError({ code: '28P01' }), 'DP-DATABASE-REFUSED'],
    [
      'a role that is not granted',
      databaseError({ code: '42501', routine: 'call_string_check_hook' }),
      'DP-DATABASE-ROLE',
      'boss',
    ],
    ['a role that does not exist', databaseError({ code: '22023' }), 'DP-DATABASE-ROLE', 'boss'],
    [
      'a database that may not be entered',
      databaseError({ code: '42501', routine: 'CheckMyDatabase' }),
      'DP-DATABASE-PERMISSION',
      'boss',
    ],
    ['a database that does not exist', databaseError({ code: '3D000' }), 'DP-DATABASE-PERMISSION'],
    ['too many connections', databaseError({ code: '53300' }), 'DP-DATABASE-UNREACHABLE'],
    ['a server that starts up', databaseError({ code: '57P03' }), 'DP-DATABASE-UNREACHABLE'],
    ['an unknown host', coded('ENOTFOUND'), 'DP-DATABASE-UNREACHABLE'],
    ['an expired certificate', coded('CERT_HAS_EXPIRED'), 'DP-DATABASE-CERTIFICATE'],
    ['a server without TLS', new Error('The server does not support SSL connections'), 'DP-DATABASE-INSECURE'],
    ['silence', new Error('timeout expired'), 'DP-DATABASE-UNREACHABLE'],
    ['a server that hangs up', new Error('Connection terminated unexpectedly'), 'DP-DATABASE-UNREACHABLE'],
    ['a line that is not private', new PostgresLoginError('insecure', 'x'), 'DP-DATABASE-INSECURE'],
    ['a server that wants a stored password', new PostgresLoginError('method', 'x'), 'DP-DATABASE-REFUSED'],
    ['a token that is none', new PostgresLoginError('token', 'x'), 'DP-TOKEN-INVALID'],
    ['a server that speaks something else', new PostgresLoginError('protocol', 'x'), 'DP-DATABASE-UNREACHABLE'],
    ['no credential', new PassportError('DP-SIGN-IN-REQUIRED', { provider: 'lab' }), 'DP-SIGN-IN-REQUIRED'],
  ];
  for (const [title, error, code, role] of cases) {
    it(`is ${code} for ${title}`, () => {
      const { code: actual, message } = told(error, role);
      assert.deepEqual([actual, message.includes('{')], [code, false]);
    });
  }

  it('never repeats the token, even where the server does', () => {
    const error = told(databaseError({ code: '28000', message: `bad token "${token}"` }));
    assert.equal(`${error.message} ${error.detail ?? ''}`.includes(token), false);
    assert.match(error.detail ?? '', /^bad token "…" \(28000\)\. Login as alice\. /);
  });
});

describe('What PostgreSQL says of a statement', () => {
  const told = (error: unknown, elapsed = 10): PassportError =>
    statementFailure(error, { connection: 'coffee', text: 'a\nbc', offset: 4, seconds: 5, elapsed });
  const cases: readonly (readonly [fields: Partial<DatabaseError>, code: ErrorCode])[] = [
    [{ code: '42501' }, 'DP-DATABASE-PERMISSION'],
    [{ code: '42P01' }, 'DP-DATABASE-PERMISSION'],
    [{ code: '3F000' }, 'DP-DATABASE-PERMISSION'],
    [{ code: '42703' }, 'DP-DATABASE-STATEMENT'],
    [{ code: '42601' }, 'DP-DATABASE-STATEMENT'],
    [{ code: '22012' }, 'DP-DATABASE-STATEMENT'],
    [{ code: '25006' }, 'DP-READ-ONLY'],
    [{ code: '57014' }, 'DP-QUERY-CANCELED'],
    [{ code: '57P01' }, 'DP-DATABASE-LOST'],
    [{ code: '08006' }, 'DP-DATABASE-LOST'],
    [{ code: 'XX000', severity: 'FATAL' }, 'DP-DATABASE-LOST'],
  ];
  for (const [fields, code] of cases) {
    it(`is ${code} for ${Object.values(fields).join(' ')}`, () => {
      assert.equal(told(databaseError(fields)).code, code);
    });
  }

  it('is a time-out when the time is over', () => {
    assert.equal(told(databaseError({ code: '57014' }), 5000).code, 'DP-QUERY-TIMEOUT');
  });

  it('is a lost session when it is no answer of the database', () => {
    assert.equal(told(new Error('read ECONNRESET')).code, 'DP-DATABASE-LOST');
  });

  it('keeps little of what the server says, and no control characters', () => {
    const endless = '\u0007x\u001B[31m'.repeat(1_000_000);
    for (const code of ['22P02', '25006', '57P01']) {
      const error = told(databaseError({ code, message: endless, detail: endless, hint: endless, position: '5' }));
      assert.ok(error.message.length < 400, `${error.message.length}`);
      assert.ok(Buffer.byteLength(error.detail ?? '') <= 2048);
      assert.match(error.detail ?? '', /x… at line 1, column 1 \(.{5}\)\. x/);
      assert.doesNotMatch(`${error.message}${error.detail ?? ''}`, /\p{Cc}/u);
    }
  });

  it('keeps class and code of the cause and nothing that the driver hangs on it', () => {
    const error = told(Object.assign(databaseError({ code: '42601', message: 'bad secret' }), { query: 'secret' }));
    assert.doesNotMatch(inspect(error.cause, { depth: 9, showHidden: true }), /secret/);
    const { name, code } = error.cause as Error & { code: string };
    assert.deepEqual([name, code], ['error', '42601']);
  });

  it('says where, counted in the text that the user wrote, and adds the hint', () => {
    const detail = (position: string): string | undefined =>
      told(databaseError({ code: '42601', message: 'bad', position, hint: 'Try else.' })).detail;
    assert.deepEqual(['5', '7', '8', '9', '10', '2', ''].map(detail), [
      'bad at line 1, column 1 (42601). Try else.',
      'bad at line 2, column 1 (42601). Try else.',
      'bad at line 2, column 2 (42601). Try else.',
      'bad at line 2, column 3 (42601). Try else.',
      'bad (42601). Try else.',
      'bad (42601). Try else.',
      'bad (42601). Try else.',
    ]);
  });
});

describe('What Snowflake and its driver say', () => {
  const settings = connectors['snowflake']?.settings.parse({ account: 'a' }) as SnowflakeSettings;
  const driverError = (code: string | number | undefined, message = 'no', more: object = {}): Error =>
    Object.assign(new Error(message), { ...(code !== undefined && { code }), ...more });
  const atLogin = (error: unknown): PassportError =>
    snowflake.loginFailure(error, { connection: 'coffee', settings, token });
  const ofStatement = (error: unknown, accepted = false): PassportError =>
    snowflake.statementFailure(error, { connection: 'coffee', seconds: 5, settings, linesBefore: 1, accepted });

  const logins: readonly (readonly [title: string, error: Error, code: ErrorCode])[] = [
    ['an unknown host', driverError(401001, 'x', { cause: { code: 'ENOTFOUND' } }), 'DP-DATABASE-UNREACHABLE'],
    [
      'an unknown certificate',
      driverError(401001, 'x', { cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } }),
      'DP-DATABASE-CERTIFICATE',
    ],
    [
      'a role in an error that has no code of its own',
      driverError('390999', "The role 'X' was filtered."),
      'DP-DATABASE-ROLE',
    ],
    ['an error without a code', driverError(undefined, ''), 'DP-DATABASE-UNREACHABLE'],
    ['a wrong account', driverError(401002, 'Request failed.'), 'DP-DATABASE-UNREACHABLE'],
  ];
  for (const [title, error, code] of logins) {
    it(`is ${code} at login for ${title}`, () => assert.equal(atLogin(error).code, code));
  }

  it('never has the token in it', () => {
    const error = atLogin(driverError('390303', `Invalid token ${token}`));
    assert.equal(`${error.message} ${error.detail ?? ''}`.includes(token), false);
  });

  const statements: readonly (readonly [code: string | number, accepted: boolean, expected: ErrorCode])[] = [
    ['002003', true, 'DP-DATABASE-PERMISSION'],
    ['003001', true, 'DP-DATABASE-PERMISSION'],
    ['001003', true, 'DP-DATABASE-STATEMENT'],
    ['000008', true, 'DP-DATABASE-STATEMENT'],
    ['003013', true, 'DP-DATABASE-ROLE'],
    ['000604', true, 'DP-QUERY-CANCELED'],
    ['000630', true, 'DP-QUERY-TIMEOUT'],
    ['000606', true, 'DP-SETTING-INVALID'],
    [407002, false, 'DP-DATABASE-UNREACHABLE'],
    ['390114', false, 'DP-DATABASE-UNREACHABLE'],
    [407002, true, 'DP-DATABASE-LOST'],
    [401001, false, 'DP-DATABASE-LOST'],
    [402001, true, 'DP-DATABASE-LOST'],
  ];
  for (const [code, accepted, expected] of statements) {
    it(`is ${expected} for ${code} ${accepted ? 'after' : 'before'} the statement was taken`, () => {
      assert.equal(ofStatement(driverError(code), accepted).code, expected);
    });
  }

  it('keeps little of what the server says, and nothing that the driver hangs on its errors', () => {
    const endless = 'secret\u001B '.repeat(1_000_000);
    const more = { data: { queryId: endless }, config: { headers: 'secret' }, cause: { code: endless } };
    for (const error of [
      ofStatement(driverError('001003', endless, more), true),
      ofStatement(driverError('003013', `'${endless}'`, more), true),
      atLogin(driverError('390303', endless, more)),
      atLogin(driverError(401001, endless, more)),
      atLogin(driverError(401002, endless, more)),
      atLogin(driverError(endless, endless, more)),
    ]) {
      const words = `${error.message}${error.detail ?? ''}`;
      assert.ok(words.length < 4096, `${words.length}`);
      assert.doesNotMatch(words, /[^\P{Cc}\n]/u);
      assert.doesNotMatch(inspect(error.cause, { depth: 9, showHidden: true }), /secret/);
    }
  });

  it('counts lines in the statement as it was written, and names the query', () => {
    const message = "SQL compilation error:\nsyntax error line 3 at position 4 unexpected 'x'.";
    const error = ofStatement(driverError('001003', message, { data: { queryId: '01b' } }), true);
    assert.equal(
      error.detail,
      "SQL compilation error:\nsyntax error line 2 at position 4 unexpected 'x'. (001003) Query id 01b.",
    );
  });
});
