import { createHash, createHmac } from 'node:crypto';

/** What Signature Version 4 signs with. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken?: string | undefined;
}

/** Where and when a signature is good. */
export interface SigningScope {
  readonly region: string;
  /** As AWS calls it in signatures: `redshift`, `rds-db`. */
  readonly service: string;
  /** Milliseconds since the epoch, by the clock of AWS. */
  readonly now: number;
}

/** A request for the root of a host: none of ours has another path. */
export interface SignableRequest {
  readonly method: 'GET' | 'POST';
  readonly query: Readonly<Record<string, string>>;
  /** By lower-case name, `host` among them; every one is signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers that sign a request, its session token among them. `host` is left to whoever sends it. */
export function signedHeaders(request: SignableRequest, keys: AwsKeys, scope: SigningScope): Record<string, string> {
  const { host: _host, ...sent } = request.headers;
  const added = {
    'x-amz-date': timestamp(scope),
    ...(keys.sessionToken !== undefined && { 'x-amz-security-token': keys.sessionToken }),
  };
  const whole = { ...request, headers: { ...request.headers, ...added } };
  const authorization = [
    `${ALGORITHM} Credential=${keys.accessKeyId}/${scopeName(scope)}`,
    `SignedHeaders=${headerNames(whole)}`,
    `Signature=${signature(whole, keys, scope)}`,
  ].join(', ');
  return { ...sent, ...added, authorization };
}

/**
 * The query that signs a GET request without a body for a while, its session token among it.
 * @param seconds how long it is good for
 */
export function signedQuery(
  {
    host,
    query,
    seconds,
  }: { readonly host: string; readonly query: Readonly<Record<string, string>>; readonly seconds: number },
  keys: AwsKeys,
  scope: SigningScope,
): string {
  const request: SignableRequest = {
    method: 'GET',
    query: {
      ...query,
      'X-Amz-Algorithm': ALGORITHM,
      'X-Amz-Credential': `${keys.accessKeyId}/${scopeName(scope)}`,
      'X-Amz-Date': timestamp(scope),
      'X-Amz-Expires': String(seconds),
      ...(keys.sessionToken !== undefined && { 'X-Amz-Security-Token': keys.sessionToken }),
      'X-Amz-SignedHeaders': 'host',
    },
    headers: { host },
    body: '',
  };
  return `${canonicalQuery(request)}&X-Amz-Signature=${signature(request, keys, scope)}`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signature(request: SignableRequest, keys: AwsKeys, scope: SigningScope): string {
  const toSign = [ALGORITHM, timestamp(scope), scopeName(scope), hash(canonicalRequest(request))].join('\n');
  const day = timestamp(scope).slice(0, 8);
  const key = [day, scope.region, scope.service, 'aws4_request'].reduce<string | Buffer>(
    (derived, part) => keyed(derived, part).digest(),
    `AWS4${keys.secretAccessKey}`,
  );
  return keyed(key, toSign).digest('hex');
}

function canonicalRequest(request: SignableRequest): string {
  const headers = sorted(request.headers).map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}\n`);
  return [
    request.method,
    '/',
    canonicalQuery(request),
    headers.join(''),
    headerNames(request),
    hash(request.body),
  ].join('\n');
}

function canonicalQuery({ query }: SignableRequest): string {
  const encoded = Object.entries(query).map(([name, value]) => [encode(name), encode(value)] as const);
  return sorted(Object.fromEntries(encoded))
    .map((pair) => pair.join('='))
    .join('&');
}

function headerNames({ headers }: SignableRequest): string {
  return sorted(headers)
    .map(([name]) => name)
    .join(';');
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** RFC 3986 section 2.3: everything but the unreserved characters, a space as %20. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (special) => `%${special.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timestamp({ now }: SigningScope): string {
  return new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '');
}

function scopeName(scope: SigningScope): string {
  return [timestamp(scope).slice(0, 8), scope.region, scope.service, 'aws4_request'].join('/');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function keyed(key: string | Buffer, text: string): ReturnType<typeof createHmac> {
  return createHmac('sha256', key).update(text);
}
