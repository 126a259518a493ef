import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inertResult, inertText, isHarmlessJson } from '../../../src/gateway/remote/inertContent.ts';

const bytes = 1_000_000;
const inert = (result: unknown) => inertResult(result, { bytes }).result;
const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
/** Random numbers below `most`, the same in every run. */
function randomNumbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % most;
  };
}

function same(cases: readonly (readonly [string, string])[]): void {
  assert.deepEqual(
    cases.map(([text]) => inertText(text)),
    cases.map(([, expected]) => expected),
  );
}

test('an image of Markdown is no longer one, and its text and address can be read', () => {
  same([
    ['![](https://evil.example/?q=secret)', '! [](https://evil.example/?q=secret)'],
    [
      'see ![a [nested] `]` b](<https://evil.example/a b> "t") now',
      'see ! [a [nested] `]` b](<https://evil.example/a b> "t") now',
    ],
    [
      '![a\u200b](https://evil.example)!\u200b[b](https://evil.example)',
      '! [a](https://evil.example)! [b](https://evil.example)',
    ],
    [
      '[![a](https://evil.example/x.png)](https://evil.example)',
      '[! [a](https://evil.example/x.png)](https://evil.example)',
    ],
    ['![a][R  1]\n\n[r 1]: https://evil.example/x.png', '! [a][R  1]\n\n[r 1]: https://evil.example/x.png'],
    ['![ref] and ![ref][]\n> [REF]: https://evil.example', '! [ref] and ! [ref][]\n> [REF]: https://evil.example'],
    ['![a\nb](https://evil.example)\n\n![c]', '! [a\nb](https://evil.example)\n\n![c]'],
  ]);
});

test('HTML that loads or acts is no longer HTML, in any case, and in the escapes of a JSON text', () => {
  same([
    ['<img src=https://evil.example/?q=1>', '< img src=https://evil.example/?q=1>'],
    ['<IMG\nSRC="x">', '< IMG\nSRC="x">'],
    ['<img/src=x><image href=x>', '< img/src=x>< image href=x>'],
    ['<img = src=x><img < src=x>', '< img = src=x>< img < src=x>'],
    ['<scr\u200bipt>alert(1)</script>', '< script>alert(1)</script>'],
    ['<svg><use href=x></svg><style>@import url(x)</style>', '< svg><use href=x></svg>< style>@import url(x)</style>'],
    ['<iframe src=x><object data=x><embed src=x>', '< iframe src=x>< object data=x>< embed src=x>'],
    [
      '<link href=x><meta http-equiv=refresh content="0;x"><base href=x>',
      '< link href=x>< meta http-equiv=refresh content="0;x">< base href=x>',
    ],
    [
      '<form action=x><input type=image src=x><body background=x>',
      '< form action=x>< input type=image src=x>< body background=x>',
    ],
    [
      '<video poster=x><audio src=x><picture x=1><source srcset=x>',
      '< video poster=x>< audio src=x>< picture x=1>< source srcset=x>',
    ],
    [
      '<vscode_codeblock_uri>file:///x</vscode_codeblock_uri>',
      '< vscode_codeblock_uri>file:///x</vscode_codeblock_uri>',
    ],
    [String.raw`{"html":"\u003cimg src\u003d\"x\"\u003e"}`, String.raw`{"html":"\u003c img src\u003d\"x\"\u003e"}`],
  ]);
});

test('a link that is not http, https or mailto is no longer one, however its scheme is spelled', () => {
  const targets = [
    'command:workbench.action.terminal.new?%5B%5D',
    'COMMAND:x',
    'vscode://publisher.extension/x',
    'vscode-insiders://publisher.extension/x',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,<b>',
    '%63ommand:x',
    '&#99;ommand:x',
    '&#x63;&#0000111;mmand&colon;x',
    'java\nscript:alert(1)',
    'java&Tab;script:alert(1)',
    String.raw`command\:x`,
    String.raw`\u0063ommand:x`,
    '&amp;#99;ommand:x',
    '  command:x',
    '<command:x>',
    '<custom:a b>',
    'custom-scheme:x "a title"',
    'ms-word:ofe|u|https://evil.example',
  ];
  for (const target of targets) {
    const link = inertText(`[click](${target})`);
    assert.ok(link.startsWith('[click] ('), link);
    const definition = inertText(`[r]: ${target}`);
    assert.ok(definition.startsWith('[r] :'), definition);
    assert.ok(!/<command/i.test(link + definition), link);
  }
});

test('an autolink or an HTML link that acts is no longer one', () => {
  same([
    ['<command:workbench.action.quit>', '< command:workbench.action.quit>'],
    ['<VSCode://x/y> <slack://open> <data:text/html,x>', '< VSCode://x/y> < slack://open> < data:text/html,x>'],
    ['<a title=">" href="command:x">go</a>', '< a title=">" href="command:x">go</a>'],
    ["<A\nHREF = 'java&#115;cript:x'>", "< A\nHREF = 'java&#115;cript:x'>"],
    ['<a data-href=x href=custom:x>', '< a data-href=x href=custom:x>'],
    [String.raw`"\u003ca href=\"command:x\"\u003e"`, String.raw`"\u003c a href=\"command:x\"\u003e"`],
    ['text\n\n> - [r]: custom:x\n\n[r]', 'text\n\n> - [r] : custom:x\n\n[r]'],
  ]);
});

test('ordinary text, code, data and web links stay as they are, byte for byte', () => {
  const texts = [
    'See [the docs](https://docs.example/a_(b)?x=1#y), [mail](mailto:alice@lab.example), [up](../README.md) or <https://lab.example>.',
    '[1]: https://docs.example "Title"\n[2]: #anchor\n',
    '<a href="https://lab.example">x</a> <b>bold</b> <br/> <table><tr><td>1</td></tr></table>',
    '| a | b |\n|---|:-:|\n| 1 | `x` |\n\n- [ ] todo\n- [x] done',
    "SELECT a[1], b FROM t WHERE a <b AND c <> '![' AND d !~ '[x]' AND e::text[] @> ARRAY['x']",
    'if (![1, 2].includes(x) && list![0]) return handlers[kind](event, a ? b : c);',
    '#![allow(dead_code)]\n<![CDATA[ text ]]> (?<![a-z])x',
    'const map: Record<string, List<Object>> = {}; const p: Promise<Image | undefined> = load<Input>(x);',
    'let [a]: number[] = rows[0]; type T = { [key: string]: number };\nfor x in items[1:]: pass',
    '<soap:Envelope><soap:Body/></soap:Envelope> std::vector<std::string> <host:port>',
    'sshd[1234]: error: kex_exchange [main]: INFO: started\n[12]: error: no route',
    JSON.stringify(
      { rows: [['a', '1'], [], ['x:y', 'C:\\data']], 'a[0]': ['command:x', 'file:///tmp/x', 's3://bucket'] },
      null,
      2,
    ),
    'postgres://db.lab.example/coffee?sslmode=require and "javascript:" as words, 5 < 6 > 4',
    '\\u00e9 \\n C:\\new\\table',
  ];
  assert.deepEqual(texts.map(inertText), texts);
});

test('a JSON text in a text stays JSON, with the same structure', () => {
  const table = { rows: [['![x](https://evil.example)', '[a](command:x)', '<img src="x">', '<command:x>']] };
  assert.deepEqual(JSON.parse(inertText(JSON.stringify(table))), {
    rows: [['! [x](https://evil.example)', '[a] (command:x)', '< img src="x">', '< command:x>']],
  });
});

const alphabet = [
  [
    '!',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    ':',
    '"',
    "'",
    '\n',
    '\n\n',
    ' ',
    '\t',
    '`',
    '\\',
    '=',
    '/',
    'a',
    'r',
    '{',
    '}',
    ',',
  ],
  [
    '![',
    '](',
    ']:',
    '[r]',
    '![r]',
    '![a][r]',
    '[r]: https://e',
    '](https://e/x)',
    '](http',
    'https:',
    'www.a.b',
    '> ',
    '- ',
  ],
  [
    'command:x',
    'COMMAND:',
    '&#99;ommand:',
    '%63ommand:',
    'java\nscript:',
    'data:,',
    'file:///x',
    'foo:bar',
    '&colon;',
    '&Tab;',
  ],
  [
    '<img src=x>',
    '<img ',
    '<a ',
    'href=',
    '"t"',
    '<script>',
    '<svg ',
    '<b>',
    '<command:x>',
    '<foo://x>',
    '<https://e>',
    '\\u003c',
    '\\n',
  ],
  [
    '\u200b',
    '\u200d',
    '\ufe0f',
    '\u202e',
    '\u001b[0m',
    '\u001b]8;;x\u0007',
    '\u001b',
    '\r',
    '\u0000',
    '\u0085',
    '\u{e0041}',
    '\ud83d',
    '\ude00',
  ],
  ['\u{1f600}', '\u{1f469}\u200d\u{1f4bb}', '\u0628', '\u00e9', '\u20ac', '\u2028', '\u3164', 'uri', 'icons'],
].flat();

test('of random texts of dangerous parts, a second pass changes nothing, and JSON that is called harmless has nothing to change', () => {
  const random = randomNumbers(1);
  let harmless = 0;
  for (let round = 0; round < 30_000; round += 1) {
    const word = () => Array.from({ length: 1 + random(7) }, () => alphabet[random(alphabet.length)] ?? '').join('');
    const text = word();
    const once = inertText(text);
    assert.equal(inertText(once), once, JSON.stringify(text));
    const result = {
      content: [
        { type: 'text', text },
        { type: 'resource_link', uri: word(), name: word() },
      ],
      structuredContent: { [word()]: [text, { uri: word() }] },
    };
    for (const raw of [JSON.stringify(result), escaped(result)]) {
      if (!isHarmlessJson(raw)) continue;
      harmless += 1;
      assert.deepEqual(inert(result), result, raw);
    }
    const raw = JSON.stringify([text]);
    if (isHarmlessJson(raw)) {
      harmless += 1;
      assert.equal(once, text, raw);
    }
  }
  assert.ok(harmless > 3000, String(harmless));
});

/** As encoders write it that keep to ASCII, or that escape for HTML. */
function escaped(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('/', String.raw`\/`)
    .replace(/[<>&\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

test('answers with rows are called harmless, in any writing and also with escapes of letters', () => {
  const rows = Array.from({ length: 500 }, (_, index) => [
    String(index),
    'Müller & Søn €',
    '顧客',
    '2026-01-01',
    '[x]',
    'https://lab.example/a',
  ]);
  const text = JSON.stringify({ rows });
  const answer = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }], structuredContent: { rows } } };
  const raws = [JSON.stringify(answer), JSON.stringify(answer, null, 2), escaped({ name: 'Müller/Søn 顧客 €' })];
  assert.deepEqual(raws.map(isHarmlessJson), [true, true, true]);
});

test('JSON is not called harmless when an escape hides what is dangerous', () => {
  const raws = [
    String.raw`["\u202e"]`,
    String.raw`["\u001b[31m"]`,
    String.raw`["\u001B[31m"]`,
    String.raw`["\u0021[x](https:\/\/evil.example)"]`,
    String.raw`["!\u005bx](https:\/\/evil.example)"]`,
    String.raw`["\u003cimg src=x>"]`,
    String.raw`["[x](command\u003ax)"]`,
    String.raw`["\udb40\udc41"]`,
    String.raw`["\ud83d"]`,
    String.raw`["\r"]`,
    String.raw`["\u00ad","\u034F","\u061C","\uFEFF","\u200B"]`,
    String.raw`{"\u0075ri":"command:x"}`,
    '{"uri" : "command:x"}',
    '{"icons":[{"src":"https://evil.example/x.png"}]}',
    '["\u200b"]',
  ];
  assert.deepEqual(raws.filter(isHarmlessJson), []);
});

test('every string of a result is made inert, in all the places that the protocol has, and names of members are made plain', () => {
  const bad = '![](https://evil.example)\u202e';
  const good = '! [](https://evil.example)';
  const data = 'iVBORw0KGgo=';
  assert.deepEqual(
    inert({
      content: [
        { type: 'text', text: bad, annotations: { audience: ['user'] } },
        { type: 'image', data, mimeType: 'image/png' },
        { type: 'resource', resource: { uri: 'file:///x', text: bad } },
        {
          type: 'resource_link',
          uri: 'command:workbench.action.quit',
          name: bad,
          icons: [{ src: 'https://evil.example/x.png' }],
        },
        { type: 'resource_link', uri: ' VSCode://x/y', name: 'x', icons: [{ src: 'data:image/png;base64,AA' }] },
      ],
      structuredContent: { [`a\u200b`]: [{ deep: bad }], uri: 'command:x', n: 1, no: null },
      isError: false,
    }),
    {
      content: [
        { type: 'text', text: good, annotations: { audience: ['user'] } },
        { type: 'image', data, mimeType: 'image/png' },
        { type: 'resource', resource: { uri: 'file:///x', text: good } },
        { type: 'resource_link', uri: 'about:invalid#command%3Aworkbench.action.quit', name: good, icons: [] },
        {
          type: 'resource_link',
          uri: 'about:invalid#%20VSCode%3A%2F%2Fx%2Fy',
          name: 'x',
          icons: [{ src: 'data:image/png;base64,AA' }],
        },
      ],
      structuredContent: { a: [{ deep: good }], uri: 'command:x', n: 1, no: null },
      isError: false,
    },
  );
  assert.deepEqual(
    inert({
      contents: [
        { uri: 'javascript:x', text: bad },
        { uri: 'db://x', blob: data },
      ],
    }),
    {
      contents: [
        { uri: 'about:invalid#javascript%3Ax', text: good },
        { uri: 'db://x', blob: data },
      ],
    },
  );
  assert.deepEqual(inert({ description: bad, messages: [{ role: 'user', content: { type: 'text', text: bad } }] }), {
    description: good,
    messages: [{ role: 'user', content: { type: 'text', text: good } }],
  });
  assert.deepEqual([inert(bad), inert([bad]), inert(null), inert(7)], [good, [good], null, 7]);
});

test('a member named __proto__ stays a member, and a disguised name does not replace the real one', () => {
  const result: unknown = JSON.parse('{"__proto__":{"polluted":"<script>x"},"ty\u200bpe":"a","type":"b"}');
  assert.equal(JSON.stringify(inert(result)), '{"__proto__":{"polluted":"< script>x"},"type":"b"}');
  assert.deepEqual(inert({ type: 'b', 'ty\u200bpe': 'a', 'x\u200b': 1, 'x\u200c': 2 }), { type: 'b', x: 1 });
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what is nested deeper than 64 levels is replaced by a notice', () => {
  let deep: unknown = 'x';
  for (let level = 0; level < 100_000; level += 1) deep = level % 2 ? [deep] : { deep };
  const json = JSON.stringify(inert({ structuredContent: deep }));
  assert.ok(json.includes('[Left out by Data Passport: more than 64 levels.]'));
  assert.equal((json.match(/[[{]/g) ?? []).length, 64 + 1);
});

test('the page of an app loses its markup like any other text', () => {
  const page = { uri: 'ui://chart', mimeType: 'text/html;profile=mcp-app', text: '<script>draw()</script>\u202e' };
  const { result } = inertResult({ contents: [page] }, { bytes });
  assert.deepEqual(result, { contents: [{ ...page, text: '< script>draw()</script>' }] });
});

test('a result within the limit is whole, and one byte less cuts the text and says so in a last block', () => {
  const result = {
    content: [
      { type: 'text', text: 'first' },
      { type: 'text', text: '"é\u{1f600}\n'.repeat(2000) },
    ],
    isError: true,
  };
  const whole = size(result);
  assert.deepEqual(inertResult(result, { bytes: whole }), { result, cut: false });
  const { result: made, cut } = inertResult(result, { bytes: whole - 1 });
  const { content, isError } = made as { content: { type: string; text: string }[]; isError: boolean };
  assert.equal(cut, true);
  assert.equal(isError, true);
  assert.ok(size(made) < whole);
  const [first, second, last, ...more] = content;
  assert.deepEqual([first, more], [{ type: 'text', text: 'first' }, []]);
  assert.ok(
    second &&
      result.content[1]?.text.startsWith(second.text) &&
      second.text.length > 5000 &&
      second.text.isWellFormed(),
  );
  assert.equal(
    last?.text,
    `[Cut by Data Passport: ${size([first, second])} of ${size(result.content)} bytes shown. Ask for less.]`,
  );
});

test('structured content that is too large is left out whole, with a notice, and the text beside it is cut', () => {
  const rows = Array.from({ length: 2000 }, (_, id) => ({ id, name: `customer ${id}` }));
  const text = JSON.stringify({ rows });
  const result = { content: [{ type: 'text', text }], structuredContent: { rows } };
  const { result: made, cut } = inertResult(result, { bytes: 10_000 });
  const { content, ...others } = made as { content: { text: string }[] };
  assert.deepEqual([cut, others], [true, {}]);
  assert.ok(size(made) <= 10_000 && size(made) > 8000, String(size(made)));
  const structured = `[Left out by Data Passport: structuredContent, ${size({ structuredContent: { rows } })} bytes. Ask for less.]`;
  const [shown, ...notices] = content.map((block) => block.text);
  assert.ok(shown !== undefined && text.startsWith(shown));
  assert.deepEqual(notices, [
    structured,
    `[Cut by Data Passport: ${size([content[0]])} of ${size(result.content)} bytes shown. Ask for less.]`,
  ]);
});

test('structured content that fits stays whole when only the text beside it is too large', () => {
  const structuredContent = { rows: [1, 2, 3] };
  const result = { content: [{ type: 'text', text: 'x'.repeat(20_000) }], structuredContent };
  const { result: made, cut } = inertResult(result, { bytes: 8000 });
  assert.equal(cut, true);
  assert.deepEqual((made as typeof result).structuredContent, structuredContent);
  assert.ok(size(made) <= 8000);
});

test('bytes that do not fit are replaced by a notice, and what comes after them is still shown', () => {
  const data = 'A'.repeat(9000);
  const after = { type: 'text', text: 'after' };
  const audio = { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' };
  const image = { type: 'image', data, mimeType: 'image/png' };
  const left = '[Left out by Data Passport: image/png, 9000 bytes. Ask for less.]';
  assert.deepEqual(inertResult({ content: [image, audio, after] }, { bytes: 8000 }), {
    result: { content: [{ type: 'text', text: left }, audio, after] },
    cut: true,
  });
  const blob = { uri: 'db://x', mimeType: 'image/png', blob: data };
  assert.deepEqual(inertResult({ contents: [blob] }, { bytes: 8000 }), {
    result: { contents: [{ uri: 'db://x', mimeType: 'text/plain', text: left }] },
    cut: true,
  });
});

test('texts of resources and of prompts are cut in their own form', () => {
  const text = 'word '.repeat(4000);
  const read = inertResult({ contents: [{ uri: 'db://x', mimeType: 'text/csv', text }] }, { bytes: 8000 }).result;
  const { contents } = read as { contents: { uri: string; mimeType: string; text: string }[] };
  assert.deepEqual(
    contents.map(({ uri, mimeType }) => [uri, mimeType]),
    [
      ['db://x', 'text/csv'],
      ['db://x', 'text/plain'],
    ],
  );
  assert.ok(
    text.startsWith(contents[0]?.text ?? '-') && contents[1]?.text.startsWith('[Cut by ') && size(read) <= 8000,
  );
  const content = { type: 'resource', resource: { uri: 'db://x', text } };
  const prompt = inertResult({ messages: [{ role: 'assistant', content }] }, { bytes: 8000 }).result;
  const { messages } = prompt as {
    messages: { role: string; content: { type: string; resource?: { text: string }; text?: string } }[];
  };
  assert.deepEqual(
    messages.map(({ role, content }) => [role, content.type]),
    [
      ['assistant', 'resource'],
      ['assistant', 'text'],
    ],
  );
  assert.ok(
    text.startsWith(messages[0]?.content.resource?.text ?? '-') && messages[1]?.content.text?.startsWith('[Cut by '),
  );
  assert.ok(size(prompt) <= 8000);
});

test('whatever a result is made of, it stays within the limit, and making it inert again changes nothing', () => {
  const random = randomNumbers(7);
  const word = () => Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)] ?? '').join('');
  const block = () =>
    [
      { type: 'text', text: word().repeat(1 + random(30)) },
      { type: 'image', mimeType: word(), data: 'A'.repeat(random(9000)) },
      { type: 'resource', resource: { uri: word(), [random(2) ? 'text' : 'blob']: word().repeat(5) } },
      { type: 'resource_link', uri: word().repeat(random(40)), name: word() },
      word(),
    ][random(5)];
  for (let round = 0; round < 400; round += 1) {
    const blocks = Array.from({ length: random(12) }, block);
    const field = ['content', 'contents', 'messages'][random(3)] ?? '';
    const items = field === 'messages' ? blocks.map((content) => ({ role: 'user', content })) : blocks;
    const extra = random(2) ? { structuredContent: { [word()]: blocks }, _meta: { x: word().repeat(20) } } : {};
    const limit = 4096 + random(8000);
    const { result, cut } = inertResult({ ...extra, [field]: items }, { bytes: limit });
    assert.ok(size(result) <= limit, `${size(result)} of ${limit}`);
    assert.deepEqual(inertResult(result, { bytes: limit }), { result, cut: false });
    assert.equal(cut, JSON.stringify(result).includes('by Data Passport'));
  }
});

const image = '! [a](https://evil.example)';
const shapes: readonly (readonly [name: string, start: string, repeated: string, end: string])[] = [
  ['escaped brackets behind an image', '![ a\n\n[', String.raw`\[`, '<b'],
  ['escaped brackets and a definition', '![a][r]\n\n[r]: x\n\n[', String.raw`\[`, ']'],
  ['nested brackets', '![', '[', '](x)'],
  ['closing brackets', '![', ']', '](x)'],
  ['nested images', '', '![', '](x)'],
  ['backslashes', '![a\n\n[', '\\', '['],
  ['entities in links', '[a', '](&#0', ')'],
  ['one long entity', '[a](&#', '0', ')'],
  ['named entities', '[a](', '&amp;', ')'],
  ['percent signs', '[a](', '%25', ':x)'],
  ['less-than signs', '', '<', 'a'],
  ['tags that do not end', '', '<img ', ''],
  ['escaped tags', '', String.raw`\u003cimg a`, ''],
  ['attributes', '<a ', 'href=', '>'],
  ['escaped attributes', '<a ', String.raw`href\u003d `, '>'],
  ['blanks behind an attribute', '<a href', ' ', '>'],
  ['definitions', '![x]\n', '[a]: b\n', ''],
  ['definitions in one line', '![x]\n', '[a]:', ''],
  ['beginnings of definitions', '![x]', '\n> - [', ''],
  ['blank lines', '![x]', '\n ', ']('],
  ['control sequences', '', '\u001b[', '<b'],
  ['control strings', '', '\u001b]', '<b'],
  ['joiners', 'a', '\u200d', '<b'],
  ['autolinks', '', '<a:', '<b'],
];
for (const [name, start, repeated, end] of shapes) {
  test(`a megabyte is cleaned in one pass: ${name}`, () => {
    const text = `${image.replace(' ', '')}\n\n${start}${repeated.repeat(Math.ceil(1_000_000 / repeated.length))}${end}`;
    const once = inertText(text);
    assert.ok(once.startsWith(image));
    assert.equal(inertText(once), once);
    isHarmlessJson(JSON.stringify(text));
  });
}

test('of a text beyond the limit the beginning is cleaned, and the size that is told is that of all', () => {
  const bad = '![a](https://evil.example) ';
  const text = bad.repeat(40_000);
  const result = { content: [{ type: 'text', text }], structuredContent: { text }, note: text };
  const { result: made, cut } = inertResult(result, { bytes: 10_000 });
  const { content, ...others } = made as { content: { text: string }[] };
  assert.deepEqual([cut, others], [true, {}]);
  assert.ok(size(made) <= 10_000 && size(made) > 8000, String(size(made)));
  const [shown = '', ...notices] = content.map((block) => block.text);
  assert.ok(`${image} `.repeat(1000).startsWith(shown));
  assert.equal(
    notices.at(-1),
    `[Cut by Data Passport: ${size([content[0]])} of ${size(result.content)} bytes shown. Ask for less.]`,
  );
});

test('a text that only what nobody sees makes longer than the limit is whole', () => {
  const text = `![a](x)${'\u200b'.repeat(20_000)}end`;
  assert.deepEqual(inertResult({ content: [{ type: 'text', text }] }, { bytes: 8000 }), {
    result: { content: [{ type: 'text', text: '! [a](x)end' }] },
    cut: false,
  });
});
