import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import { OAuth2Client } from 'google-auth-library';

import { directNetwork } from '../../src/core/network.ts';
import { startGatewayChild } from '../../src/extension/gatewayChild.ts';
import { loginAt, openPassport, type Passport } from '../extension/passport.ts';
import { labClientId, type LabIdentityProvider, startIdentityProvider } from '../lab/identityProvider.ts';
import { keptLog } from '../support/keptLog.ts';
import { type Spread, spread } from './statistics.ts';

/** Microseconds that a credential costs while the one at hand is good. */
export interface WarmFigures {
  readonly way: 'in the process' | 'over IPC';
  readonly name: string;
  readonly microseconds: Spread;
}

/** What happens when everything expires at once. */
export interface ExpiryFigures {
  readonly connections: number;
  readonly signIns: number;
  /** Requests at the identity provider's token endpoint. */
  readonly grants: number;
  /** Milliseconds until the last connection had its credential. */
  readonly all: number;
  /** Longest time that the event loop was held up, milliseconds. */
  readonly stall: number;
}

export interface CredentialFigures {
  readonly warm: readonly WarmFigures[];
  readonly expiry: ExpiryFigures | undefined;
}

const asker = fileURLToPath(new URL('credentialAsker.ts', import.meta.url));
const WARM_CALLS = 20_000;
const ECHOES = 5000;
const CONNECTIONS = 1000;
const SIGN_INS = 10;

/** The cost of a credential. The peers hold a token as well: Google's own client in the process, a bare echo over IPC. */
export async function measureCredentials(rounds: number): Promise<CredentialFigures> {
  const idp = await startIdentityProvider();
  try {
    return { warm: await warm(idp, rounds), expiry: await expiry(idp) };
  } finally {
    await idp.close();
  }
}

const settingsOf = (idp: LabIdentityProvider, providers: number, connections: number): Record<string, unknown> => {
  const name = (index: number): string => `p${index % providers}`;
  return {
    'dataPassport.identityProviders': Object.fromEntries(
      Array.from({ length: providers }, (_, index) => [name(index), { issuer: idp.issuer, clientId: labClientId }]),
    ),
    'dataPassport.connections': Object.fromEntries(
      Array.from({ length: connections }, (_, index) => [
        `c${index}`,
        { type: 'postgres', host: 'db.example.com', database: `db${index}`, identityProvider: name(index) },
      ]),
    ),
  };
};

async function warm(idp: LabIdentityProvider, rounds: number): Promise<WarmFigures[]> {
  const passport = await openPassport({ settings: settingsOf(idp, 1, 1) });
  try {
    await passport.signIn('p0', loginAt(idp, 'alice'));
    const connection = passport.connection('c0');
    const google = new OAuth2Client();
    google.setCredentials({ access_token: 'at-hand', expiry_date: Date.now() + 3600_000 });
    const ways: [WarmFigures['way'], string, () => Promise<number>][] = [
      ['in the process', 'Data Passport', () => perCall(() => passport.credentials.get(connection, 'database', {}))],
      ['in the process', 'google-auth-library', () => perCall(() => google.getAccessToken())],
      ['over IPC', 'Data Passport', () => overChannel(passport)],
      ['over IPC', 'bare echo', echoes],
    ];
    const measured = ways.map(([way, name, measure]) => ({ way, name, measure, values: [] as number[] }));
    for (let round = 0; round < rounds; round += 1)
      for (const { measure, values } of measured) values.push((await measure()) * 1000);
    return measured.map(({ way, name, values }) => ({ way, name, microseconds: spread(values) }));
  } finally {
    await passport.close();
  }
}

/** Milliseconds. */
async function perCall(call: () => Promise<unknown>): Promise<number> {
  for (let index = 0; index < WARM_CALLS / 10; index += 1) await call();
  const started = performance.now();
  for (let index = 0; index < WARM_CALLS; index += 1) await call();
  return (performance.now() - started) / WARM_CALLS;
}

async function overChannel({ credentials, connection, overview }: Passport): Promise<number> {
  const child = startGatewayChild({
    entry: asker,
    listen: { kind: 'tcp' },
    callerKey: 'none',
    log: keptLog().log,
    connections: overview.wireConnections,
    network: { current: () => directNetwork, systemCertificates: () => false },
    credential: (id, slot, wish) => credentials.get(connection(id), slot, wish),
    signInPage: async () => undefined,
    onUse: () => undefined,
    onRemember: () => undefined,
  });
  try {
    await child.ready;
    const answer = await child.ask((request) => ({ type: 'whoami', request, connection: 'c0' }), 60);
    return answer.type === 'whoamiDone' ? answer.elapsedMs : Number.NaN;
  } finally {
    child.end();
    await child.ended;
  }
}

async function echoes(): Promise<number> {
  const child = fork(asker, { serialization: 'advanced' });
  try {
    await once(child, 'message');
    const started = performance.now();
    for (let index = 0; index < ECHOES; index += 1) {
      child.send({ type: 'echo' });
      await once(child, 'message');
    }
    return (performance.now() - started) / ECHOES;
  } finally {
    child.kill();
  }
}

async function expiry(idp: LabIdentityProvider): Promise<ExpiryFigures> {
  const passport = await openPassport({ settings: settingsOf(idp, SIGN_INS, CONNECTIONS) });
  try {
    for (let index = 0; index < SIGN_INS; index += 1) await passport.signIn(`p${index}`, loginAt(idp, 'alice'));
    const { connections } = passport.current();
    const everyone = (): Promise<unknown> =>
      Promise.all(connections.map((connection) => passport.credentials.get(connection, 'database', {})));
    await everyone();
    passport.clock.offset += 3600_000;
    const before = idp.requests.filter(({ path }) => path === '/token').length;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const started = performance.now();
    await everyone();
    const all = performance.now() - started;
    delay.disable();
    const grants = idp.requests.filter(({ path }) => path === '/token').length - before;
    return { connections: CONNECTIONS, signIns: SIGN_INS, grants, all, stall: delay.max / 1e6 };
  } finally {
    await passport.close();
  }
}
