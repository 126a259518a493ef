import * as z from 'zod/mini';

import { passphraseField } from './passphrase.ts';
import { hostOf, serviceUrl } from './serviceUrl.ts';
import { tokenSource } from './source.ts';

const repositoryName = /^(?!\.{1,2}$)[\w.-]{1,100}$/;

const settings = () =>
  z
    .strictObject({
      app: z
        .string()
        .check(
          z.regex(/^[\w.-]{1,64}$/, 'must be a client id or an app id'),
          z.describe('Client id of the GitHub App, such as Iv23liAbCdEf, or its app id.'),
        ),
      privateKeyFile: z
        .string()
        .check(
          z.minLength(1),
          z.describe('File with a private key of the app (PEM). It must be readable by you alone. ~ is your home.'),
        ),
      installation: z.optional(z.int().check(z.minimum(1), z.describe('Id of the installation.'))),
      organization: z.optional(
        z
          .string()
          .check(
            z.regex(/^[A-Za-z0-9][\w-]{0,99}$/, 'must be the name of an organization'),
            z.describe('Organization that the app is installed in.'),
          ),
      ),
      repository: z.optional(
        z
          .string()
          .check(
            z.regex(/^[A-Za-z0-9][\w-]{0,99}\/(?!\.{1,2}$)[\w.-]{1,100}$/, 'must be owner/name'),
            z.describe('Repository that the app is installed for, as owner/name. The token is not limited to it.'),
          ),
      ),
      repositories: z.optional(
        z
          .array(z.string().check(z.regex(repositoryName, 'must be a name without its owner')))
          .check(
            z.minLength(1),
            z.maxLength(500),
            z.describe(
              'The only repositories that the token is good for, by name without owner. Default: all of the installation.',
            ),
          ),
      ),
      permissions: z.optional(
        z.record(z.string().check(z.regex(/^[a-z][a-z_]{0,63}$/)), z.enum(['read', 'write', 'admin'])).check(
          z.refine((wanted) => Object.keys(wanted).length > 0, { error: 'must name at least one permission' }),
          z.describe(
            'Permissions of the token, such as { "contents": "read" }. Default: to read, all that the installation may read or write.',
          ),
        ),
      ),
      apiUrl: z._default(
        serviceUrl(
          'Address of the REST API. GitHub Enterprise Server: https://<host>/api/v3. With data residency: https://api.<name>.ghe.com.',
        ).check(z.refine((address) => !address.includes('?'), { error: 'must be without a ?' })),
        'https://api.github.com',
      ),
    })
    .check(
      z.refine(
        (own) =>
          [own.installation, own.organization, own.repository].filter((place) => place !== undefined).length === 1,
        {
          path: ['installation'],
          error: 'must be set, or organization, or repository: one of the three',
        },
      ),
    );

export type GithubAppSettings = z.output<ReturnType<typeof settings>>;

/**
 * The token of a GitHub App's installation (https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app).
 * It is the app, never a person, and lives for an hour.
 */
export const githubApp = tokenSource<GithubAppSettings>({
  label: 'GitHub App installation',
  about: 'The token of a GitHub App that is installed in an organization. GitHub sees the app, never you.',
  specification: {
    title: 'GitHub Docs, Generating an installation access token for a GitHub App',
    url: 'https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app',
  },
  settings,
  from: 'own',
  runsAs: () => 'shared',
  kinds: ['installation'],
  gives: () => 'installation',
  wants: () => ({ scopes: [] }),
  secrets: () => [passphraseField],
  hosts: ({ apiUrl }) => [hostOf(apiUrl)],
  load: () => import('./githubApp.mint.ts'),
});
