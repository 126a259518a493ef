import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { credential } from '../../src/core/credential.ts';
import type { WireConnection } from '../../src/core/link.ts';
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts';
import { readOnlyGuard } from '../../src/gateway/readOnlyGuard.ts';
import { postgresAudience, warehouseAudience } from '../lab/identityProvider.ts';
import { type Lab, startLab } from '../lab/index.ts';
import { type LabUserName, regionsOf } from '../lab/sampleData.ts';
import { keptLog } from '../support/keptLog.ts';
import { connectV1 } from './clients.ts';

const users: readonly LabUserName[] = ['alice', 'bob'];
const limits = { rows: 200, cellLength: 2000, bytes: 200_000, seconds: 30 };

let lab: Lab;
let gateway: Gateway;
let place: Parameters<typeof connectV1>[0];

before(async () => {
  lab = await startLab();
  const { log, redactor } = keptLog();
  const configured = lab.settings['dataPassport.connections'] as Record<string, Record<string, unknown>>;
  // Each database twice, once for each user: as two identity providers would have it.
  const connections = Object.entries(configured).flatMap(
    ([id, { type, title: _title, token: _token, agents: _agents, ...own }]) =>
      users.map((user): WireConnection => {
        const connector = connectors[String(type)];
        assert.ok(connector);
        return {
          id: `${id}-${user}`,
          title: id,
          type: connector.type,
          identityProvider: user,
          shared: false,
          binding: user,
          settings: connector.settings.parse(own),
          limits,
          subject: user,
        };
      }),
  );
  gateway = createGateway({
    version: '0.0.0',
    connectors,
    connections,
    guard: readOnlyGuard,
    clock: { now: () => Date.now() },
    log,
    redactor,
    async resolveCredential({ type, subject }) {
      const audience = type === 'snowflake' ? warehouseAudience : postgresAudience;
      // Short-lived, so that sessions of both users end and begin while the other's are in use.
      const token = await lab.idp.mintAccessToken({ user: subject ?? '', audience, expiresInSeconds: 3 });
      return credential(
        { kind: 'bearer', token },
        { id: randomUUID(), subject, audience, expiresAt: new Date(Date.now() + 3000) },
      );
    },
  });
  const key = randomBytes(32).toString('base64url');
  const { port } = await gateway.listen({ kind: 'tcp' }, key);
  place = {
    url: new URL(`http://127.0.0.1:${port ?? 0}/mcp`),
    headers: { authorization: `Bearer ${key}` },
    fetch: (url, init) => fetch(url, init),
  };
});
after(async () => {
  await gateway?.close();
  await lab?.close();
});

test('two users interleaved 200 times against each database always run as themselves', async () => {
  await using session = await connectV1(place);
  const jobs = Array.from({ length: 400 }, (_, index) => {
    const user = users[Math.floor(index / 2) % 2] ?? 'alice';
    const database = index % 2 === 0 && lab.postgres ? 'postgres' : 'warehouse';
    return { user, database };
  });
  const wrong: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let job = jobs.pop(); job; job = jobs.pop()) {
      const me = job.database === 'postgres' ? 'CURRENT_USER' : 'CURRENT_USER()';
      const sql = `SELECT ${me} AS me, region FROM coffee.orders GROUP BY region ORDER BY region`;
      const answer = await session.client.callTool({
        name: 'query',
        arguments: { connection: `${job.database}-${job.user}`, sql },
      });
      const { rows = [], ranAs } = (answer.structuredContent ?? {}) as { rows?: unknown[][]; ranAs?: { user: string } };
      const seen = [...rows.map(([name, region]) => [String(name).toLowerCase(), region]), ranAs?.user.toLowerCase()];
      const expected = [
        ...regionsOf(job.user)
          .toSorted()
          .map((region) => [job.user, region]),
        job.user,
      ];
      if (JSON.stringify(seen) !== JSON.stringify(expected)) wrong.push({ job, answer });
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  assert.deepEqual(wrong.slice(0, 2), []);
  assert.equal(jobs.length, 0);
  const byUser = new Set(lab.warehouse.statements().map(({ user, outcome }) => `${user} ${outcome}`));
  assert.deepEqual([...byUser].sort(), ['ALICE success', 'BOB success']);
});
