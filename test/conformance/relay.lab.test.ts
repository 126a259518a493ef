import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { remoteHarness, remoteWire } from '../gateway/remote/harness.ts';
import { differences } from './differences.ts';
import { startFixtureServer, type SuiteRevision } from './fixtureServer.ts';
import { startShim } from './shim.ts';
import { type Findings, runSuite } from './suite.ts';

const allow = ['resources', 'prompts', 'completions', 'logging', 'elicitation', 'sampling', 'roots'];

interface Judged {
  /** With nothing between the suite and the server. */
  readonly direct: Findings;
  /** Through the gateway, which lets everything pass as it is. */
  readonly off: Findings;
  /** Through the gateway, which looks into what passes. */
  readonly on: Findings;
  /** What arrived as Authorization through the gateway, each value once. */
  readonly authorizations: readonly (string | undefined)[];
}

async function judge(revision: SuiteRevision): Promise<Judged> {
  await using stack = new AsyncDisposableStack();
  // Each run has a server of its own, so that none hears of what another one changes.
  const start = async () => stack.adopt(await startFixtureServer(revision), (server) => server.close());
  const [direct, off, on] = [await start(), await start(), await start()];
  const connections = [
    remoteWire('off', 'mcp/generic', { url: off.url, allow, trusted: true }),
    remoteWire('on', 'mcp/generic', { url: on.url, allow }),
  ];
  const gateway = stack.use(await remoteHarness(connections, () => Promise.resolve({ token: 'token-of-alice' })));
  const through = async (connection: string) => {
    const shim = await startShim(gateway.urlOf(connection), gateway.headers);
    return runSuite(stack.adopt(shim, ({ close }) => close()).url, revision);
  };
  const found = await Promise.all([runSuite(direct.url, revision), through('off'), through('on')]);
  const authorizations = [...new Set([...off.authorizations, ...on.authorizations])];
  return { direct: found[0], off: found[1], on: found[2], authorizations };
}

// One revision after the other: the suite gives some answers half a second, and three runs fill a small machine.
describe('The conformance suite of MCP, with one server', () => {
  for (const [revision, atLeast] of [
    ['2025-11-25', 84],
    ['2026-07-28', 196],
  ] as const) {
    describe(`of ${revision}`, () => {
      let judged: Judged;
      before(async () => {
        judged = await judge(revision);
      });

      test('finds no fault with it that would leave the rest without meaning', () => {
        const { checks, faults } = judged.direct;
        const passed = Object.values(checks).flat();
        assert.deepEqual(faults, []);
        assert.ok(passed.filter((check) => check.endsWith(', SUCCESS')).length >= atLeast);
      });

      test('finds the same through the gateway when it lets everything pass as it is', () => {
        assert.deepEqual(judged.off.checks, judged.direct.checks, judged.off.faults.join('\n'));
      });

      test('finds what is written down as a difference, and nothing else, when the gateway looks into what passes', () => {
        const { direct, on } = judged;
        const known = differences.filter((each) => each.revision === revision);
        const expected = Object.fromEntries(known.map(({ scenario, checks }) => [scenario, checks]));
        assert.deepEqual(on.checks, { ...direct.checks, ...expected }, on.faults.join('\n'));
        for (const { scenario, checks } of known) assert.notDeepEqual(direct.checks[scenario], checks, scenario);
      });

      test('reaches it with the token of the user on every request, and nothing else', () => {
        assert.deepEqual(judged.authorizations, ['Bearer token-of-alice']);
      });
    });
  }
});
