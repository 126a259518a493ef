import { writeFileSync } from 'node:fs';

import { KNOWN_REFUSALS, type KnownRefusal, type Party } from '../src/core/knownRefusals.ts';
import { CHAINS } from '../src/extension/doctor/doctor.ts';
import { formatted } from './markdown.ts';
import { table } from './settingsTable.ts';

const INTRO = `# Diagnose Connection

_Data Passport: Diagnose Connection_ walks the chain of one connection link by link and stops at the first broken one. It says which link
that is, who can mend it, why, and exactly what to type. It is for a connection that does not work, and for one whose settings are not valid.

It opens no browser, asks you nothing, and does no more than a test of the connection: one login at most (and one more with a fresh
token, as always), statements that only read, no try beyond that. Canceling it ends it at once.`;

const READING = `## How to read it

- **✓** The link is whole; beside it stands what was seen.
- **✗** The first broken link. Above the table stand the cause, the fix, and what to type or to hand to whoever can. What is in \`<…>\` is
  yours to fill in: nothing that the other side says is put into a statement unless it is a plain name or address.
- **–** Not checked, with the reason. What can not be judged from here is not guessed: whether a redirect URI is registered shows in the
  browser alone, and an opaque token can be read by the system that issued it alone. Nothing after a broken link is checked either.

An identity provider that can not be reached is no broken link while a token at hand is good: a query would work.

A button of the message runs the command that mends the link, where there is one (_Sign In_, _Set Connection Secret_, _Confirm Connections_ …).`;

const TICKET = `## A copy for a ticket

**Copy for a Ticket** puts the report into the clipboard without people: names of accounts, e-mail addresses, subjects and database users of the
diagnosis become \`<user>\`. Hosts, issuers, audiences, client ids, roles and error codes stay, because nobody could help without them. No report ever
holds a token, a password or a key; look through it all the same before you send it.`;

/** What each link looks at, by its id. */
const LOOKS_AT: Readonly<Record<string, string>> = {
  settings: 'The settings of the connection, and of its identity provider where they are the reason.',
  permitted:
    'The workspace is trusted where a program is needed; secrets are entered; you have agreed to where they go.',
  discovery: 'The issuer answers, over a connection that is trusted, with metadata that name this very issuer.',
  clock: 'The time of the identity provider, which stands in each of its answers.',
  client:
    'The client secret is stored; there is a way to sign in here; why the last sign-in of this window was refused.',
  signedIn: 'You are signed in, as the account that the connection names.',
  token: 'There is a token, or the identity provider gives one now.',
  claims: 'Issuer, audience, subject, scopes and end of the token, and the claim that names the database user.',
  reach: 'Name, proxy, connection and TLS, step by step, as the driver goes there.',
  login: 'The database takes the credential.',
  whoami: 'Who the database says that you are.',
  query: '`SELECT 1`, on the road of the tools. At Snowflake also that a warehouse runs for the session.',
  initialize:
    'The server begins a conversation. Where it refuses the token: whose tokens its metadata (RFC 9728) say that it takes.',
  tools: 'The server lists its tools.',
};

const PARTIES: Readonly<Record<Party, string>> = {
  user: 'you',
  identityProvider: 'administrator of the identity provider',
  system: 'administrator of the database or MCP server',
  network: 'whoever runs the network',
  nobody: 'nobody but time',
};

/** docs/doctor.md, from the chains and the table of known refusals. */
export function doctorDocs(): Promise<string> {
  const parts = [
    INTRO,
    '## The chain',
    chain(),
    READING,
    TICKET,
    '## Refusals that it knows',
    'By what the other side says, with who can mend it. Words in italics, and in braces, stand for what is known of the connection.',
    ...[...new Set(KNOWN_REFUSALS.map(({ system }) => system))].map(section),
    '',
  ];
  return formatted(parts.join('\n\n'));
}

function chain(): string {
  const links = new Map([...CHAINS.sql, ...CHAINS.mcp].map((link) => [link.id, link]));
  const has = (chainOf: typeof CHAINS.sql, id: string): string =>
    chainOf.some((link) => link.id === id) ? 'yes' : '–';
  const rows = [...links].map(([id, { title }]) => {
    const looks = LOOKS_AT[id];
    if (looks === undefined) throw new Error(`Nothing says what the link ${id} looks at.`);
    return [title, looks, has(CHAINS.sql, id), has(CHAINS.mcp, id)];
  });
  return table(['Link', 'What is looked at', 'Database', 'MCP server'], rows);
}

function section(system: string): string {
  const entries = KNOWN_REFUSALS.filter((entry) => entry.system === system).map(entryOf);
  return `### ${system.slice(0, 1).toUpperCase()}${system.slice(1)}\n\n${entries.join('\n')}`;
}

function entryOf({ sign, cause, fix, who, type = [] }: KnownRefusal): string {
  const blocks = type.map(({ language, text }) => `\n\`\`\`${language}\n${text}\n\`\`\`\n`.replaceAll('\n', '\n  '));
  return `- **${words(sign)}** (${PARTIES[who]}): ${words(cause)} ${words(fix)}\n${blocks.join('\n')}`;
}

function words(text: string): string {
  return text.replace(/[<>*_|]/g, String.raw`\$&`).replace(/\{(\w+)\}/g, '*$1*');
}

if (import.meta.main) writeFileSync(new URL('../docs/doctor.md', import.meta.url), await doctorDocs());
