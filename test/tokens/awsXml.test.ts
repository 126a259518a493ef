import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leafTexts } from '../../src/tokens/aws/xml.ts';

test('Texts of elements come out by their paths, with entities decoded', () => {
  const document = `<?xml version="1.0" encoding="UTF-8"?>
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/" xmlns:a="x">
  <Error>
    <Type>Sender</Type>
    <Message>a &lt;b&gt; &amp;amp; &quot;c&apos; &#233;&#xE9;&#x1F600; </Message>
    <Detail/><More   ></More  >
  </Error>
  <RequestId>1</RequestId>
</ErrorResponse>
`;
  assert.deepEqual(
    [...(leafTexts(document) ?? [])],
    [
      ['ErrorResponse/Error/Type', 'Sender'],
      ['ErrorResponse/Error/Message', `a <b> &amp; "c' éé😀 `],
      ['ErrorResponse/Error/Detail', ''],
      ['ErrorResponse/Error/More', ''],
      ['ErrorResponse/RequestId', '1'],
    ],
  );
});

test('What is not of that simple kind is not understood at all', () => {
  const strange = [
    '',
    ' ',
    'text',
    '{"a":1}',
    '<a>',
    '</a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a>1</a><b>2</b>',
    '<a>1</a> more',
    'more <a>1</a>',
    '<a>text<b>1</b></a>',
    '<a><b>1</b>text</a>',
    '<a><b>1</b><b>2</b></a>',
    '<a><b>1</b></a><a><c>1</c></a>',
    '<a><b/><b>1</b></a>',
    '<a><!-- no --></a>',
    '<a><![CDATA[1]]></a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a>&x;</a>',
    '<a>&toString;</a>',
    '<a>&amp</a>',
    '<a>a & b</a>',
    '<a>&#;</a>',
    '<a>&#x110000;</a>',
    '<a b=1>1</a>',
    '<a b="<">1</a>',
    '<ns:a>1</ns:a>',
    '<html><head><title>Guest network</title></head><body><p>Hello<br></body></html>',
    '<a>'.repeat(80_000),
    `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`,
    `<a ${' '.repeat(100_000)}`,
    `<a>${'&'.repeat(100_000)}</a>`,
  ];
  assert.deepEqual(
    strange.filter((document) => leafTexts(document) !== undefined),
    [],
  );
});
