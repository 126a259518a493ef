import assert from 'node:assert/strict';
import { test } from 'node:test';

import { oneLine, quoted, readable, visible } from '../../src/ui/plainText.ts';

const tag = String.fromCodePoint(0xe0063);

for (const [name, hidden, shown] of [
  ['a zero-width space', '\u200b', String.raw`\u{200b}`],
  ['a direction override', '\u202e', String.raw`\u{202e}`],
  ['a tag character', tag, String.raw`\u{e0063}`],
  ['a variation selector', '\ufe0f', String.raw`\u{fe0f}`],
  ['a filler of Hangul', '\u3164', String.raw`\u{3164}`],
  ['a combining grapheme joiner', '\u034f', String.raw`\u{34f}`],
  ['a space that does not break', '\u00a0', String.raw`\u{a0}`],
  ['a line separator', '\u2028', String.raw`\u{2028}`],
  ['an escape character', '\u001b', String.raw`\u{1b}`],
  ['a control of the upper half', '\u0085', String.raw`\u{85}`],
  ['a character for private use', '\ue000', String.raw`\u{e000}`],
] as const) {
  test(`${name} can be seen`, () => {
    assert.equal(visible(`a${hidden}b`), `a${shown}b`);
  });
}

test('text that can be read stays as it is', () => {
  const text = 'Größe, 数量, мера: {a} "b" \\c';
  assert.equal(visible(text), text);
});

test('a part of a command line is in quotes, with nothing hidden in it', () => {
  assert.equal(quoted('a "b"\u200b c\n'), String.raw`"a \"b\"\u{200b} c\n"`);
});

test('a name in a notification is one short line without a link or an icon', () => {
  assert.equal(oneLine(' a\n\tb '), 'a b');
  assert.equal(oneLine('[Sign in](https://evil.example) $(check)'), '(Sign in)(https://evil.example) $ (check)');
  assert.equal(oneLine('x'.repeat(200)), `${'x'.repeat(79)}…`);
});

test('the brackets of an IPv6 host stay, unless they would make a link', () => {
  assert.equal(oneLine('http://[::1]:8080/mcp'), 'http://[::1]:8080/mcp');
  assert.equal(oneLine('[::1](command:x)'), '(::1)(command:x)');
});

test('a definition is shown with its keys in order and the lines of its texts on lines of their own', () => {
  const json = JSON.stringify({
    name: 'search',
    description: 'Finds rows.\nThen \\n stays, and \u200b is seen.',
    inputSchema: { type: 'object', properties: { b: {}, a: { enum: ['z', 'y'] } } },
  });
  assert.equal(
    readable(json),
    [
      '{',
      String.raw`  "description": "Finds rows.\n`,
      String.raw`Then \\n stays, and \u{200b} is seen.",`,
      '  "inputSchema": {',
      '    "properties": {',
      '      "a": {',
      '        "enum": [',
      '          "z",',
      '          "y"',
      '        ]',
      '      },',
      '      "b": {}',
      '    },',
      '    "type": "object"',
      '  },',
      '  "name": "search"',
      '}',
    ].join('\n'),
  );
});

test('two definitions that differ in the order of keys alone look the same', () => {
  assert.equal(readable('{"a":1,"b":{"d":2,"c":3}}'), readable('{"b":{"c":3,"d":2},"a":1}'));
});

test('an address in a definition is none that an editor would make a link of', () => {
  assert.equal(readable('"see https://evil.example/x"'), String.raw`"see https:\/\/evil.example/x"`);
});

test('what is absent is empty, and what is no JSON is shown as it is', () => {
  assert.equal(readable(undefined), '');
  assert.equal(readable('no\u200b JSON'), String.raw`no\u{200b} JSON`);
});

test('a run of spaces is counted, so that nothing behind it is out of view', () => {
  assert.equal(readable(JSON.stringify(`a${' '.repeat(500)}b${' '.repeat(8)}c`)), '"a‹500 spaces›b        c"');
});

test('a run of line ends is counted as well, with the spaces in it', () => {
  assert.equal(readable(JSON.stringify(`a${'\n'.repeat(500)}b`)), '"a‹500 line ends›\\n\nb"');
  assert.equal(readable(JSON.stringify(`a${' \n'.repeat(500)}b`)), '"a‹500 line ends, 500 spaces›\\n\nb"');
  assert.equal(readable(JSON.stringify('a\n\nb')), '"a\\n\n\\n\nb"');
});

test('a value that is nested deeply is not out of view either', () => {
  const lines = readable(`${'['.repeat(60)}1${']'.repeat(60)}`).split('\n');
  assert.equal(lines[60], `${' '.repeat(40)}‹120 deep› 1`);
});

test('a long text is broken at its sentences, so that a change in one moves no other', () => {
  const first = 'It takes the name of a table and a filter. ';
  const second = 'It gives back the rows that fit, at most one hundred of them. ';
  const before = readable(JSON.stringify({ description: `${first}${second}Ask for less.` }));
  const after = readable(JSON.stringify({ description: `${first}It runs at night. ${second}Ask for less.` }));
  assert.deepEqual(before.split('\n'), ['{', `  "description": "${first}`, second, 'Ask for less."', '}']);
  assert.deepEqual(
    after.split('\n').filter((line) => !before.split('\n').includes(line)),
    ['It runs at night. '],
  );
});

test('a text without sentences or spaces is broken too, with nothing lost and no escape torn apart', () => {
  for (const long of [
    'x'.repeat(1000),
    'word '.repeat(300),
    '数'.repeat(300),
    '\t'.repeat(300),
    '\u200b'.repeat(100),
  ]) {
    const shown = readable(JSON.stringify(long));
    const lines = shown.split('\n');
    const width = (line: string) => line.length + (line.match(/数/g) ?? []).length;
    assert.ok(lines.length > 3 && lines.every((line) => width(line) <= 100), shown);
    assert.equal(lines.join(''), visible(JSON.stringify(long)));
    assert.deepEqual(
      lines.filter((line) => /(?:^|[^\\])\\(?:u\{?[\da-f]*)?$/.test(line)),
      [],
    );
  }
});
