import type { CredentialSupplier } from '../../connectors/connector.ts';
import type { HttpServer, ProgramServer, RemoteServer } from '../../connectors/mcp/server.ts';
import { placesOf, SERVER_SLOT } from '../../core/connection.ts';
import { PassportError } from '../../core/errors.ts';
import type { ToolChange } from '../../core/link.ts';
import type { NetworkFacts } from '../../core/network.ts';
import type { Clock } from '../../core/ports.ts';
import type { ConfiguredServer } from '../connectionTable.ts';
import { isObject } from '../record.ts';
import { type Authorized, authorized } from './authorized.ts';
import type { Answered, Call, Channel } from './channel.ts';
import { type Exchanger, exchanger } from './exchange.ts';
import { tokenProblem } from './headerCheck.ts';
import { httpWays, type Open } from './httpWays.ts';
import { serverMemory } from './memory.ts';
import { ownSecrets } from './ownSecrets.ts';
import { openPiped } from './pipe.ts';
import { type Policies, policies } from './policies.ts';
import { programPipe } from './program.ts';
import { type RpcMessage, type RpcRequest } from './rpc.ts';
import { type UpstreamHttp, upstreamHttp } from './upstreamHttp.ts';

export interface RemotePorts {
  readonly supply: CredentialSupplier;
  readonly network: NetworkFacts;
  readonly clock: Clock;
  readonly version: string;
  /** Variables for programs of the user. */
  readonly environment: Readonly<Record<string, string>>;
  readonly remember: (facts: string, withheld: readonly ToolChange[]) => void;
}

/** One connection to a remote MCP server as one user: nothing in it outlives a change of settings or user. */
export interface RemoteConnection {
  readonly configured: ConfiguredServer;
  readonly policies: Policies;
  /** Aborts when the user or the settings change. */
  readonly life: AbortSignal;
  /** True where the server takes part in `initialize`. */
  readonly introduces: boolean;
  /** Parameters of errors: `connection` and `host`. */
  readonly params: Readonly<Record<string, string>>;
  /** True where the client takes up its streams itself. */
  readonly clientResumes: boolean;
  /** What the server said of itself the last time. */
  remembered(): Readonly<Record<string, unknown>> | undefined;
  /** Begins a conversation, in whichever way the server speaks. @throws as {@link Channel.request} */
  open(initialize: RpcRequest, signal: AbortSignal): Promise<Channel>;
  /** One request that stands for itself (2026-07-28). */
  pass(call: Call): Promise<Answered & { readonly status: number }>;
  passNotification(message: RpcMessage, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void>;
  /** Lists the tools where that has not been done since they may have changed, so that none is called that changed behind the user. */
  verify(ask: (message: RpcRequest) => Promise<Answered>): Promise<void>;
  /** The list may have changed; or it was just taken. */
  listed(known: boolean): void;
  reviewed(changes: readonly ToolChange[]): boolean;
  /** Ends what runs, with this reason. */
  end(reason: PassportError): void;
}

/** Milliseconds that what ran gets to be told that it ends. */
const GOODBYE = 3000;
/** Pages of a list that are asked for. */
const PAGES = 20;

export function remoteConnection(configured: ConfiguredServer, ports: RemotePorts): RemoteConnection {
  const { wire, connector } = configured;
  const server = connector.server(wire.settings);
  const { reach } = server;
  const life = new AbortController();
  const secrets = ownSecrets();
  const supply: CredentialSupplier = async (slot, why) => {
    const credential = await ports.supply(slot, why);
    const problem = tokenProblem(credential.reveal());
    if (problem !== undefined)
      throw new PassportError('DP-MCP-HEADER', { connection: wire.id, header: 'with the token', problem });
    secrets.know(credential.id, credential.reveal());
    return credential;
  };
  const memory = serverMemory({
    server: reach.kind === 'http' ? reach.url : JSON.stringify([reach.command, ...reach.args]),
    remembered: wire.remembered,
    rules: server,
    // It goes to a file: what a server repeats of a token stays out of it.
    remember: (facts, withheld) =>
      ports.remember(
        secrets.clean(facts),
        JSON.parse(secrets.clean(JSON.stringify(withheld))) as readonly ToolChange[],
      ),
  });
  const rules = policies({
    server,
    connection: wire.id,
    title: wire.title,
    bytes: wire.limits.bytes,
    memory,
    secrets,
  });
  const slots = [...Object.keys(connector.credentials(wire.settings)), ...(wire.serverToken ? [SERVER_SLOT] : [])];
  const params = { connection: wire.id, host: placesOf(connector.destinations(wire.settings))[0] ?? '' };
  const http = reach.kind === 'http' ? httpParts(reach, server) : undefined;
  let isListed = false;
  let listing: Promise<void> | undefined;
  let listings = 0;

  function httpParts(target: HttpServer, { trusted }: RemoteServer): HttpParts {
    const client = upstreamHttp({ url: target.url, connection: wire.id, network: ports.network });
    const userAgent = `data-passport/${ports.version}`;
    const auth = authorized({
      ...ports,
      server: target,
      http: client,
      supply,
      slots,
      params,
      userAgent,
      clean: secrets.clean,
    });
    const requests = exchanger({ auth, server: target, params, clean: secrets.clean, resumes: !trusted });
    const open = httpWays({ target, params, auth, requests, clientResumes: trusted, clean: secrets.clean });
    return { client, auth, requests, open };
  }

  async function open(initialize: RpcRequest, signal: AbortSignal): Promise<Channel> {
    if (http) return http.open(initialize, signal);
    const program = reach as ProgramServer;
    const pipe = programPipe({ ...ports, wire, reach: program, slots, supply, life: life.signal });
    return openPiped(initialize, signal, { open: pipe, params, program: program.command });
  }

  async function list(ask: (message: RpcRequest) => Promise<Answered>): Promise<void> {
    let cursor: unknown;
    for (let page = 0; page < PAGES; page += 1) {
      const params = cursor === undefined ? {} : { cursor };
      listings += 1;
      const request = { jsonrpc: '2.0', id: `dp-list-${listings}`, method: 'tools/list', params } as const;
      // Compared as any other list is: without what it repeats of a token.
      const { message } = rules.answer(request, await ask(request));
      if (!isObject(message.result)) break;
      cursor = message.result['nextCursor'];
      if (cursor === undefined) break;
    }
    isListed = true;
  }

  return {
    configured,
    params,
    policies: rules,
    life: life.signal,
    introduces: reach.kind === 'program' || reach.lifecycle === 'remote',
    clientResumes: server.trusted,
    remembered: memory.initialized,
    async open(initialize, signal) {
      const channel = await open(initialize, AbortSignal.any([life.signal, signal]));
      if (!channel.initialized) return channel;
      // What a server repeats of a token when it introduces itself stays here.
      const initialized = JSON.parse(secrets.clean(JSON.stringify(channel.initialized))) as typeof channel.initialized;
      memory.keep(initialized);
      return { ...channel, initialized };
    },
    async pass(call) {
      if (!http)
        throw new PassportError('DP-MCP-NOT-ALLOWED', { connection: wire.id, feature: 'requests without a session' });
      const { answer, ...answered } = await http.requests.exchange(call, { headers: {} });
      return { ...answered, status: answer.status };
    },
    async passNotification(message, headers, signal) {
      await http?.requests.post(message, { headers }, signal);
    },
    async verify(ask) {
      while (!isListed && !server.trusted) {
        // One is enough for all; whoever it failed for tries in their own name.
        if (listing) await listing.catch(() => undefined);
        else {
          listing = list(ask).finally(() => {
            listing = undefined;
          });
          await listing;
        }
      }
    },
    listed(known) {
      isListed = known;
    },
    reviewed: memory.reviewed,
    end(reason) {
      life.abort(reason);
      // Long enough for a goodbye to what ran; nobody else is ever given this object.
      setTimeout(() => {
        http?.auth.forget();
        http?.client.close();
      }, GOODBYE).unref();
    },
  };
}

interface HttpParts {
  readonly client: UpstreamHttp;
  readonly auth: Authorized;
  readonly requests: Exchanger;
  readonly open: Open;
}
