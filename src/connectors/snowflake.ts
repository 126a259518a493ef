import * as z from 'zod/mini';

import { isLoopback } from '../core/connection.ts';
import { connector } from './connector.ts';
import { account } from './snowflake/account.ts';
import { hostOf } from './snowflake/host.ts';

const name = () => z.string().check(z.minLength(1));

const settings = () =>
  z
    .strictObject({
      account: account(),
      host: z.optional(
        z
          .string()
          .check(
            z.regex(/^[\w.:[\]-]+$/, 'must be a host name'),
            z.describe(
              'Host name where it is not `<account>.snowflakecomputing.com`: private link, China, a local emulator.',
            ),
          ),
      ),
      port: z.optional(
        z.int().check(z.minimum(1), z.maximum(65_535), z.describe('Port where it is not that of the protocol.')),
      ),
      protocol: z
        ._default(z.enum(['https', 'http']), 'https')
        .check(z.describe('`http` is for an emulator on this machine and refused for every other host.')),
      warehouse: z.optional(name().check(z.describe('Warehouse that runs the statements.'))),
      database: z.optional(name().check(z.describe('Database that names are looked up in.'))),
      schema: z.optional(name().check(z.describe('Schema that names are looked up in.'))),
      role: z.optional(
        name().check(
          z.describe(
            'Role to run as. The token is asked for with the scope `session:role:<role>`; without a role with `session:role-any`, and the user has their default role.',
          ),
        ),
      ),
      secondaryRoles: z
        ._default(z.enum(['none', 'default']), 'none')
        .check(
          z.describe(
            '`none`: where `role` is set, a session has the privileges of that role alone. `default`: what the account grants by itself, often those of every role of the user.',
          ),
        ),
      certificateRevocation: z
        ._default(z.enum(['off', 'advisory', 'required']), 'off')
        .check(
          z.describe(
            'Whether certificates are looked up in revocation lists: `off` as browsers and Node.js do, `advisory` refuses what is revoked, `required` also what can not be looked up.',
          ),
        ),
    })
    .check(
      z.refine(({ protocol, host }) => protocol === 'https' || (host !== undefined && isLoopback(host)), {
        path: ['protocol'],
        error: 'http is allowed for a loopback host only',
      }),
    );

export type SnowflakeSettings = z.infer<ReturnType<typeof settings>>;

/** The one slot of the connection. */
export const snowflakeSlot = 'database';

export function portOf({ port, protocol }: Pick<SnowflakeSettings, 'port' | 'protocol'>): number {
  return port ?? (protocol === 'https' ? 443 : 80);
}

/** Snowflake through its own driver, with External OAuth or Snowflake OAuth. */
export const snowflake = connector<SnowflakeSettings>({
  type: 'snowflake',
  serves: 'sql',
  label: 'Snowflake',
  settings,
  dialect: 'snowflake',
  injection: 'perConnect',
  // The driver signs key-pair JWTs itself and takes no ready one (snowflake-sdk 3.3, auth_keypair.js); the key stays in the extension.
  accepts: ['bearer', 'personalAccessToken'],
  // https://docs.snowflake.com/en/user-guide/oauth-ext-overview#scopes
  credentials: ({ role }) => ({
    [snowflakeSlot]: { scopes: [role === undefined ? 'session:role-any' : `session:role:${role}`] },
  }),
  destinations: (chosen) => [{ host: hostOf(chosen), port: portOf(chosen), secure: chosen.protocol === 'https' }],
  role: ({ role }) => role,
  greeting: 'web',
  // Without a warehouse Snowflake answers what needs no table, and nothing else.
  lacks: ({ details }) =>
    details['warehouse'] === null ? { setting: 'warehouse', problem: 'no warehouse runs for this session' } : undefined,
  choices: ['role', 'warehouse', 'database', 'schema'],
  load: () => import('./snowflake.session.ts'),
});
