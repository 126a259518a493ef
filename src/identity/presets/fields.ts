import * as z from 'zod/mini';

import { isLoopback } from '../../core/connection.ts';
import type { FlowName } from '../flows/flow.ts';
import type { ProviderDescription, RedirectRule } from './preset.ts';

/** For providers that compare the port: seldom used, and below what any system gives out by itself (Linux from 32768, RFC 6335 from 49152). */
export const LISTED_PORTS: readonly number[] = [14_820, 21_739, 28_137];

/** Scopes of OpenID Connect Core sections 5.4 and 11. */
export const OPENID_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** What a provider allows, and so what may be set and what is the default. */
export interface Rules {
  readonly scopes: readonly string[];
  readonly flows: readonly FlowName[];
  readonly redirect: RedirectRule;
}

/** Settings that every provider has, parsed. */
export interface CommonSettings {
  readonly title?: string | undefined;
  readonly scopes: readonly string[];
  readonly flow?: FlowName | undefined;
  readonly redirectPorts: readonly number[];
  readonly redirectPath: string;
}

export const text = (about: string) => z.string().check(z.minLength(1), z.describe(about));

export const clientId = text('Client id of the application that the administrator registered for Data Passport.');

/** RFC 6749 section 3.3: `scope-token`. */
const scope = z.string().check(z.regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope without spaces or quotes'));

const port = z.int().check(z.minimum(1), z.maximum(65_535));

export const redirectPorts = (host: RedirectRule['host']) =>
  z
    .array(port)
    .check(
      z.describe(
        `Ports of the registered redirect addresses http://${host}:<port><redirectPath>, tried in order. Empty: any free port.`,
      ),
    );

export const redirectPath = z
  .string()
  .check(
    z.regex(/^(?:\/[\w./-]*)?$/, 'must be empty or a path that starts with /'),
    z.describe('Path of the registered redirect address.'),
  );

/** The settings that every provider has, with the defaults that its rules give. */
export function common({ scopes, flows, redirect }: Rules) {
  return {
    title: z.optional(text('Name shown to you. Default: the id.')),
    scopes: z._default(z.array(scope), [...scopes]).check(
      z.refine((chosen) => !scopes.includes('openid') || chosen.includes('openid'), {
        error: 'must include "openid"',
      }),
      z.describe('Scopes of every sign-in, in place of the default ones. Scopes of connections are added to them.'),
    ),
    flow: z.optional(
      z
        .enum(flows)
        .check(
          z.describe(
            'Way of signing in that is tried first. Default: what fits where the editor runs. "loopback": the browser comes back to this machine. "editorUri": it comes back to the editor. "deviceCode": you confirm a code in any browser. "pasteRedirect": you paste the address that the browser ends at.',
          ),
        ),
    ),
    redirectPorts: z._default(redirectPorts(redirect.host), [...redirect.ports]),
    redirectPath: z._default(redirectPath, redirect.path),
  };
}

/** Default of everything that most providers have in common, so that a preset says only what is its own. */
const usual = {
  clientAuthentication: { kind: 'none' },
  account: { from: 'idToken' },
  unknownScopes: [],
  audienceParameter: 'scope',
  audiencesAtSignIn: 'all',
  authorizationParameters: {},
  tokenParameters: {},
  accessToken: { issuer: undefined, subject: false },
  revocation: 'refreshToken',
} as const satisfies Partial<ProviderDescription>;

type Own = Pick<ProviderDescription, 'issuer' | 'clientId' | 'registration'> &
  Partial<Omit<ProviderDescription, 'id' | 'title' | 'scopes' | 'redirect' | 'preferredFlow'>>;

/** The description of a provider, from the shared settings, its rules and what is its own. */
export function described(
  id: string,
  settings: CommonSettings & { readonly redirectHost?: RedirectRule['host'] | undefined },
  rules: Rules,
  own: Own,
): ProviderDescription {
  const { title, scopes, flow, redirectHost, redirectPorts, redirectPath } = settings;
  return {
    id,
    title: title ?? id,
    scopes,
    redirect: { host: redirectHost ?? rules.redirect.host, ports: redirectPorts, path: redirectPath },
    flows: rules.flows,
    ...(flow !== undefined && { preferredFlow: flow }),
    ...usual,
    ...own,
  };
}

/** For providers that compare the whole address: which spelling of this machine is registered is then free. */
export const redirectHost = (usualHost: RedirectRule['host']) =>
  z
    ._default(z.enum(['127.0.0.1', 'localhost', '[::1]']), usualHost)
    .check(z.describe('Host of the registered redirect addresses.'));

const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** A host name as people paste it: `https://` in front and one slash behind are taken off. */
export const hostName = (about: string) =>
  z.string().check(
    z.overwrite((value) =>
      value
        .trim()
        .toLowerCase()
        .replace(/^https:\/\//, '')
        .replace(/\/$/, ''),
    ),
    z.refine((value) => HOST_NAME.test(value), { error: 'must be a host name without a path, such as id.example.com' }),
    z.describe(about),
  );

/** RFC 9562 section 4, in any case. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An https address; plain http never leaves this machine. */
export const secureUrl = (about: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with https://' })
    .check(
      z.refine(secure, { error: 'must start with https:// (http:// only on this machine), without a user or a #' }),
      z.describe(about),
    );

function secure(address: string): boolean {
  // What is no web address at all was found already.
  if (!/^https?:/i.test(address) || !URL.canParse(address)) return true;
  const { protocol, hostname, username, password, hash } = new URL(address);
  const bare = username === '' && password === '' && hash === '';
  return bare && (protocol === 'https:' || isLoopback(hostname));
}

export const clientAuthentication = z
  ._default(z.enum(['none', 'secret']), 'none')
  .check(
    z.describe(
      '"none": a public client. "secret": a confidential client; its secret is never a setting but kept by the command "Data Passport: Set Client Secret".',
    ),
  );

/** Parameters that belong to the protocol (RFC 6749, 7636, 8707, OpenID Connect Core): one set by hand would undo a check. */
const RESERVED: ReadonlySet<string> = new Set([
  'audience',
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'id_token_hint',
  'login_hint',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
]);

export const authorizationParameters = z._default(z.record(z.string(), z.string()), {}).check(
  z.refine((chosen) => Object.keys(chosen).every((name) => !RESERVED.has(name)), {
    error: 'must not hold a parameter that Data Passport sets by itself',
  }),
  z.describe('More parameters of the authorization request, such as `{ "acr_values": "mfa" }`.'),
);
