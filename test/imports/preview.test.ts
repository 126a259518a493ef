import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ImportFormat } from '../../src/imports/format.ts';
import { importFormats } from '../../src/imports/index.ts';
import { renderPreview } from '../../src/imports/preview.ts';
import { ports } from './environment.ts';

function preview(id: string, text: string, path = '/home/alice/.snowflake/connections.toml'): string {
  const format: ImportFormat | undefined = importFormats.find((each) => each.id === id);
  assert.ok(format);
  return renderPreview({ format, path, draft: format.read({ path, text }, ports()) });
}

test('a preview is the whole story of a file', () => {
  const text =
    '[sales]\naccount = "myorg-main"\nrole = "ANALYST"\npassword = "CANARY"\n\n[company]\naccount = "myorg-main"\nauthenticator = "oauth"\n';
  assert.equal(
    preview('snowflake', text),
    `# Snowflake connections (connections.toml, config.toml)

From \`/home/alice/.snowflake/connections.toml\`. Nothing is written until you agree to it.

## Identity providers

### \`snowflake-myorg-main\`

- **\`myorg-main\`**: here you sign in

\`\`\`json
{
  "snowflake-myorg-main": {
    "preset": "snowflake",
    "account": "myorg-main"
  }
}
\`\`\`

## Connections

### \`sales\`

- **\`myorg-main.snowflakecomputing.com:443\`**: its credential goes here
- Line 1 of the file

\`\`\`json
{
  "sales": {
    "type": "snowflake",
    "account": "myorg-main",
    "role": "ANALYST",
    "identityProvider": "snowflake-myorg-main"
  }
}
\`\`\`

### \`company\`

- **\`myorg-main.snowflakecomputing.com:443\`**: its credential goes here
- Line 6 of the file
- You choose who signs you in before it is written

\`\`\`json
{
  "company": {
    "type": "snowflake",
    "account": "myorg-main"
  }
}
\`\`\`

## What is not taken as it stands

- line 1, \`sales\` (changed): authenticator snowflake (user and password) becomes your own sign-in at Snowflake in the browser
- line 4, \`sales\` (not taken): password is not taken: no secret is needed, because you sign in as yourself
- line 8, \`company\` (changed): authenticator oauth becomes the access token of an identity provider: choose which one signs you in
`,
  );
});

test('a host that only looks like a well-known one is pointed out, and so is a program', () => {
  const warning = /\*\*This is no host of a well-known service:\*\*/;
  const host = (name: string): string => preview('snowflake', `[a]\naccount = "myorg-main"\nhost = "${name}"\n`);
  assert.doesNotMatch(host('myorg-main.privatelink.snowflakecomputing.com'), warning);
  assert.match(host('myorg-main.snowflakecomputing.com.example.com'), warning);
  assert.match(host('snowflakecomputing.com.example.com'), warning);
  assert.match(host('myorg-main-snowflakecomputing.com'), warning);
  const program = { source: 'command', command: ['/bin/token', 'two words'] };
  const own = { type: 'postgres', host: 'localhost', database: 'lab', token: program };
  const shown = preview('team', JSON.stringify({ connections: { a: own } }));
  assert.match(shown, /- \*\*`\/bin\/token "two words"`\*\*: is run on this machine\n/);
  assert.match(shown, /`localhost:5432`\*\*: its credential goes here, which is this machine\n/);
});

test('nothing in a name ends the code that it stands in, or hides', () => {
  const name = 'a`` (command:y) \u202Eevil\u200B';
  const shown = preview('pgService', `[${name}]\nhost=/socket\n`, '/tmp/`odd`\u202E.conf');
  assert.ok(shown.includes('From ``/tmp/`odd`\\u{202e}.conf``.'));
  assert.ok(shown.includes('```a`` (command:y) \\u{202e}evil\\u{200b}```'));
  assert.doesNotMatch(shown, /[\u202E\u200B]/);
  const database = preview(
    'team',
    JSON.stringify({
      connections: {
        a: { type: 'postgres', host: 'localhost', database: '````', token: { source: 'static', user: 'u' } },
      },
    }),
  );
  assert.match(database, /^`````json$/m);
});

test('of a file of a team the text that would be written is shown as a whole', () => {
  const file = {
    identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'x' } },
    connections: { a: { type: 'snowflake', account: 'myorg-main' } },
  };
  const shown = preview('team', JSON.stringify(file));
  const whole = {
    'dataPassport.identityProviders': file.identityProviders,
    'dataPassport.connections': { a: { ...file.connections.a, identityProvider: 'company' } },
  };
  assert.ok(shown.endsWith(`## What is written\n\n\`\`\`json\n${JSON.stringify(whole, undefined, 2)}\n\`\`\`\n`));
});

test('a file without anything to take says so', () => {
  const shown = preview('dbt', '');
  assert.match(shown, /\nNo connection can be taken from this file\.\n/);
  assert.match(shown, /\n- line 1 \(broken\): the file has no profiles\n/);
});
