import type { FlowName } from '../../src/identity/flows/flow.ts';
import { type Endpoints, RANDOM, type RecordedRequest } from './fakeProvider.ts';

type Parameters = Readonly<Record<string, string | readonly string[]>>;

/** Everything that leaves for the provider, and what the administrator is told to register. */
export interface Outcome {
  readonly signIns: Partial<
    Record<string, { readonly authorize: RecordedRequest; readonly token: RecordedRequest | undefined }>
  >;
  readonly device:
    | { readonly device: RecordedRequest | undefined; readonly token: RecordedRequest | undefined }
    | undefined;
  readonly refresh: RecordedRequest | undefined;
  readonly revoke: RecordedRequest | undefined;
  readonly accounts: readonly string[];
  readonly registered: readonly string[];
}

/** What differs between providers. The words of RFC 6749, 7636, 7009 and 8628 that all share are added by `outcome`. */
interface Difference {
  /** How the client says who it is. */
  readonly client: Readonly<Record<string, string>> & { readonly client_id: string };
  /** Scope and audience of the sign-in. */
  readonly asked: Parameters;
  /** More of the authorization request. */
  readonly more?: Parameters;
  /** More of each token request. */
  readonly exchange?: Parameters;
  readonly refresh: Parameters;
  /** Where the browser ends, for each flow with a redirect: `editor` is the address of the editor. */
  readonly redirects: Partial<Record<FlowName, string>>;
  readonly account?: string;
  readonly registered: readonly string[];
}

export interface Row {
  readonly title: string;
  readonly preset: string;
  readonly words: Words;
  readonly server: Endpoints;
  outcome(editor: { readonly editorUri: string }): Outcome;
}

const USUAL = 'openid profile email offline_access';
const PORTS = [14_820, 21_739, 28_137];
const listed = (host: string): string[] => PORTS.map((port) => `http://${host}:${port}/callback`);
const EDITOR = 'editor';
const anyPort = 'http://127.0.0.1:50000/callback';

interface Words {
  readonly preset?: string;
  readonly [name: string]: unknown;
}

function row(title: string, words: Words, server: Endpoints, difference: Difference): Row {
  return {
    title,
    preset: words.preset ?? 'oidc',
    words,
    server,
    outcome: ({ editorUri }) => outcome(server, difference, editorUri),
  };
}

function outcome(server: Endpoints, difference: Difference, editorUri: string): Outcome {
  const { client, asked, more, exchange = {}, refresh, redirects, account = 'user-1 ana@example.com' } = difference;
  const at = (endpoint: string, parameters: Parameters): RecordedRequest => ({ endpoint, parameters });
  const real = (address: string): string => (address === EDITOR ? editorUri : address);
  const openId = String(asked['scope']).split(' ').includes('openid');
  const signIns = Object.entries(redirects).map(([flow, redirect]) => {
    const redirectUri = real(redirect);
    const authorize = at(server.authorize, {
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: redirectUri,
      code_challenge: RANDOM,
      code_challenge_method: 'S256',
      state: RANDOM,
      login_hint: 'ana@example.com',
      ...(openId && { nonce: RANDOM }),
      ...asked,
      ...more,
    });
    const code = { grant_type: 'authorization_code', code: 'code-1', code_verifier: RANDOM, redirect_uri: redirectUri };
    return [flow, { authorize, token: at(server.token, { ...code, ...client, ...exchange }) }] as const;
  });
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'device-1' };
  return {
    signIns: Object.fromEntries(signIns),
    device:
      server.device === undefined
        ? undefined
        : {
            device: at(server.device, { ...client, ...asked }),
            token: at(server.token, { ...grant, ...client, ...exchange }),
          },
    refresh: at(server.token, { grant_type: 'refresh_token', refresh_token: 'refresh-1', ...client, ...refresh }),
    revoke:
      server.revoke === undefined
        ? undefined
        : at(server.revoke, { token: 'refresh-1', token_type_hint: 'refresh_token', ...client }),
    accounts: [account],
    registered: difference.registered.map(real),
  };
}

const id = { client_id: 'x' };
/** Scopes alone say what a token is for. */
const byScope = (scopes: string) => ({ asked: { scope: scopes }, refresh: { scope: 'second.read' } });
const everywhere = (loopback: string) => ({ loopback, editorUri: EDITOR, pasteRedirect: loopback });
const noScheme = (loopback: string) => ({ loopback, pasteRedirect: loopback });

const okta = 'https://example.okta.com/oauth2';
const tenant = '11111111-2222-3333-4444-555555555555';
const entra = 'https://login.microsoftonline.com/example.com/oauth2/v2.0';
const keycloak = 'https://sso.example.com/realms/staff/protocol/openid-connect';
const pingone = `https://auth.pingone.eu/${tenant}/as`;
const duo = 'https://sso-00000000.sso.duosecurity.com/oidc/x';
const snowflake = 'https://myorg-myaccount.snowflakecomputing.com/oauth';
const databricks = 'https://example.cloud.databricks.com/oidc/v1';

export const rows: readonly Row[] = [
  row(
    'Okta, custom authorization server',
    { preset: 'okta', domain: 'example.okta.com', authorizationServer: 'data', clientId: 'x' },
    {
      authorize: `${okta}/data/v1/authorize`,
      token: `${okta}/data/v1/token`,
      revoke: `${okta}/data/v1/revoke`,
      device: `${okta}/data/v1/device/authorize`,
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: everywhere('http://127.0.0.1:14820/callback'),
      registered: [...listed('127.0.0.1'), EDITOR],
    },
  ),
  row(
    'Okta, org authorization server',
    { preset: 'okta', domain: 'example.okta.com', clientId: 'x' },
    {
      authorize: `${okta}/v1/authorize`,
      token: `${okta}/v1/token`,
      revoke: `${okta}/v1/revoke`,
      device: `${okta}/v1/device/authorize`,
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: everywhere('http://127.0.0.1:14820/callback'),
      registered: [...listed('127.0.0.1'), EDITOR],
    },
  ),
  row(
    'Microsoft Entra ID',
    { preset: 'entra', tenant: 'example.com', clientId: 'x' },
    {
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      authorize: `${entra}/authorize`,
      token: `${entra}/token`,
      device: `${entra}/devicecode`,
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read`),
      redirects: everywhere('http://localhost:50000'),
      registered: ['http://localhost', EDITOR],
    },
  ),
  row(
    'Google',
    { preset: 'google', clientId: 'x' },
    {
      authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
      token: 'https://oauth2.googleapis.com/token',
      revoke: 'https://oauth2.googleapis.com/revoke',
    },
    {
      client: { ...id, client_secret: 'kept-apart' },
      ...byScope('openid profile email first.read second.read'),
      more: { access_type: 'offline', prompt: 'consent' },
      redirects: noScheme(anyPort),
      registered: ['http://127.0.0.1/callback'],
    },
  ),
  row(
    'Auth0',
    { preset: 'auth0', domain: 'example.eu.auth0.com', clientId: 'x' },
    {
      authorize: 'https://example.eu.auth0.com/authorize',
      token: 'https://example.eu.auth0.com/oauth/token',
      revoke: 'https://example.eu.auth0.com/oauth/revoke',
      device: 'https://example.eu.auth0.com/oauth/device/code',
    },
    {
      client: id,
      asked: { scope: `${USUAL} first.read`, audience: 'https://first.example' },
      exchange: { audience: 'https://first.example' },
      refresh: { scope: 'second.read', audience: 'https://second.example' },
      redirects: everywhere('http://127.0.0.1:14820/callback'),
      registered: [...listed('127.0.0.1'), EDITOR],
    },
  ),
  row(
    'Keycloak',
    { preset: 'keycloak', url: 'https://sso.example.com/', realm: 'staff', clientId: 'x' },
    {
      authorize: `${keycloak}/auth`,
      token: `${keycloak}/token`,
      revoke: `${keycloak}/revoke`,
      device: `${keycloak}/auth/device`,
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: everywhere(anyPort),
      registered: ['http://127.0.0.1/callback', EDITOR],
    },
  ),
  row(
    'Amazon Cognito',
    { preset: 'cognito', region: 'eu-west-1', userPoolId: 'eu-west-1_AbCdEfGhI', clientId: 'x' },
    {
      authorize: 'https://example.auth.eu-west-1.amazoncognito.com/oauth2/authorize',
      token: 'https://example.auth.eu-west-1.amazoncognito.com/oauth2/token',
      revoke: 'https://example.auth.eu-west-1.amazoncognito.com/oauth2/revoke',
    },
    {
      client: id,
      ...byScope('openid profile email first.read second.read'),
      redirects: everywhere('http://localhost:14820/callback'),
      registered: [...listed('localhost'), EDITOR],
    },
  ),
  row(
    'PingOne',
    { preset: 'pingone', environmentId: tenant, region: 'eu', clientId: 'x' },
    {
      authorize: `${pingone}/authorize`,
      token: `${pingone}/token`,
      revoke: `${pingone}/revoke`,
      device: `${pingone}/device_authorization`,
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read`),
      redirects: everywhere(anyPort),
      registered: ['http://127.0.0.1/callback', EDITOR],
    },
  ),
  row(
    'PingFederate',
    { preset: 'pingfederate', issuer: 'https://sso.example.com', resourceUri: 'https://data.example', clientId: 'x' },
    {
      authorize: 'https://sso.example.com/as/authorization.oauth2',
      token: 'https://sso.example.com/as/token.oauth2',
      revoke: 'https://sso.example.com/as/revoke_token.oauth2',
      device: 'https://sso.example.com/as/device_authz.oauth2',
    },
    {
      client: id,
      asked: { scope: `${USUAL} first.read second.read` },
      more: { aud: 'https://data.example' },
      exchange: { aud: 'https://data.example' },
      refresh: { scope: 'second.read', aud: 'https://data.example' },
      redirects: everywhere(anyPort),
      registered: ['http://127.0.0.1/callback', EDITOR],
    },
  ),
  row(
    'OneLogin',
    { preset: 'onelogin', subdomain: 'example', clientId: 'x' },
    {
      authorize: 'https://example.onelogin.com/oidc/2/auth',
      token: 'https://example.onelogin.com/oidc/2/token',
      revoke: 'https://example.onelogin.com/oidc/2/token/revocation',
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: everywhere('http://localhost:14820/callback'),
      registered: [...listed('localhost'), EDITOR],
    },
  ),
  row(
    'JumpCloud',
    { preset: 'jumpcloud', clientId: 'x' },
    {
      authorize: 'https://oauth.id.jumpcloud.com/oauth2/auth',
      token: 'https://oauth.id.jumpcloud.com/oauth2/token',
      revoke: 'https://oauth.id.jumpcloud.com/oauth2/revoke',
    },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: noScheme('http://localhost:14820/callback'),
      registered: listed('localhost'),
    },
  ),
  row(
    'Duo Single Sign-On',
    { preset: 'duo', host: 'sso-00000000.sso.duosecurity.com', clientId: 'x' },
    { authorize: `${duo}/authorize`, token: `${duo}/token` },
    {
      client: id,
      ...byScope(`${USUAL} first.read second.read`),
      redirects: noScheme('http://localhost:14820/callback'),
      registered: listed('localhost'),
    },
  ),
  row(
    'Snowflake, built-in integration',
    { preset: 'snowflake', account: 'MYORG-MYACCOUNT' },
    { authorize: `${snowflake}/authorize`, token: `${snowflake}/token-request` },
    {
      client: { client_id: 'LOCAL_APPLICATION', client_secret: 'LOCAL_APPLICATION' },
      asked: { scope: 'refresh_token first.read' },
      exchange: { enable_single_use_refresh_tokens: 'true' },
      refresh: { scope: 'second.read', enable_single_use_refresh_tokens: 'true' },
      redirects: noScheme(anyPort),
      account: 'ANA ANA',
      registered: ['http://127.0.0.1/callback'],
    },
  ),
  row(
    'Snowflake, custom confidential integration behind a private link',
    {
      preset: 'snowflake',
      account: 'myorg-my_account',
      host: 'myorg-myaccount.snowflakecomputing.com',
      integration: 'custom',
      clientId: 'x',
      clientAuthentication: 'secret',
    },
    { authorize: `${snowflake}/authorize`, token: `${snowflake}/token-request` },
    {
      client: { ...id, client_secret: 'kept-apart' },
      ...byScope('refresh_token first.read'),
      redirects: noScheme('http://127.0.0.1:14820/callback'),
      account: 'ANA ANA',
      registered: ['http://127.0.0.1:14820/callback'],
    },
  ),
  row(
    'Databricks, built-in client',
    { preset: 'databricks', host: 'example.cloud.databricks.com' },
    { authorize: `${databricks}/authorize`, token: `${databricks}/token` },
    {
      client: { client_id: 'databricks-cli' },
      ...byScope('all-apis offline_access first.read second.read'),
      redirects: noScheme('http://localhost:8020'),
      account: 'ana@example.com ana@example.com',
      registered: ['http://localhost:8020'],
    },
  ),
  row(
    'Databricks, custom app connection',
    { preset: 'databricks', host: 'example.cloud.databricks.com', clientId: 'x' },
    { authorize: `${databricks}/authorize`, token: `${databricks}/token` },
    {
      client: id,
      ...byScope('all-apis offline_access first.read second.read'),
      redirects: noScheme('http://localhost:14820/callback'),
      account: 'ana@example.com ana@example.com',
      registered: listed('localhost'),
    },
  ),
  row(
    'any OpenID Connect provider',
    { issuer: 'https://login.example.com', clientId: 'x', authorizationParameters: { acr_values: 'mfa' } },
    {
      authorize: 'https://login.example.com/authorize',
      token: 'https://login.example.com/token',
      revoke: 'https://login.example.com/revoke',
      device: 'https://login.example.com/device',
    },
    {
      client: id,
      asked: {
        scope: `${USUAL} first.read second.read`,
        resource: ['https://first.example', 'https://second.example'],
      },
      more: { acr_values: 'mfa', prompt: 'consent' },
      exchange: { resource: 'https://first.example' },
      refresh: { scope: 'second.read', resource: 'https://second.example' },
      redirects: everywhere(anyPort),
      registered: ['http://127.0.0.1/callback', EDITOR],
    },
  ),
  row(
    'any OAuth 2.0 provider',
    {
      preset: 'oauth2',
      authorizationEndpoint: 'https://login.example.com/authorize',
      tokenEndpoint: 'https://api.example.com/token',
      revocationEndpoint: 'https://api.example.com/revoke',
      userInfoEndpoint: 'https://api.example.com/me',
      deviceAuthorizationEndpoint: 'https://api.example.com/device',
      clientId: 'x',
      account: { from: 'userInfo', subject: 'id' },
    },
    {
      authorize: 'https://login.example.com/authorize',
      token: 'https://api.example.com/token',
      revoke: 'https://api.example.com/revoke',
      device: 'https://api.example.com/device',
      userInfo: 'https://api.example.com/me',
    },
    {
      client: id,
      ...byScope('first.read second.read'),
      redirects: everywhere(anyPort),
      account: '7 ana@example.com',
      registered: ['http://127.0.0.1/callback', EDITOR],
    },
  ),
];
