import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { importJudge } from '../../src/extension/importJudge.ts';
import { presets } from '../../src/identity/presets/index.ts';
import { tokenSources } from '../../src/tokens/index.ts';

const judge = importJudge({ presets, connectors, tokenSources });
const snowflake = { type: 'snowflake', account: 'my_org-main' };

test('an entry is read as the settings read it, with every place that its credential goes to', () => {
  const role = { source: 'awsWebIdentity', role: 'arn:aws:iam::123456789012:role/Analyst', region: 'us-west-2' };
  const token = { ...role, database: { kind: 'redshift', cluster: 'sales' } };
  const settings = { type: 'postgres', host: 'sales.example.com', database: 'dev', token };
  assert.deepEqual(judge({ providers: {}, connection: { id: 'sales', settings, needsProvider: true } }), {
    problems: [],
    hosts: ['sales.example.com:5432', 'sts.us-west-2.amazonaws.com', 'redshift.us-west-2.amazonaws.com'],
  });
});

test('what is missing, and what is wrong, is named by its path below the entry', () => {
  assert.deepEqual(judge({ providers: {}, connection: { id: 'sales', settings: snowflake, needsProvider: false } }), {
    problems: [{ path: 'identityProvider', problem: 'must be one of (no valid identity provider is configured)' }],
    hosts: [],
  });
  const wrong = { ...snowflake, protocol: 'http' };
  assert.deepEqual(
    judge({ providers: {}, connection: { id: 'sales', settings: wrong, needsProvider: true } }).problems,
    [{ path: 'protocol', problem: 'http is allowed for a loopback host only' }],
  );
});

test('a provider is judged by itself', () => {
  assert.deepEqual(judge({ providers: { company: { issuer: 'https://login.example.com' } } }), {
    problems: [{ path: 'clientId', problem: 'is missing' }],
    hosts: [],
  });
});

test('programs that an entry would run are named', () => {
  const token = { source: 'command', command: ['/bin/token', '--for', 'lab'] };
  const settings = { type: 'postgres', host: 'localhost', database: 'lab', token };
  assert.deepEqual(judge({ providers: {}, connection: { id: 'lab', settings, needsProvider: false } }), {
    problems: [],
    hosts: ['localhost:5432'],
    programs: [['/bin/token', '--for', 'lab']],
  });
});
