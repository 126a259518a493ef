import * as z from 'zod/mini';

import { isLoopback } from '../core/connection.ts';
import { passphraseField } from './passphrase.ts';
import { accountHost, principalOf } from './snowflake/account.ts';
import { tokenSource } from './source.ts';

const hostName = /^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\])(?::\d{1,5})?$/i;

const exchange = () =>
  z
    .strictObject({
      endpoint: z
        .string()
        .check(
          z.regex(/^[\w-]+(?:\.[\w-]+)+$/, 'must be a host name'),
          z.describe(
            "Host of the service's public endpoint, as SHOW ENDPOINTS IN SERVICE names it (ingress_url). The token is good for it alone.",
          ),
        ),
      role: z.optional(
        z
          .string()
          .check(
            z.regex(/^[\w$]+$/, 'must be the name of a role'),
            z.describe("Role that the service sees. Default: the user's default role."),
          ),
      ),
      host: z.optional(
        z
          .string()
          .check(
            z.regex(hostName, 'must be a host name, with a port if need be'),
            z.describe(
              'Host of the account where it is not `<account>.snowflakecomputing.com`: private link, China, a local emulator.',
            ),
          ),
      ),
      protocol: z
        ._default(z.enum(['https', 'http']), 'https')
        .check(z.describe('`http` is for an emulator on this machine and refused for every other host.')),
    })
    .check(
      z.refine(({ protocol, host }) => protocol === 'https' || (host !== undefined && isLoopback(nameIn(host))), {
        path: ['protocol'],
        error: 'http is allowed for a loopback host only',
      }),
    );

const settings = () =>
  z.strictObject({
    account: z
      .string()
      .check(
        z.regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/, 'must be an account identifier such as myorg-myaccount'),
        z.describe('Account identifier, such as `myorg-myaccount`.'),
      ),
    user: z
      .string()
      .check(z.minLength(1), z.describe('User whose key it is: the login name that Snowflake has for it.')),
    privateKeyFile: z
      .string()
      .check(
        z.minLength(1),
        z.describe(
          'File of the private key in PEM (PKCS#8 or PKCS#1), whole path or with `~` for your home. It must be readable by you alone.',
        ),
      ),
    lifetimeSeconds: z
      ._default(z.int().check(z.minimum(60), z.maximum(3600)), 300)
      .check(z.describe('Seconds that a signed token is good for, 60 to 3600. Default: 300.')),
    exchange: z.optional(
      exchange().check(
        z.describe(
          'For an endpoint of Snowpark Container Services: the signed token is exchanged for one that the endpoint takes.',
        ),
      ),
    ),
  });

export type KeyPairSettings = z.output<ReturnType<typeof settings>>;

/**
 * A JWT that the user's own private key signs (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating), or the token
 * of one endpoint of Snowpark Container Services that it is exchanged for.
 *
 * A JWT is meant for one use: Snowflake takes it only for 60 seconds, though it may be good for an hour once it is in. So its
 * `expiresAt` here is the end of the time in which it may be used first, not its `exp`: within seconds the cache hands out the
 * same one, after that it mints the next. The private key is read for each mint and let go of.
 */
export const snowflakeKeyPair = tokenSource<KeyPairSettings>({
  label: 'Snowflake key pair',
  about: 'A short-lived token that your own private key signs for Snowflake. The key never leaves this machine.',
  specification: {
    title: 'Snowflake: key-pair authentication',
    url: 'https://docs.snowflake.com/en/developer-guide/sql-api/authenticating',
  },
  settings,
  from: 'own',
  runsAs: () => 'user',
  kinds: ['keyPairJwt', 'endpointToken'],
  gives: (own) => (own.exchange ? 'endpointToken' : 'keyPairJwt'),
  leadsTo: { exchange: 'endpointToken' },
  wants: () => ({ scopes: [] }),
  expects: ({ settings: own }) => ({ scopes: [], ...(!own.exchange && { subject: principalOf(own) }) }),
  secrets: () => [passphraseField],
  hosts: ({ account, exchange: target }) => (target ? [target.host ?? accountHost(account)] : []),
  load: () => import('./snowflakeKeyPair.mint.ts'),
});

function nameIn(host: string): string {
  return host.replace(/:\d+$/, '');
}
