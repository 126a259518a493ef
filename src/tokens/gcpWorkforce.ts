import * as z from 'zod/mini';

import { hostOf, serviceUrl } from './serviceUrl.ts';
import { tokenSource } from './source.ts';
import { subjectFields, subjectNeed, subjectRule } from './subject.ts';

const ENDPOINT = 'https://sts.googleapis.com/v1/token';
export const ALL_OF_GOOGLE_CLOUD = 'https://www.googleapis.com/auth/cloud-platform';

/** Part of a resource name: a slash would make it another resource. */
const resourceId = (about: string) =>
  z.string().check(z.regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and hyphens'), z.describe(about));

const settings = () =>
  z
    .strictObject({
      pool: resourceId('Id of the workforce identity pool.'),
      provider: resourceId('Id of the provider in the pool that stands for your identity provider.'),
      location: z._default(resourceId('Location of the pool.'), 'global'),
      userProject: z
        .string()
        .check(
          z.regex(/^[a-z0-9.:-]+$/, 'must be the id or the number of a project'),
          z.describe(
            'Id or number of the project that requests are billed to. You need the permission serviceusage.services.use there.',
          ),
        ),
      scopes: z.optional(
        z
          .array(z.string().check(z.minLength(1)))
          .check(
            z.minLength(1),
            z.describe(
              `OAuth scopes of Google that the token gets. Default: what the connection type asks for, or ${ALL_OF_GOOGLE_CLOUD}.`,
            ),
          ),
      ),
      subject: z
        ._default(z.enum(['idToken', 'accessToken']), 'idToken')
        .check(
          z.describe(
            'Which token of your sign-in is exchanged: one whose audience (aud) is the client id that the provider of the pool names.',
          ),
        ),
      ...subjectFields(),
      endpoint: z._default(
        serviceUrl(
          'Token endpoint of Security Token Service where it is not the global one: a regional endpoint (https://sts.<region>.rep.googleapis.com/v1/token), Private Service Connect, another cloud of Google.',
        ),
        ENDPOINT,
      ),
    })
    .check(subjectRule());

export type GcpWorkforceSettings = z.output<ReturnType<typeof settings>>;

/**
 * A Google Cloud access token for a person of a workforce identity pool, whom Google knows as
 * `principal://iam.googleapis.com/locations/<location>/workforcePools/<pool>/subject/<subject>`.
 *
 * Security Token Service takes a JWT signed with RS256 or ES256 that is at most a day old and whose `aud` is the client id of the
 * pool's provider; it calls a JWT access token `…:jwt`, since `…:access_token` is one of Google's own. The answer has no refresh
 * token: the exchange is made again. It always has the requested type, and `expires_in` may be missing
 * (https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). The request must not have an Authorization header.
 * Endpoints besides the global one: https://cloud.google.com/iam/docs/reference/sts/rest ("Regional service endpoint").
 */
export const gcpWorkforce = tokenSource<GcpWorkforceSettings>({
  label: 'Google Cloud workforce identity',
  about: 'Google Cloud exchanges a token of your sign-in for an access token of you as a member of a workforce pool.',
  specification: {
    title: 'Workforce Identity Federation',
    url: 'https://cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials',
  },
  settings,
  from: 'signIn',
  runsAs: () => 'user',
  kinds: ['bearer'],
  gives: () => 'bearer',
  wants: subjectNeed,
  hosts: ({ endpoint }) => [hostOf(endpoint)],
  load: () => import('./gcpWorkforce.mint.ts'),
});
