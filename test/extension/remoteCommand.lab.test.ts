import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { said } from '../lab/mcp/fixtureTools.ts';
import { type LabPlainServer, startPlainServer } from '../lab/mcp/plainServer.ts';
import { openPassport, type Passport } from './passport.ts';

/** Prints another token at each run: it writes one more character into a file, and counts them. */
const counting = `
  const { appendFileSync, readFileSync } = require('node:fs');
  appendFileSync(process.argv[2], 'x');
  process.stdout.write('token-of-alice-canary-' + readFileSync(process.argv[2], 'utf8').length);`;

describe('a remote MCP server whose token a program prints', () => {
  let folder: string;
  let server: LabPlainServer;
  let passport: Passport;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dp-remote-command-'));
    writeFileSync(join(folder, 'counting.cjs'), counting);
    writeFileSync(join(folder, 'runs'), '');
    server = await startPlainServer({
      revision: '2025-11-25',
      whois: (token) => /^token-of-(alice)-canary-\d$/.exec(token)?.[1],
    });
    server.addTool({
      name: 'mine',
      description: 'Says whose token came with the request.',
      inputSchema: { type: 'object', properties: {} },
      run: (_, { user }) => said(JSON.stringify({ user })),
    });
    passport = await openPassport({ settings: settingsWith() });
    await passport.confirm('notes');
  });
  afterEach(async () => {
    await passport.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One connection, whose program has these arguments besides. */
  function settingsWith(...more: readonly string[]): Record<string, unknown> {
    const command = [process.execPath, join(folder, 'counting.cjs'), join(folder, 'runs'), ...more];
    const notes = { type: 'mcp', url: server.url, agents: true, token: { source: 'command', command } };
    return { 'dataPassport.identityProviders': {}, 'dataPassport.connections': { notes } };
  }
  const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').length;
  const tokens = (): readonly string[] => [
    ...new Set(
      server.requests.flatMap(({ headers }) =>
        headers.flatMap(([name, value]) => (name.toLowerCase() === 'authorization' ? [value] : [])),
      ),
    ),
  ];
  const bearer = (run: number): string => `Bearer token-of-alice-canary-${run}`;

  test('is called with what the program prints, which runs once for several calls', async () => {
    const answers = [await passport.remote('notes', 'mine'), await passport.remote('notes', 'mine')];
    assert.deepEqual(
      answers.map(({ ranAs, error }) => [ranAs, error]),
      [
        [{ user: 'alice' }, undefined],
        [{ user: 'alice' }, undefined],
      ],
    );
    assert.deepEqual([runs(), tokens()], [1, [bearer(1)]]);
  });

  test('that refuses the token has the program run once more, and the call is answered', async () => {
    await passport.remote('notes', 'mine');
    server.rejectNextTokens(1);
    const { ranAs, error } = await passport.remote('notes', 'mine');
    assert.deepEqual([ranAs, error], [{ user: 'alice' }, undefined]);
    assert.deepEqual([runs(), server.executions('mine'), tokens()], [2, 2, [bearer(1), bearer(2)]]);
  });

  test('that refuses every token has the program run once for each request that it refuses, and nobody sees what was printed', async () => {
    await passport.remote('notes', 'mine');
    server.rejectNextTokens(50);
    const { ranAs, error, text } = await passport.remote('notes', 'mine');
    assert.deepEqual([ranAs, error], [undefined, 'DP-MCP-REFUSED']);
    // The editor connects, which renews once in vain, and calls, which does so too.
    assert.deepEqual([runs(), server.executions('mine'), tokens()], [3, 1, [bearer(1), bearer(2), bearer(3)]]);
    assert.doesNotMatch(`${text}${passport.lines.join('')}`, /canary/);
  });

  test('gets nothing from a program that the user has not confirmed, and the program does not run', async () => {
    await passport.change(settingsWith('another argument'));
    assert.equal((await passport.remote('notes', 'mine')).error, 'DP-CONNECTION-UNCONFIRMED');
    assert.deepEqual([runs(), server.requests.length], [0, 0]);
  });
});
