import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Column } from 'snowflake-sdk';

import { asFloat, asInteger } from '../../src/connectors/exactNumbers.ts';
import { converterFor as postgresConverter } from '../../src/connectors/postgres/cells.ts';
import { firstWord } from '../../src/connectors/postgres/firstWord.ts';
import { startupOptions } from '../../src/connectors/postgres/login.ts';
import { columnOf, compactJson, converterFor } from '../../src/connectors/snowflake/cells.ts';
import { containing, identifier, literal, meant, quoted } from '../../src/connectors/snowflake/names.ts';

test('A whole number is a number where JSON holds it exactly, and text elsewhere', () => {
  const cases: readonly (readonly [string, string | number])[] = [
    ['0', 0],
    ['-7', -7],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
    ['1.50', '1.50'],
    ['2.00', '2.00'],
    ['007', '007'],
    ['-0', '-0'],
    ['1e3', '1e3'],
    ['NaN', 'NaN'],
    ['', ''],
  ];
  for (const [text, expected] of cases) assert.equal(asInteger(text), expected);
});

test('A float is a number unless JSON has none like it', () => {
  const cases: readonly (readonly [string, string | number])[] = [
    ['0.1', 0.1],
    ['1e+308', 1e308],
    ['5e-324', 5e-324],
    ['-0', '-0'],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['-Infinity', '-Infinity'],
    ['inf', 'inf'],
  ];
  for (const [text, expected] of cases) assert.equal(asFloat(text), expected);
});

test('PostgreSQL values keep the text of the database unless they are numbers or booleans', () => {
  const cases: readonly (readonly [number, string, unknown])[] = [
    [16, 't', true],
    [16, 'f', false],
    [20, '12', 12],
    [1700, '12', 12],
    [1700, '12.0', '12.0'],
    [701, '0.5', 0.5],
    [25, '12', '12'],
    [25, 't', 't'],
    [1082, '2026-01-02', '2026-01-02'],
    [1007, '{1,2}', '{1,2}'],
    [999_999, '1', '1'],
  ];
  for (const [oid, text, expected] of cases) assert.equal(postgresConverter(oid)(text), expected);
});

test('Start-up options can not be left by a role’s name', () => {
  assert.ok(startupOptions({ role: 'a b\\ -c x=y\tz' }).endsWith(' -c role=a\\ b\\\\\\ -c\\ x=y\\\tz'));
  assert.equal(startupOptions({}).includes('role='), false);
});

interface Kind {
  readonly type: string;
  readonly precision?: number;
  readonly scale?: number;
}

function column({ type, precision = 38, scale = 0 }: Kind): Column {
  const parts = { getType: () => type, getName: () => 'C', getPrecision: () => precision, getScale: () => scale };
  return parts as Column;
}

function driverDate(epochSeconds: number, nanoSeconds: number, timezone: string | number): Date {
  return Object.assign(new Date(0), {
    getEpochSeconds: () => epochSeconds,
    getNanoSeconds: () => nanoSeconds,
    getTimezone: () => timezone,
  });
}

test('Snowflake types have the names of its SQL', () => {
  const kinds: readonly Kind[] = [
    { type: 'fixed', precision: 10, scale: 2 },
    { type: 'real' },
    { type: 'TEXT' },
    { type: 'timestamp_ntz' },
  ];
  assert.deepEqual(
    kinds.map((kind) => columnOf(column(kind)).type),
    ['number(10,2)', 'float', 'varchar', 'timestamp_ntz'],
  );
});

test('Snowflake values are exact, dates to the nanosecond and with their own offset', () => {
  const leap = Date.UTC(2024, 1, 29, 12, 34, 56) / 1000;
  const cases: readonly (readonly [string, unknown, unknown])[] = [
    ['fixed', '42', 42],
    ['fixed', '1.50', '1.50'],
    ['real', '2.5', 2.5],
    ['real', 'NaN', 'NaN'],
    ['boolean', 'TRUE', true],
    ['boolean', 'FALSE', false],
    ['text', 'TRUE', 'TRUE'],
    ['text', null, null],
    ['text', 'NULL', 'NULL'],
    ['binary', '00FF', '00FF'],
    ['date', driverDate(leap, 0, 'UTC'), '2024-02-29'],
    ['date', driverDate(-62_135_596_800, 0, 'UTC'), '0001-01-01'],
    ['time', '12:34:56.789000000', '12:34:56.789'],
    ['time', '12:34:50.000000000', '12:34:50'],
    ['time', '12:34:50', '12:34:50'],
    ['timestamp_ntz', driverDate(leap, 0, 'UTC'), '2024-02-29 12:34:56'],
    ['timestamp_ntz', driverDate(leap, 123_456_789, 'UTC'), '2024-02-29 12:34:56.123456789'],
    ['timestamp_ntz', driverDate(-1, 500_000_000, 'UTC'), '1969-12-31 23:59:59.5'],
    ['timestamp_tz', driverDate(leap, 0, -450), '2024-02-29 05:04:56 -07:30'],
    ['timestamp_tz', driverDate(leap, 0, 120), '2024-02-29 14:34:56 +02:00'],
    ['timestamp_ltz', driverDate(leap, 0, 'UTC'), '2024-02-29 12:34:56 +00:00'],
    ['timestamp_ltz', driverDate(leap, 0, 'America/Los_Angeles'), '2024-02-29 04:34:56 -08:00'],
    ['timestamp_ltz', driverDate(leap, 0, 'No/Where'), '2024-02-29 12:34:56 +00:00'],
    ['variant', '{\n  "a": 1.10,\n  "b": " x \\" y "\n}', '{"a":1.10,"b":" x \\" y "}'],
    ['array', '[\n  undefined,\n 9007199254740993 ]', '[undefined,9007199254740993]'],
  ];
  for (const [type, value, expected] of cases) assert.equal(converterFor(column({ type }))(value), expected);
});

test('White space goes from JSON without touching what is in quotes, and from nothing else', () => {
  assert.equal(compactJson('{ "a" : "\\\\" , "b" : " " }'), '{"a":"\\\\","b":" "}');
  for (const other of ['<a> x </a>', '" a  b "', 'undefined', '']) assert.equal(compactJson(other), other);
});

test('Names become identifiers, constants and patterns that they can not leave', () => {
  assert.deepEqual(['ORDERS', 'orders', 'SELECT', 'A B', 'x"; DROP TABLE y; --', '_A$1', '1A', ''].map(identifier), [
    'ORDERS',
    '"orders"',
    '"SELECT"',
    '"A B"',
    '"x""; DROP TABLE y; --"',
    '_A$1',
    '"1A"',
    '""',
  ]);
  assert.equal(quoted('a"b'), '"a""b"');
  assert.equal(literal(`it's \\' `), `'it''s \\\\'' '`);
  assert.equal(containing(`a%b_c\\d'e`), '%a_b_c_d_e%');
  assert.deepEqual(['orders', 'Orders', 'ORDERS', 'my table'].map(meant), ['ORDERS', 'Orders', 'ORDERS', 'my table']);
});

test('The first word of a statement is found behind white space and comments', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['select 1', 'SELECT'],
    ['\n\t show x', 'SHOW'],
    ['-- put\nEXPLAIN select 1', 'EXPLAIN'],
    ['/* a /* nested */ b */ Show x', 'SHOW'],
    ['/* never closed select', ''],
    ['(select 1)', ''],
    ['', ''],
  ];
  for (const [statement, expected] of cases) assert.equal(firstWord(statement), expected);
});
