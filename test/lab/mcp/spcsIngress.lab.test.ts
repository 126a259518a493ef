import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { type LabIdentityProvider, startIdentityProvider, warehouseAudience } from '../identityProvider.ts';
import { headerValues } from './journal.ts';
import { type LabSpcsIngress, startSpcsIngress } from './spcsIngress.ts';

let provider: LabIdentityProvider;
let ingress: LabSpcsIngress;
let pat: string;

before(async () => {
  provider = await startIdentityProvider();
});
beforeEach(async () => {
  ingress = await startSpcsIngress({
    issuer: provider.issuer,
    audience: warehouseAudience,
    whois: (token) => (token === 'app-token' ? 'alice' : undefined),
    endpointTokens: (token) => (token === 'endpoint-token' ? { user: 'BOB' } : undefined),
  });
  pat = ingress.issueProgrammaticToken('alice');
});
afterEach(() => ingress.close());
after(() => provider.close());

const snowflake = (token: string): string => `Snowflake Token="${token}"`;

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly branded: boolean;
}

async function post(headers: Record<string, string>, path = '/other'): Promise<Answer> {
  const response = await fetch(new URL(path, ingress.url), { method: 'POST', headers, redirect: 'manual' });
  const text = await response.text();
  const branded =
    response.headers.get('server') === '_' && response.headers.get('set-cookie')?.includes('sfc-ss-') === true;
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, branded };
}

const both = (): Record<string, string> => ({
  'x-sf-spcs-authorization': snowflake(pat),
  authorization: 'Bearer app-token',
});

/** Status and words of an answer without the id, which is another one each time. */
async function told(headers: Record<string, string>): Promise<string> {
  const { status, body, branded } = await post(headers);
  const { responseType = 'app', requestId = '', detail } = body as Record<string, string>;
  const signed =
    responseType === 'app' ? requestId === '' : /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(requestId);
  assert.equal(branded && signed, true);
  return `${status} ${responseType}: ${detail}`;
}

test('a client with both tokens talks to the app, and the token of the ingress goes no further', async () => {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(ingress.url), { requestInit: { headers: both() } });
  await client.connect(transport);
  const { content } = await client.callTool({ name: 'whoami_app', arguments: {} });
  await client.close();
  const reached = JSON.stringify(ingress.app.requests);
  assert.deepEqual(
    {
      content,
      token: reached.includes(pat) || reached.toLowerCase().includes('x-sf-spcs'),
      users: [...new Set(ingress.app.requests.flatMap((each) => headerValues(each, 'sf-context-current-user')))],
      app: [...new Set(ingress.app.requests.map(({ token }) => token))],
      ingress: [...new Set(ingress.requests.map(({ token }) => token))],
    },
    { content: [{ type: 'text', text: 'alice' }], token: false, users: ['ALICE'], app: ['app-token'], ingress: [pat] },
  );
});

test('it takes its own three sorts of token and rejects the rest, in a form that is not the app’s', async () => {
  const unauthenticated = '401 app: Authentication credentials were not provided.';
  const own = (token: string): Record<string, string> => ({ 'x-sf-spcs-authorization': snowflake(token) });
  const rejected = {
    missing: await told({}),
    appAlone: await told({ authorization: 'Bearer app-token' }),
    cookie: await told({ cookie: 'sfc-ss-ingress-auth-v1-00=00' }),
    bearerForm: await told({ 'x-sf-spcs-authorization': `Bearer ${pat}` }),
    invalid: await told(own('other')),
    expired: await told(own(await provider.mintAccessToken({ expiresInSeconds: -5 }))),
    policy: await told(own(ingress.issueProgrammaticToken('bob', { networkPolicy: false }))),
  };
  assert.deepEqual(
    { ...rejected, reached: ingress.app.requests.length },
    {
      missing: '401 ERROR_UNAUTHORIZED: Authentication failed.',
      appAlone: '401 ERROR_UNAUTHORIZED: Authentication failed.',
      cookie: '401 ERROR_UNAUTHORIZED: Authentication failed.',
      bearerForm: '401 ERROR_UNAUTHORIZED: Authentication failed.',
      invalid: '401 ERROR_UNAUTHORIZED: The provided token is invalid.',
      expired: '401 ERROR_UNAUTHORIZED: The credential has expired.',
      policy: '401 ERROR_UNAUTHORIZED: Network policy is required.',
      reached: 0,
    },
  );
  assert.deepEqual(
    {
      pat: await told(own(pat)),
      oauth: await told(own(await provider.mintAccessToken())),
      endpoint: await told(own('endpoint-token')),
      ordinary: await told({ authorization: snowflake(pat) }),
      stripped: ingress.app.requests.flatMap((each) => headerValues(each, 'authorization')),
    },
    {
      pat: unauthenticated,
      oauth: unauthenticated,
      endpoint: unauthenticated,
      ordinary: unauthenticated,
      stripped: [],
    },
  );
});

test('levers make the ingress or the app refuse, each in its own words and under the headers of the ingress', async () => {
  ingress.rejectWith('other', 403);
  const other = await told(both());
  ingress.rejectWith(undefined);
  ingress.app.refuseNext(1, 403);
  const app = await told(both());
  ingress.setReady(false);
  const down = await post(both());
  ingress.setReady(true);
  ingress.redirectNext('http://127.0.0.1:9/');
  const redirect = await post(both());
  ingress.app.replyRaw(200, { 'content-type': 'application/x-sh' }, 'exit');
  const script = await post(both());
  assert.deepEqual(
    [other, app, [down.status, down.branded], [redirect.status, redirect.branded], [script.status, script.body]],
    [
      '403 ERROR_FORBIDDEN: The endpoint is not open to this role.',
      '403 app: Authentication credentials were not provided.',
      [502, true],
      [307, true],
      [403, ''],
    ],
  );
});

test('a connection without bytes is cut', async () => {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(ingress.url), { requestInit: { headers: both() } });
  await client.connect(transport);
  ingress.setIdle(50);
  const lost = client.callTool({ name: 'slow' }, undefined, { timeout: 2_000 }).catch(() => 'lost');
  await ingress.until(({ tool, end }) => tool === 'slow' && end === 'cut');
  await ingress.app.until(({ tool, end }) => tool === 'slow' && end === 'client left');
  await client.close();
  assert.equal(await lost, 'lost');
});
