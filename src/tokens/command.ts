import path from 'node:path';

import * as z from 'zod/mini';

import { audienceField } from './audience.ts';
import { awsRegion } from './aws/region.ts';
import { tokenSource } from './source.ts';

const field = () =>
  z.string().check(z.regex(/^[^.]+(?:\.[^.]+)*$/, 'must be names of fields with periods between them'));

const settings = () =>
  z
    .strictObject({
      command: z.array(z.string()).check(
        z.minLength(1),
        z.refine(([program = '']) => path.isAbsolute(program) || /^[^/\\]+$/.test(program), {
          error: 'must begin with the name of a program in the PATH or its whole path',
        }),
        z.describe(
          'Program and its arguments, each an entry of its own; no shell reads them. The program is a name that is in the PATH, or a whole path. On Windows it must be an .exe.',
        ),
      ),
      format: z
        ._default(z.enum(['auto', 'json', 'text']), 'auto')
        .check(
          z.describe(
            'What the program prints: one line of `text`, or `json`. `auto` takes for JSON what begins with a brace.',
          ),
        ),
      tokenField: z.optional(
        field().check(
          z.describe(
            'Field of the JSON that holds the token, such as `data.token`. Default: where az, databricks, gcloud, vault and kubectl plugins have it.',
          ),
        ),
      ),
      expiresField: z.optional(
        field().check(
          z.describe(
            'Field of the JSON that says when the token ends: a time with its zone, seconds since 1970, or a number below 1000000000 that counts seconds from now.',
          ),
        ),
      ),
      user: z.optional(
        z.string().check(z.minLength(1), z.describe('User of the system that the printed secret is the password of.')),
      ),
      region: z.optional(
        awsRegion('Region of AWS. Set it where the program prints AWS credentials in the form of credential_process.'),
      ),
      audience: audienceField('Audience (aud) that the token must have. Checked where the token is a JWT.'),
      timeoutSeconds: z
        ._default(z.int().check(z.minimum(1), z.maximum(120)), 30)
        .check(z.describe('Seconds that the program may run, 1 to 120; then it is killed. Default: 30.')),
      lifetimeSeconds: z.optional(
        z
          .int()
          .check(
            z.minimum(1),
            z.maximum(86_400),
            z.describe(
              'Seconds that a token is good for which does not say itself when it ends, 1 to 86400. Default: until it is refused.',
            ),
          ),
      ),
    })
    .check(
      z.refine(({ user, region }) => user === undefined || region === undefined, {
        path: ['region'],
        error: 'user and region exclude each other',
      }),
    );

export type CommandSettings = z.output<ReturnType<typeof settings>>;

/**
 * The credential that a program of the user prints: `az account get-access-token`, `databricks auth token`,
 * `gcloud auth print-access-token` or `config config-helper`, `vault login -format=json`, plugins of kubectl (ExecCredential),
 * `aws configure export-credentials` or `aws sts` (with `region`), or anything that prints one line.
 *
 * No shell is used: arguments reach the program as they are written. On Windows that leaves out scripts (`az.cmd`,
 * `gcloud.cmd`), which only a shell can start: the settings then name the Python that they start. What the program prints is
 * never logged; of what it complains, an error shows the end without anything that looks like a secret.
 *
 * A program may print the same token again, from a cache of its own: then the credential has the same id, which tells whoever
 * had it rejected that there is nothing new to try.
 * @throws PassportError DP-COMMAND-FAILED, DP-TOKEN-CLAIM. Restricted Mode is for the caller to see to.
 */
export const command = tokenSource<CommandSettings>({
  label: 'Program',
  about: 'A token that a program on your machine prints, such as az, gcloud, aws, vault or databricks.',
  specification: {
    title: 'AWS: process credential provider',
    url: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html',
  },
  settings,
  from: 'own',
  runsAs: () => 'user',
  kinds: ['bearer', 'password', 'aws'],
  gives: ({ user, region }) => (region !== undefined ? 'aws' : user !== undefined ? 'password' : 'bearer'),
  leadsTo: { user: 'password', region: 'aws' },
  wants: () => ({ scopes: [] }),
  expects: ({ settings: own }) => ({ audience: own.audience, scopes: [] }),
  program: (own) => own.command,
  load: () => import('./command.mint.ts'),
});
