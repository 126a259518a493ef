import * as z from 'zod/mini';

import { isLoopback } from '../core/connection.ts';
import { connector } from './connector.ts';

const settings = () =>
  z.strictObject({
    host: z
      .string()
      .check(
        z.regex(/^[\w.:[\]-]+$/, 'must be a host name or an IP address'),
        z.describe('Host name or IP address of the server. Off loopback the token crosses the network over TLS only.'),
      ),
    port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 5432).check(z.describe('Port of the server.')),
    database: z.string().check(z.minLength(1), z.describe('Database to connect to.')),
    user: z
      ._default(z.string().check(z.minLength(1)), '{preferred_username}')
      .check(
        z.describe(
          'Database user to log in as. `{claim}` stands for a claim of the token, such as `{email}` or `{preferred_username}`.',
        ),
      ),
    role: z.optional(
      z.string().check(z.minLength(1), z.describe('Role to take after login (SET ROLE). Must be granted to the user.')),
    ),
    tls: z
      ._default(z.enum(['auto', 'always']), 'auto')
      .check(
        z.describe('`auto`: TLS to every host but loopback. `always`: on loopback too. It can not be switched off.'),
      ),
    caFile: z.optional(
      z
        .string()
        .check(
          z.minLength(1),
          z.describe('PEM file with the certificate authorities to trust instead of those of the system.'),
        ),
    ),
    authentication: z
      ._default(z.enum(['password', 'oauthbearer']), 'password')
      .check(
        z.describe(
          'How the credential gets in. `password`: the token in place of a password (Entra ID, Amazon RDS, Cloud SQL, PAM), or the password of a database user. `oauthbearer`: PostgreSQL 18 with a token validator.',
        ),
      ),
  });

export type PostgresSettings = z.infer<ReturnType<typeof settings>>;

/** The one slot of the connection. */
export const postgresSlot = 'database';

/** True when the token may go to the server only over TLS. */
export function wantsTls({ host, tls }: Pick<PostgresSettings, 'host' | 'tls'>): boolean {
  return tls === 'always' || !isLoopback(host);
}

/** PostgreSQL and what speaks its protocol: Azure Database, Amazon RDS and Aurora, Cloud SQL, AlloyDB. */
export const postgres = connector<PostgresSettings>({
  type: 'postgres',
  serves: 'sql',
  label: 'PostgreSQL',
  settings,
  dialect: 'postgresql',
  injection: 'perConnect',
  accepts: ['bearer', 'password'],
  takes: ({ authentication }, kind) => authentication === 'password' || kind === 'bearer',
  credentials: () => ({ [postgresSlot]: { scopes: [] } }),
  destinations: (chosen) => [{ host: chosen.host, port: chosen.port, secure: wantsTls(chosen) }],
  role: ({ role }) => role,
  greeting: 'postgres',
  choices: ['role', 'database'],
  load: () => import('./postgres.session.ts'),
});
