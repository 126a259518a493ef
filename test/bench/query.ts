import { tokenOf } from '../../src/core/credential.ts';
import type { BenchGateway } from './gateway.ts';
import { startGateway } from './gateway.ts';
import { type BenchLab, peerUser } from './lab.ts';
import type { Loader, Target } from './loader.ts';
import type { McpPlace } from './mcp.ts';
import type { Peer, RunningPeer } from './peers.ts';
import { type Usage, usage } from './processes.ts';
import { type Cell, type CellFigures, inRounds, type RoundOptions } from './rounds.ts';

export interface QueryFigures extends CellFigures {
  readonly database: 'PostgreSQL' | 'Snowflake stand-in';
  readonly name: string;
  readonly client: string;
  readonly callers: number;
}

export interface LoadedMemory {
  readonly name: string;
  readonly usage: Usage | undefined;
}

interface Candidate {
  readonly database: QueryFigures['database'];
  readonly name: string;
  readonly client: string;
  readonly target: Target;
  readonly pid?: number;
}

const callerCounts = [1, 16];

/** `select 1` on every target with one and with sixteen callers, round after round, so that noise hits all alike. */
export async function measureQueries(
  { lab, peers, loader }: { lab: BenchLab; peers: readonly Peer[]; loader: Loader },
  options: RoundOptions,
): Promise<{ figures: QueryFigures[]; memory: LoadedMemory[] }> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const connections = lab.connections();
    const start = async (over: 'socket' | 'tcp'): Promise<BenchGateway> => {
      const { gatewayEntry: entry, credential } = lab;
      const gateway = await startGateway({ entry, over, connections, credential });
      closers.push(() => gateway.close());
      return gateway;
    };
    const gateways = { socket: await start('socket'), tcp: await start('tcp') };
    const running = await startPeers(lab, peers, closers);
    const candidates = [
      ...(await postgresCandidates(lab, gateways, running)),
      ...(await warehouseCandidates(lab, gateways)),
    ];
    const figures = await rotate(candidates, loader, options);
    const memory = [
      { name: 'Data Passport', usage: usage(gateways.socket.pid) },
      ...running.map(({ peer, server }) => ({ name: peer.name, usage: usage(server.pid) })),
    ];
    return { figures, memory };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

type Gateways = Readonly<Record<'socket' | 'tcp', BenchGateway>>;
type Running = readonly { readonly peer: Peer; readonly server: RunningPeer }[];

async function startPeers(lab: BenchLab, peers: readonly Peer[], closers: (() => Promise<void>)[]): Promise<Running> {
  const running: { peer: Peer; server: RunningPeer }[] = [];
  if (!lab.postgres) return running;
  for (const peer of peers) {
    const server = await peer.start(lab.postgres);
    closers.push(() => server.close());
    running.push({ peer, server });
  }
  return running;
}

function ofGateway(gateway: BenchGateway, kind: 'raw' | 'sdk', connection: string): Target {
  return { kind, place: placeOf(gateway), call: { name: 'query', arguments: { connection, sql: 'select 1' } } };
}

/** What can cross to the load process. */
function placeOf({ address, path, headers }: McpPlace): McpPlace {
  return { address, path, headers };
}

async function postgresCandidates(lab: BenchLab, { socket, tcp }: Gateways, running: Running): Promise<Candidate[]> {
  const { postgres } = lab;
  if (!postgres) return [];
  const { host, port } = postgres;
  const database = 'PostgreSQL';
  const config = { host, port, database: postgres.database, user: peerUser.name, password: peerUser.password };
  return [
    { database, name: 'bare driver (pg)', client: '', target: { kind: 'postgres', config } },
    { database, name: 'our connector alone', client: '', target: await sessionOf(lab, 'postgres') },
    {
      database,
      name: 'Data Passport, socket',
      client: 'raw',
      target: ofGateway(socket, 'raw', 'postgres'),
      pid: socket.pid,
    },
    { database, name: 'Data Passport, port', client: 'raw', target: ofGateway(tcp, 'raw', 'postgres'), pid: tcp.pid },
    ...running.map(({ peer, server }) => peerCandidate('raw', peer, server)),
    { database, name: 'Data Passport, port', client: 'SDK', target: ofGateway(tcp, 'sdk', 'postgres'), pid: tcp.pid },
    ...running.map(({ peer, server }) => peerCandidate('sdk', peer, server)),
  ];
}

function peerCandidate(kind: 'raw' | 'sdk', peer: Peer, server: RunningPeer): Candidate {
  const target = { kind, place: placeOf(server), call: peer.call('select 1') };
  const client = kind === 'sdk' ? 'SDK' : 'raw';
  return { database: 'PostgreSQL', name: peer.name, client, target, pid: server.pid };
}

async function warehouseCandidates(lab: BenchLab, { socket, tcp }: Gateways): Promise<Candidate[]> {
  const database = 'Snowflake stand-in';
  const { fields } = await lab.credential('warehouse');
  const options = {
    account: 'coffee-lab_eu',
    accessUrl: lab.warehouse.url,
    authenticator: 'OAUTH',
    token: tokenOf(fields) ?? '',
    role: 'ANALYST',
    clientSessionKeepAlive: false,
  };
  return [
    { database, name: 'bare driver (snowflake-sdk)', client: '', target: { kind: 'snowflake', options } },
    { database, name: 'our connector alone', client: '', target: await sessionOf(lab, 'warehouse') },
    {
      database,
      name: 'Data Passport, socket',
      client: 'raw',
      target: ofGateway(socket, 'raw', 'warehouse'),
      pid: socket.pid,
    },
    { database, name: 'Data Passport, port', client: 'SDK', target: ofGateway(tcp, 'sdk', 'warehouse'), pid: tcp.pid },
  ];
}

async function sessionOf(lab: BenchLab, id: string): Promise<Target> {
  const connection = lab.connections().find((each) => each.id === id);
  if (!connection) throw new Error(`There is no connection ${id}.`);
  return { kind: 'session', connection, credential: await lab.credential(id) };
}

async function rotate(
  candidates: readonly Candidate[],
  loader: Loader,
  options: RoundOptions,
): Promise<QueryFigures[]> {
  const cells: (Candidate & Cell)[] = [];
  for (const [index, candidate] of candidates.entries())
    for (const callers of callerCounts) cells.push({ ...candidate, callers, key: `${index} ${candidate.name}` });
  const figures = await inRounds(cells, loader, options);
  return cells.flatMap(({ database, name, client, callers }, index) => {
    const found = figures[index];
    return found ? [{ database, name, client, callers, ...found }] : [];
  });
}
