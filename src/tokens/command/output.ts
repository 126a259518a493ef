import type { CredentialFields } from '../../core/credential.ts';
import { jsonObject } from '../http.ts';
import { type ExpiryForm, expiryIn } from './expiry.ts';
import type { Fails } from './fails.ts';

export interface OutputWish {
  readonly format: 'auto' | 'json' | 'text';
  readonly tokenField?: string | undefined;
  readonly expiresField?: string | undefined;
  /** Then it is a password. */
  readonly user?: string | undefined;
  /** Then it is a set of AWS credentials. */
  readonly region?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Output {
  readonly fields: CredentialFields;
  /** As the output says it. */
  readonly expiresAt: Date | undefined;
}

interface ExpiryField {
  readonly field: string;
  readonly form: ExpiryForm;
}

interface Shape {
  readonly token: string;
  /** The first one that is there counts. */
  readonly expiries: readonly ExpiryField[];
}

/** What programs print that are known to print tokens. The first whose token field is there counts. */
const shapes: readonly Shape[] = [
  // az account get-access-token: expires_on since 2.54, before that the local time alone
  {
    token: 'accessToken',
    expiries: [
      { field: 'expires_on', form: 'time' },
      { field: 'expiresOn', form: 'localTime' },
    ],
  },
  // databricks auth token; whatever prints a token response (RFC 6749 section 5.1)
  {
    token: 'access_token',
    expiries: [
      { field: 'expiry', form: 'time' },
      { field: 'expires_in', form: 'seconds' },
    ],
  },
  // gcloud config config-helper --format=json
  { token: 'credential.access_token', expiries: [{ field: 'credential.token_expiry', form: 'time' }] },
  // vault login -format=json, vault token create -format=json
  { token: 'auth.client_token', expiries: [{ field: 'auth.lease_duration', form: 'seconds' }] },
  // ExecCredential of kubectl: aws eks get-token, gke-gcloud-auth-plugin, kubelogin
  { token: 'status.token', expiries: [{ field: 'status.expirationTimestamp', form: 'time' }] },
];

type Json = Readonly<Record<string, unknown>>;

/**
 * The credential in what a program printed.
 * @throws what `fails` makes; its problems name fields, never what is in them
 */
export function readOutput(bytes: Uint8Array, wish: OutputWish, fails: Fails): Output {
  const text = decoded(bytes, fails);
  if (text.trim() === '') throw fails('it printed nothing');
  const { format, tokenField, region, user } = wish;
  const isJson = format === 'json' || (format === 'auto' && (tokenField !== undefined || /^\s*\{/.test(text)));
  if (region !== undefined) return awsCredentials(jsonIn(text, fails), { ...wish, region }, fails);
  if (isJson) return fromJson(jsonIn(text, fails), wish, fails);
  const line = text.replace(/[\r\n]+$/, '');
  if (/[\r\n]/.test(line)) throw fails('it printed several lines of text');
  return { fields: fieldsOf(usable(line, { called: 'what it printed', user }, fails), user), expiresAt: undefined };
}

function decoded(bytes: Uint8Array, fails: Fails): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fails('what it printed is not UTF-8 text', { cause });
  }
}

function jsonIn(text: string, fails: Fails): Json {
  const json = jsonObject(text);
  if (!json) throw fails('what it printed is not a JSON object');
  return json;
}

function fromJson(json: Json, wish: OutputWish, fails: Fails): Output {
  const { tokenField, user } = wish;
  const shape =
    tokenField === undefined
      ? shapes.find(({ token }) => fieldIn(json, token) !== undefined)
      : { token: tokenField, expiries: [] };
  if (!shape) throw fails('it printed JSON that has a token in no known place: name it by tokenField');
  const value = usable(fieldIn(json, shape.token), { called: `the field ${shape.token}`, user }, fails);
  return { fields: fieldsOf(value, user), expiresAt: expiryOf(json, shape.expiries, { wish, fails }) };
}

/** The form of credential_process, and that of `aws sts`, which has the same fields in `Credentials`. */
function awsCredentials(json: Json, wish: OutputWish & { readonly region: string }, fails: Fails): Output {
  const place = fieldIn(json, 'Credentials') === undefined ? '' : 'Credentials.';
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((name) =>
    usable(fieldIn(json, place + name), { called: `the field ${place}${name}` }, fails),
  ) as [string, string, string];
  const fields = { kind: 'aws', accessKeyId, secretAccessKey, sessionToken, region: wish.region } as const;
  return {
    fields,
    expiresAt: expiryOf(json, [{ field: `${place}Expiration`, form: 'time' }], { wish, fails }),
  };
}

function fieldsOf(value: string, user: string | undefined): CredentialFields {
  return user === undefined ? { kind: 'bearer', token: value } : { kind: 'password', user, password: value };
}

function expiryOf(
  json: Json,
  known: readonly ExpiryField[],
  { wish, fails }: { readonly wish: OutputWish; readonly fails: Fails },
): Date | undefined {
  const fields = wish.expiresField === undefined ? known : [{ field: wish.expiresField, form: 'any' } as const];
  const found = fields.find(({ field }) => (fieldIn(json, field) ?? null) !== null);
  if (!found) {
    if (wish.expiresField !== undefined) throw fails(`it printed no field ${wish.expiresField}`);
    return undefined;
  }
  const expiry = expiryIn(fieldIn(json, found.field), found.form, wish.now);
  if (expiry === undefined)
    throw fails(`the field ${found.field} is not a time with its zone, nor a number of seconds`);
  if (expiry === 'never') return undefined;
  if (expiry.getTime() <= wish.now) throw fails('what it printed has expired already');
  return expiry;
}

/** @param name fields from the outermost inwards, with periods between them */
function fieldIn(json: Json, name: string): unknown {
  let value: unknown = json;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Json)[part];
  }
  return value;
}

interface Named {
  readonly called: string;
  readonly user?: string | undefined;
}

function usable(value: unknown, { called, user }: Named, fails: Fails): string {
  if (value === undefined || value === null) throw fails(`${called} is missing`);
  if (typeof value !== 'string') throw fails(`${called} is not a string`);
  if (value === '') throw fails(`${called} is empty`);
  if (/\p{Cc}/u.test(value)) throw fails(`${called} has control characters`);
  // A password may have a space. Of a token it would say that this is a message to people.
  if (user === undefined && !/^[\x21-\x7e]+$/.test(value)) throw fails(`${called} has characters that no token has`);
  return value;
}
