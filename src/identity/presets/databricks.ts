import * as z from 'zod/mini';

import {
  clientAuthentication,
  common,
  described,
  hostName,
  LISTED_PORTS,
  redirectPath,
  redirectPorts,
  type Rules,
} from './fields.ts';
import { preset, type RedirectRule, type Registration } from './preset.ts';

const rules: Rules = {
  scopes: ['all-apis', 'offline_access'],
  flows: ['loopback', 'pasteRedirect'],
  redirect: { host: 'localhost', ports: LISTED_PORTS, path: '/callback' },
};

/** The public client of the Databricks command line: its one redirect address is http://localhost:8020, without a path. */
const CLI = 'databricks-cli';
const CLI_REDIRECT: Pick<RedirectRule, 'ports' | 'path'> = { ports: [8020], path: '' };

const settings = () =>
  z
    .strictObject({
      host: hostName('Host name of the workspace, such as adb-0000000000000000.0.azuredatabricks.net.'),
      clientId: z
        ._default(z.string().check(z.minLength(1)), CLI)
        .check(
          z.describe('Client id of a custom app connection. Default: the public client that every workspace has.'),
        ),
      clientAuthentication,
      ...common(rules),
      redirectPorts: z.optional(redirectPorts('localhost')),
      redirectPath: z.optional(redirectPath),
    })
    .check(
      z.refine((own) => own.clientId !== CLI || (own.redirectPorts ?? own.redirectPath) === undefined, {
        path: ['clientId'],
        error: 'must be that of a custom app connection when redirectPorts or redirectPath are set',
      }),
    );

type Settings = z.output<ReturnType<typeof settings>>;

/** Databricks as its own OAuth provider, user to machine (https://docs.databricks.com/aws/en/dev-tools/auth/oauth-u2m). */
export const databricks = preset<Settings>({
  label: 'Databricks',
  settings,
  describe(id, own) {
    const base = `https://${own.host}/oidc`;
    const builtIn = own.clientId === CLI;
    const { ports, path } = builtIn ? CLI_REDIRECT : rules.redirect;
    const redirect = { redirectPorts: own.redirectPorts ?? ports, redirectPath: own.redirectPath ?? path };
    return described(id, { ...own, ...redirect }, rules, {
      issuer: base,
      metadata: { authorization_endpoint: `${base}/v1/authorize`, token_endpoint: `${base}/v1/token` },
      clientId: own.clientId,
      clientAuthentication: { kind: own.clientAuthentication },
      account: { from: 'accessToken', subject: 'sub', label: ['sub'] },
      accessToken: { issuer: undefined, subject: true },
      revocation: 'none',
      registration: builtIn ? builtInRegistration : customRegistration,
    });
  },
});

const builtInRegistration: Registration = {
  application: 'The public client databricks-cli, which every workspace has: nothing has to be registered',
  steps: [
    'See that the account console has not switched it off under Settings > App connections.',
    'Give each person access to the workspace, and in Unity Catalog to the data that they may read.',
  ],
  manual: 'https://docs.databricks.com/aws/en/dev-tools/auth/oauth-u2m',
};

const customRegistration: Registration = {
  application: 'Custom OAuth application (app connection)',
  steps: [
    'In the account console open Settings > App connections > Add connection.',
    'Enter the redirect URIs, each with its port, and choose the access scope All APIs.',
    'Leave "Generate a client secret" off for a public client.',
    'Give each person access to the workspace, and in Unity Catalog to the data that they may read.',
  ],
  manual: 'https://docs.databricks.com/aws/en/integrations/enable-disable-oauth',
};
