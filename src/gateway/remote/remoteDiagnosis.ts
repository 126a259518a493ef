import type { HostRule } from '../../core/connection.ts';
import type { FarLink } from '../../core/diagnosis.ts';
import { type ErrorCode, PassportError } from '../../core/errors.ts';
import type { NetworkFacts } from '../../core/network.ts';
import { broken, good, reachLink, SERVER_REACH, skipped } from '../diagnosis/farLinks.ts';
import { reach } from '../diagnosis/reach.ts';
import { isObject } from '../record.ts';
import { beginningOf } from './boundedText.ts';
import { type Channel, SessionLost } from './channel.ts';
import { plainText } from './plainText.ts';
import type { RemoteConnection } from './remoteConnection.ts';
import type { RpcRequest } from './rpc.ts';
import { upstreamHttp } from './upstreamHttp.ts';

/** Seconds for the conversation. */
const TEST = 60;
/** Bytes of metadata that are read. */
const METADATA = 64 * 1024;

/** What says that the address is not that of a server that can be spoken to, whoever asks. */
const ABOUT_THE_WAY: ReadonlySet<ErrorCode> = new Set([
  'DP-MCP-UNREACHABLE',
  'DP-MCP-CERTIFICATE',
  'DP-MCP-REDIRECT',
  'DP-MCP-STATUS',
  'DP-MCP-NOT-READY',
]);

export interface RemoteDiagnosisPorts {
  readonly version: string;
  readonly network: NetworkFacts;
}

/** Reachability, the beginning of a conversation and the list of tools, on the road of the editor's own calls. */
export async function diagnoseRemote(
  of: RemoteConnection,
  { version, network }: RemoteDiagnosisPorts,
): Promise<readonly FarLink[]> {
  const { wire, connector } = of.configured;
  const { reach: server } = connector.server(wire.settings);
  const [place] = connector.destinations(wire.settings);
  const way = await wayTo(of, server.kind === 'http' ? place : undefined, network);
  if (way.state === 'broken') return [way];
  const signal = AbortSignal.any([of.life, AbortSignal.timeout(TEST * 1000)]);
  let channel: Channel | undefined;
  let begun: FarLink | undefined;
  try {
    channel = await of.open(opening(version), signal);
    await channel.tell({ jsonrpc: '2.0', method: 'notifications/initialized' }, signal).catch(() => undefined);
    begun = of.introduces
      ? good('initialize', introduction(channel))
      : skipped('initialize', 'The server knows no such request; it is answered in its place.');
    const count = await toolsOf(of, channel, signal);
    const identity = { user: wire.account ?? '', role: of.configured.role, details: {} };
    return [way, begun, { ...good('tools', `The server offers ${count} tools.`), identity }];
  } catch (thrown) {
    const late = signal.aborted && !of.life.aborted;
    const error = late ? new PassportError('DP-MCP-TIMEOUT', { connection: wire.id, seconds: String(TEST) }) : thrown;
    if (error instanceof PassportError && ABOUT_THE_WAY.has(error.code)) return [broken('reach', error, way.facts)];
    const refusal = server.kind === 'http' ? await withMetadata(named(error, of), server.url, network) : error;
    return [way, ...(begun ? [begun, broken('tools', refusal)] : [broken('initialize', refusal)])];
  } finally {
    await channel?.close();
  }
}

async function wayTo(of: RemoteConnection, place: HostRule | undefined, network: NetworkFacts): Promise<FarLink> {
  if (!place) return skipped('reach', 'The server is a program on this machine, which starts with the next link.');
  const connection = of.configured.wire.id;
  return reachLink(await reach(place, 'web', network), place, { connection, codes: SERVER_REACH });
}

/** A server that forgot us at once says so in its refusal. */
function named(error: unknown, { params }: RemoteConnection): unknown {
  if (!(error instanceof SessionLost)) return error;
  return error.refusal ?? new PassportError('DP-MCP-ANSWER', { ...params, problem: 'it forgot the conversation' });
}

function opening(version: string): RpcRequest {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'data-passport', version },
  };
  return { jsonrpc: '2.0', id: 'dp-diagnosis', method: 'initialize', params };
}

function introduction({ initialized }: Channel): string {
  const info = initialized?.['serverInfo'];
  const name = isObject(info) && typeof info['name'] === 'string' ? plainText(info['name']).slice(0, 100) : 'no name';
  const revision = initialized?.['protocolVersion'];
  return `The server calls itself ${name} and speaks MCP ${typeof revision === 'string' ? plainText(revision).slice(0, 20) : 'of an unknown revision'}.`;
}

async function toolsOf(of: RemoteConnection, channel: Channel, signal: AbortSignal): Promise<number> {
  const message: RpcRequest = { jsonrpc: '2.0', id: 'dp-diagnosis-tools', method: 'tools/list', params: {} };
  // Not compared with what is known of the tools, and not remembered: nobody uses this list.
  const { result, error } = (await channel.request({ message, signal, hear: () => undefined })).message;
  if (isObject(result) && Array.isArray(result['tools'])) return result['tools'].length;
  const said = isObject(error) && typeof error['message'] === 'string' ? plainText(error['message']).slice(0, 300) : '';
  const problem = said === '' ? 'it lists no tools' : `it refuses to list its tools: ${said}`;
  throw new PassportError('DP-MCP-ANSWER', { ...of.params, problem });
}

/** Whose tokens a server that refused ours takes, where it says so (RFC 9728): asked on its own origin, without a token. */
async function withMetadata(refusal: unknown, url: string, network: NetworkFacts): Promise<unknown> {
  if (!(refusal instanceof PassportError) || refusal.code !== 'DP-MCP-REFUSED') return refusal;
  const { code, params, detail } = refusal;
  const servers = await authorizationServers(url, params['connection'] ?? '', network).catch(() => []);
  if (servers.length === 0) return refusal;
  return new PassportError(code, { ...params, authorizationServers: servers.join(' ') }, { detail });
}

async function authorizationServers(
  url: string,
  connection: string,
  network: NetworkFacts,
): Promise<readonly string[]> {
  const http = upstreamHttp({ url, connection, network });
  try {
    const { pathname } = new URL(url);
    const { status, body } = await http.send({
      method: 'GET',
      path: `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`,
      headers: { accept: 'application/json' },
      repeatable: true,
      signal: AbortSignal.timeout(10_000),
    });
    const metadata: unknown = JSON.parse(await beginningOf(body, METADATA));
    const servers = status === 200 && isObject(metadata) ? metadata['authorization_servers'] : undefined;
    return Array.isArray(servers) ? servers.filter(isAddress).slice(0, 5) : [];
  } finally {
    http.close();
  }
}

/** An address that can stand in a sentence and a setting. */
function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\/[\w.:/~-]{1,200}$/.test(value);
}
