import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { asPassportError } from '../../../src/core/errors.ts';
import type {
  DeviceCode,
  FlowHandler,
  FlowHost,
  FlowRequest,
  Outcome,
  Place,
} from '../../../src/identity/flows/flow.ts';
import type { ProviderDescription, RedirectRule } from '../../../src/identity/presets/preset.ts';

export const AUTHORIZE =
  'https://login.acme.example/authorize?resource=https%3A%2F%2Fdb.acme.example%2F%3Fa%3D1%26b%3D2%2B%23';

export function describedBy(redirect: Partial<RedirectRule> = {}): ProviderDescription {
  return {
    id: 'acme',
    title: 'Acme',
    issuer: 'https://login.acme.example',
    clientId: 'data-passport',
    clientAuthentication: { kind: 'none' },
    account: { from: 'idToken' },
    scopes: ['openid'],
    unknownScopes: [],
    audienceParameter: 'resource',
    audiencesAtSignIn: 'all',
    authorizationParameters: {},
    tokenParameters: {},
    redirect: { host: '127.0.0.1', ports: [], path: '/callback', ...redirect },
    flows: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
    accessToken: { issuer: undefined, subject: false },
    revocation: 'refreshToken',
    registration: { application: 'Native', steps: [], manual: 'https://login.acme.example/manual' },
  };
}

/** A sign-in that records what is asked of it. What a test does not give, nobody may ask for. */
export function recordingHandler(
  given: {
    readonly start?: (redirectUri: string, tries: number) => string;
    readonly finish?: (callback: URL) => Promise<Outcome>;
    readonly device?: (signal: AbortSignal) => DeviceCode;
  } = {},
) {
  const starts: string[] = [];
  const callbacks: URL[] = [];
  let state: string | undefined;
  const handler: FlowHandler = {
    async start(redirectUri) {
      starts.push(redirectUri);
      state = `state-${starts.length}`;
      if (!given.start) throw new Error('nobody may start a redirect here');
      return given.start(redirectUri, starts.length);
    },
    expectedState: () => state,
    async finish(callback) {
      callbacks.push(callback);
      if (!given.finish) throw new Error('nobody may finish here');
      return given.finish(callback);
    },
    async device(signal) {
      if (!given.device) throw new Error('nobody may ask for a device code here');
      return given.device(signal);
    },
  };
  return { handler, starts, callbacks };
}

export const authorizes = (_redirectUri: string, tries: number): string => `${AUTHORIZE}&state=state-${tries}`;
export const signsIn = async (): Promise<Outcome> => ({ kind: 'signedIn', account: 'ana@acme', provider: 'Acme' });

export function hostOf(place: Place, editorUri?: string): FlowHost {
  return {
    place,
    async editorUri() {
      if (editorUri === undefined) throw new Error('nobody may ask for the editor here');
      return editorUri;
    },
  };
}

export function requestOf(
  handler: FlowHandler,
  redirect: Partial<RedirectRule> = {},
  host = hostOf('desktop'),
): FlowRequest {
  return { description: describedBy(redirect), handler, host };
}

export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => asPassportError(error).code,
  );

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** One HTTP request as it is written: nothing is followed, encoded or added. `address`: where to connect, whatever the URL says. */
export function visit(
  url: string,
  { method = 'GET', headers = {}, path, address }: VisitOptions = {},
): Promise<Answer> {
  const { port, hostname, host, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        method,
        host: address ?? hostname.replace(/^\[|\]$/g, ''),
        port,
        path: path ?? pathname + search,
        headers: { host, ...headers },
        agent: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (body += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    sent.on('error', reject).end();
  });
}

interface VisitOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly address?: string;
}

/** Why nobody answers there; undefined: somebody does. */
export function refusal(port: number, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => resolve(undefined));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).on('close', () => undefined);
    socket.on('connect', () => socket.destroy());
  });
}

/** Sends these bytes on a new connection and leaves it open. */
export async function rawSocket(port: number, bytes: string | Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}

/** Another program on a port. */
export async function occupy(address: string, port = 0): Promise<{ readonly port: number; free(): Promise<void> }> {
  const server: Server = createServer((socket) => socket.destroy());
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound ? bound.port : 0,
    free: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** A port that was free a moment ago, at both loopback addresses. */
export async function freePort(): Promise<number> {
  const taken = await occupy('127.0.0.1');
  await taken.free();
  return taken.port;
}

export const hasIpv6 = await occupy('::1').then(
  async (taken) => taken.free().then(() => true),
  () => false,
);
