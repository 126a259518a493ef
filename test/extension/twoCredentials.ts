import assert from 'node:assert/strict';

import { connectors } from '../../src/connectors/index.ts';
import { credential } from '../../src/core/credential.ts';
import type { Memory } from '../../src/core/ports.ts';
import { createConfirmations } from '../../src/extension/confirmations.ts';
import { createConnectionSecrets } from '../../src/extension/connectionSecrets.ts';
import { createCredentials } from '../../src/extension/credentials.ts';
import type { Sessions } from '../../src/extension/sessions.ts';
import { parseSettings } from '../../src/extension/settings.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';
import { keptLog } from '../support/keptLog.ts';
import { madeUpSource } from '../support/madeUpSource.ts';
import { memorySecrets } from '../support/memorySecrets.ts';

/** Parts of the extension around one MCP server with two credentials, with nobody but a made-up provider outside. */
/** @param more settings in place of those; undefined takes one out */
export function twoCredentials(more: object = {}) {
  const minted: string[] = [];
  const signedIn = madeUpSource(async ({ path, need }) => {
    minted.push(`${path} ${need.scopes.join(' ')}`.trim());
    return credential({ kind: 'bearer', token: `token-${minted.length}` }, { id: `minted-${minted.length}` });
  });
  const tables = { connectors, tokenSources: { ...tokenSources, signedIn } };
  const forecast = {
    type: 'mcp',
    preset: 'spcs',
    agents: true,
    url: 'https://abc-myorg-myaccount.snowflakecomputing.app/mcp',
    token: { source: 'signedIn' },
    serverToken: { source: 'personalAccessToken' },
    ...more,
  };
  const { connections, problems } = parseSettings(
    {
      identityProviders: { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
      connections: {
        forecast: Object.fromEntries(Object.entries(forecast).filter(([, value]) => value !== undefined)),
      },
      limits: undefined,
    },
    { presets, ...tables },
  );
  assert.deepEqual(problems, []);
  const [connection] = connections;
  assert.ok(connection);

  const state = { subject: 'alice' as string | undefined, trusted: true };
  const session = {
    provider: { id: 'company', title: 'company' },
    signIn: () => (state.subject === undefined ? undefined : { subject: state.subject }),
    get state() {
      const { subject } = state;
      return { accounts: subject === undefined ? [] : [{ subject, label: `${subject}@lab.example` }], saved: true };
    },
  };
  const sessions = { get: () => session, all: [session] } as unknown as Sessions;
  const values = new Map<string, unknown>();
  const memory: Memory = {
    get: (key) => values.get(key),
    update: async (key, value) => void values.set(key, value),
  };
  const { log, redactor } = keptLog();
  const confirmations = createConfirmations({ ...tables, memory });
  const connectionSecrets = createConnectionSecrets({ ...tables, secrets: memorySecrets(), log, redactor });
  const clock = { now: () => Date.now() };
  const trusted = (): boolean => state.trusted;
  const credentials = createCredentials({
    ...tables,
    sessions,
    connectionSecrets,
    confirmations,
    trusted,
    signal: new AbortController().signal,
    fetch: () => assert.fail('nothing is asked of anybody'),
    clock,
    redactor,
  });
  return {
    tables,
    connection,
    state,
    minted,
    sessions,
    confirmations,
    connectionSecrets,
    credentials,
    clock,
    trusted,
  };
}
