import * as z from 'zod/mini';

import { connector, type DatabaseSession, type SessionContext } from '../../src/connectors/connector.ts';
import type { Credential } from '../../src/core/credential.ts';
import { tokenOf } from '../../src/core/credential.ts';
import { PassportError } from '../../src/core/errors.ts';

/** Connection types that the tests alone have: systems that see the token with every request. */

interface Asked {
  readonly user: string;
  readonly rows: readonly (readonly string[])[];
}

/** Undefined where the token is refused. */
type Ask = (url: string, token: string, statement: string, signal: AbortSignal) => Promise<Asked | undefined>;

const settings = z.strictObject({ url: z.string() });

function overHttp(type: string, ask: Ask) {
  return connector<{ url: string }>({
    type,
    label: type,
    serves: 'sql',
    settings: () => settings,
    dialect: 'postgresql',
    injection: 'perRequest',
    accepts: ['bearer'],
    credentials: () => ({ endpoint: { scopes: [] } }),
    destinations({ url }) {
      const { hostname, port } = new URL(url);
      return [{ host: hostname, port: Number(port), secure: false }];
    },
    role: () => undefined,
    load: async () => ({ open: ({ url }, context) => open((...rest) => ask(url, ...rest), context) }),
  });
}

async function open(
  ask: (token: string, statement: string, signal: AbortSignal) => Promise<Asked | undefined>,
  { connection, credentials, signal: opening }: SessionContext,
): Promise<DatabaseSession> {
  let usable = true;
  let rejected: Credential | undefined;

  async function asked(statement: string, signal: AbortSignal): Promise<Asked> {
    const credential = await credentials('endpoint', { rejected, signal });
    const answer = await ask(tokenOf(credential.reveal()) ?? '', statement, signal);
    if (answer) return answer;
    usable = false;
    rejected = credential;
    throw new PassportError('DP-DATABASE-REFUSED', { connection, user: 'the caller' });
  }

  const { user } = await asked('SELECT 1', opening);
  const none = (): never => {
    throw new PassportError('DP-INTERNAL', { problem: 'not a part of this test' });
  };
  return {
    identity: { user, details: {} },
    get usable() {
      return usable;
    },
    whoami: async (signal) => ({ user: (await asked('SELECT 1', signal)).user, details: {} }),
    async query(statement, { signal }) {
      const { rows } = await asked(statement, signal);
      async function* batches() {
        yield rows;
      }
      return { columns: [{ name: 'region', type: 'text' }], batches: batches() };
    },
    explain: none,
    list: none,
    describe: none,
    close: async () => undefined,
  };
}

export const statements = overHttp('statements', async (url, token, statement, signal) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ statement }),
    redirect: 'error',
    signal,
  });
  if (response.status === 401) return undefined;
  const { user, result } = (await response.json()) as { user: string; result: { data_array: string[][] } };
  return { user, rows: result.data_array };
});
