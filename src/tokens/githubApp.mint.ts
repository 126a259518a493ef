import { randomUUID } from 'node:crypto';

import { credential, type Credential } from '../core/credential.ts';
import { PassportError } from '../core/errors.ts';
import type { GithubAppSettings } from './githubApp.ts';
import { askService, jsonObject, type ServiceAnswer } from './http.ts';
import { type PrivateKey, readPrivateKey } from './keyFile.ts';
import { passphraseField } from './passphrase.ts';
import { clockAhead, instant } from './serverClock.ts';
import { hostOf } from './serviceUrl.ts';
import { signedJwt } from './signedJwt.ts';
import type { MintRequest } from './source.ts';
import { type Answering, unusableAnswer } from './unusableAnswer.ts';

/** Seconds that the app's JWT begins before now, as GitHub recommends because clocks differ. */
const BACKDATED = 60;
/** Seconds that the app's JWT lives. GitHub takes ten minutes at most, by its own clock; it is used at once. */
const JWT_SECONDS = 300;

/** Of the permissions of an installation, those that are never for reading only (app-permissions of GitHub's OpenAPI description). */
const WRITE_ONLY = new Set(['workflows', 'profile']);

/** Beginnings of what GitHub says of the app's JWT. A message may quote what was sent: only these words of ours are ever shown. */
const KEY_FAULTS = [
  'A JSON web token could not be decoded',
  'Integration not found',
  'Integration must generate a public key',
  "'Expiration time' claim ('exp')",
  "'Issued at' claim ('iat')",
  "'Issuer' claim ('iss')",
];
/** And of the installation. */
const INSTALLATION_FAULTS = [
  'This installation has been suspended',
  'The permissions requested are not granted to this installation',
  'The level of access for permissions requested are not granted to this installation',
  'There is at least one repository that does not exist or is not accessible to the parent installation',
];

type Permissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** What {@link file://./githubApp.ts} mints. @throws PassportError DP-KEY-*, DP-GITHUB-REFUSED, DP-TOKEN-SERVICE-* */
export async function mint(request: MintRequest<GithubAppSettings>): Promise<Credential> {
  const { settings: own, connection, path, ports } = request;
  const passphrase = async (): Promise<string | undefined> => (await request.secret(passphraseField.name))?.value;
  const key = await readPrivateKey({ file: own.privateKeyFile, connection, passphrase });
  const answering = { service: serviceOf(own), connection, path };
  const app: App = { request, answering, key, jwt: appToken(own.app, key, ports.clock.now()) };
  ports.know(app.jwt);
  const { id, permissions } = await installationOf(own, app);
  const body = JSON.stringify({ repositories: own.repositories, permissions: own.permissions ?? permissions });
  const answer = await ask({ path: `/app/installations/${id}/access_tokens`, body }, app);
  const { token, expires_at: end } = jsonObject(answer.text) ?? {};
  if (typeof token !== 'string' || token === '') throw unusableAnswer(app.answering, 'it has no token');
  const ends = instant(typeof end === 'string' ? end : undefined) - clockAhead(answer.headers, ports.clock.now());
  if (Number.isNaN(ends)) throw unusableAnswer(app.answering, 'it does not say when the token ends');
  return credential({ kind: 'installation', token }, { id: randomUUID(), expiresAt: new Date(ends) });
}

interface App {
  readonly request: MintRequest<GithubAppSettings>;
  readonly answering: Answering;
  readonly key: PrivateKey;
  readonly jwt: string;
}

/** https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
function appToken(app: string, { key }: PrivateKey, now: number): string {
  const seconds = Math.floor(now / 1000);
  return signedJwt(key, { iss: app, iat: seconds - BACKDATED, exp: seconds + JWT_SECONDS });
}

/** Asked for only where the settings leave something open. */
async function installationOf(own: GithubAppSettings, app: App): Promise<{ id: number; permissions?: Permissions }> {
  const { installation, organization, repository } = own;
  if (installation !== undefined && own.permissions) return { id: installation };
  const place = organization === undefined ? `/repos/${repository}/installation` : `/orgs/${organization}/installation`;
  const path = installation === undefined ? place : `/app/installations/${installation}`;
  const { text } = await ask({ path }, app);
  const { id, permissions } = jsonObject(text) ?? {};
  if (typeof id !== 'number' || !Number.isSafeInteger(id))
    throw unusableAnswer(app.answering, 'it has no installation');
  if (typeof permissions !== 'object' || permissions === null)
    throw unusableAnswer(app.answering, 'it has no permissions');
  return { id, permissions: forReading(permissions, app) };
}

/**
 * The same permissions at their lowest level, which everybody has who has a higher one.
 * @throws PassportError DP-GITHUB-REFUSED where there is none: GitHub would take that for all of them
 */
function forReading(permissions: object, { request }: App): Permissions {
  const names = Object.keys(permissions).filter((name) => !WRITE_ONLY.has(name));
  if (names.length > 0) return Object.fromEntries(names.map((name) => [name, 'read' as const]));
  const error = 'the installation has no permission to read';
  throw new PassportError('DP-GITHUB-REFUSED', { connection: request.connection, error, app: request.settings.app });
}

/**
 * Without a body a GET, with one a POST.
 * @throws PassportError DP-KEY-REFUSED, DP-GITHUB-REFUSED, DP-TOKEN-SERVICE-*
 */
async function ask(
  { path, body }: { readonly path: string; readonly body?: string },
  app: App,
): Promise<ServiceAnswer> {
  const { settings: own, signal, ports } = app.request;
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${app.jwt}`,
    'user-agent': 'data-passport',
    // Good until March 2028 at least, and the only one that every supported GitHub Enterprise Server knows.
    'x-github-api-version': '2022-11-28',
  };
  const init =
    body === undefined
      ? { method: 'GET', headers }
      : { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
  const url = own.apiUrl.replace(/\/+$/, '') + path;
  const answer = await askService({ ...app.answering, url, init, fetch: ports.fetch, signal });
  if (answer.status === (body === undefined ? 200 : 201)) return answer;
  throw refusal(answer, app);
}

function refusal({ status, headers, text }: ServiceAnswer, app: App): PassportError {
  const { service, connection } = app.answering;
  const { app: principal } = app.request.settings;
  // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: 403 or 429, with one of these headers.
  if (status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'))
    return new PassportError('DP-TOKEN-SERVICE-UNREACHABLE', { service, connection, reason: 'rate limit' });
  const { message } = jsonObject(text) ?? {};
  if (typeof message !== 'string')
    return unusableAnswer(app.answering, `HTTP status ${status} without an error of GitHub`);
  const known = (phrases: readonly string[]): string | undefined =>
    phrases.find((phrase) => message.startsWith(phrase));
  const keyFault = known(KEY_FAULTS);
  if (status === 401 || keyFault !== undefined) {
    const error = keyFault ?? `HTTP status ${status}`;
    const { fingerprint } = app.key;
    return new PassportError('DP-KEY-REFUSED', { service, connection, error, fingerprint, principal });
  }
  const error = known(INSTALLATION_FAULTS) ?? `HTTP status ${status}`;
  return new PassportError('DP-GITHUB-REFUSED', { connection, error, app: principal });
}

function serviceOf({ apiUrl }: GithubAppSettings): string {
  const host = hostOf(apiUrl);
  return host === 'api.github.com' ? 'GitHub' : host;
}
