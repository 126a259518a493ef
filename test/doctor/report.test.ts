import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Diagnosis, LinkReport } from '../../src/core/diagnosis.ts';
import { explain } from '../../src/core/knownRefusals.ts';

await import('../ui/editor.ts');
const { doctorReport, headline, redactedReport } = await import('../../src/ui/doctorReport.ts');

const at = Date.UTC(2026, 10, 27, 7, 0, 0);

function diagnosis(...links: readonly LinkReport[]): Diagnosis {
  return { connection: 'sales', title: 'Sales', at, people: ['alice@lab.example', 'alice', 'ALICE', 'al'], links };
}

const whole: LinkReport = { id: 'settings', title: 'Settings', state: 'ok', facts: ['They can be read.'] };
const unknown: LinkReport = {
  id: 'clock',
  title: 'Clock',
  state: 'notChecked',
  facts: [],
  reason: 'Nobody told the time.',
};

function brokenLogin(detail: string, title = 'Login'): LinkReport {
  const error = {
    code: 'DP-DATABASE-REFUSED',
    params: { connection: 'sales', user: 'alice@lab.example' },
    detail,
  } as const;
  const known = { type: 'snowflake', tokenUser: 'alice', tokenIssuer: 'https://login.lab.example' };
  return { id: 'login', title, state: 'broken', facts: [], error, explanation: explain(error, known) };
}

describe('The report of a diagnosis', () => {
  test('begins with what is broken and who can mend it, and has a table of all links', () => {
    const found = diagnosis(whole, unknown, brokenLogin('Incorrect username or password was specified. (390100).'));
    assert.equal(
      doctorReport(found),
      [
        '# Sales is broken at "Login". The administrator of the database can mend it.',
        '**Why:** The token is good, but no Snowflake user is mapped to it. Snowflake says this of a password although none was sent.',
        '**What to do:** Set LOGIN_NAME (or EMAIL, as the integration maps it) of the user to the name in the token.',
        'To type, or to hand to whoever can; what stands in <…> is yours to fill in:',
        "```sql\nALTER USER <user> SET LOGIN_NAME = 'alice';\n```",
        '**Error:** DP-DATABASE-REFUSED',
        '**What was said:** Incorrect username or password was specified. (390100).',
        '**Known as:** Snowflake: 390100',
        [
          '| State | Link     | What was seen |',
          '| ----- | -------- | --- |',
          '| ✓     | Settings | They can be read. |',
          '| –     | Clock    | Not checked. Nobody told the time. |',
          '| ✗     | Login    | The database of sales refused the login of alice@lab.example. |',
        ].join('\n'),
        'Made by Data Passport on 2026-11-27T07:00:00.000Z. It holds no token and no secret.',
      ].join('\n\n') + '\n',
    );
  });

  test('of a connection that works says so', () => {
    assert.equal(headline(diagnosis(whole)), 'Sales works: every link that can be judged is whole.');
  });

  test('names the administrator of the MCP server where there is one', () => {
    const tools: LinkReport = { ...brokenLogin('390100'), id: 'tools', title: 'Tools' };
    assert.match(headline(diagnosis(tools)), /administrator of the MCP server/);
  });

  test('renders nothing that comes from elsewhere', () => {
    const pairs: readonly (readonly [string, string])[] = [
      ['![x](https://evil.example/x.png)', '!\\[x\\](`https://evil.example/x.png`)'],
      ['[a](command:rm)', '\\[a\\](command:rm)'],
      ['<img src=x>', '\\<img src=x>'],
      ['**b** __c__ _d_', '\\*\\*b\\*\\* \\_\\_c\\_\\_ \\_d\\_'],
      ['a | `y` \\ &amp; $z$ ~~w~~', 'a \\| \\`y\\` \\\\ \\&amp; \\$z\\$ \\~\\~w\\~\\~'],
      ['ftp://evil.example', 'ftp:\\/\\/evil.example'],
      ['x\u202ey', 'x\\\\u{202e}y'],
    ];
    const evil = pairs.map(([said]) => said).join(' ');
    const text = doctorReport(diagnosis({ ...whole, facts: [evil] }, brokenLogin(evil, 'a | b')));
    assert.ok(text.includes(`**What was said:** ${pairs.map(([, shown]) => shown).join(' ')}\n`), text);
    for (const row of text.split('\n').filter((line) => line.startsWith('|')))
      assert.equal(row.match(/(?<!\\)\|/g)?.length, 4, row);
  });

  test('can be read as text: what no Markdown is in a sentence stays as it is', () => {
    const plain = 'EXTERNAL_OAUTH_ISSUER of my_org-my_acct is "https://login.lab.example/a_b" (390303), not a < b & c.';
    const text = doctorReport(diagnosis({ ...whole, facts: [plain] }));
    assert.ok(
      text.includes(
        'EXTERNAL_OAUTH_ISSUER of my_org-my_acct is "`https://login.lab.example/a_b`" (390303), not a < b & c.',
      ),
      text,
    );
  });

  test('can not be broken out of by what is to be typed', () => {
    const link = brokenLogin('390100');
    const explanation = link.explanation && {
      ...link.explanation,
      type: [{ language: 'sql', text: 'a\n```\n# b' } as const],
    };
    assert.match(doctorReport(diagnosis({ ...link, explanation })), /````sql\na\n```\n# b\n````/);
  });

  test('for a ticket names nobody, and keeps hosts and codes', () => {
    const login = brokenLogin(
      'Login as ALICE. The token has iss "https://login.lab.example", sub "alice". Mail bob@lab.example (390100).',
    );
    const text = redactedReport(
      diagnosis({ ...whole, facts: ['You are signed in as alice@lab.example, not as malice.'] }, login),
    );
    assert.ok(!/alice@|bob@|(?<!\w)alice(?!\w)/i.test(text), text);
    assert.match(text, /signed in as \\<user>, not as malice/);
    assert.match(text, /SET LOGIN_NAME = '<user>'/);
    assert.match(text, /login\.lab\.example/);
    assert.match(text, /390100/);
    assert.match(text, /people are called \\<user>/);
  });

  test('for a ticket leaves nobody in a path', () => {
    const facts = ['/home/carol/key.p8', '/Users/carol/key.p8', String.raw`C:\Users\carol\key.p8`];
    assert.ok(!redactedReport(diagnosis({ ...whole, facts })).includes('carol'));
  });

  test('for a ticket takes names for what they are, whatever characters they have', () => {
    const text = redactedReport({
      ...diagnosis({ ...whole, facts: ['as (a.b)* here, and as axb'] }),
      people: ['(a.b)*'],
    });
    assert.match(text, /as \\<user> here, and as axb/);
  });
});
