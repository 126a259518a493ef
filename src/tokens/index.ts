import { accessToken } from './accessToken.ts';
import { awsWebIdentity } from './awsWebIdentity.ts';
import { command } from './command.ts';
import { gcpWorkforce } from './gcpWorkforce.ts';
import { githubApp } from './githubApp.ts';
import { idToken } from './idToken.ts';
import { personalAccessToken } from './personalAccessToken.ts';
import { snowflakeKeyPair } from './snowflakeKeyPair.ts';
import type { TokenSource } from './source.ts';
import { staticSecret } from './static.ts';
import { tokenExchange } from './tokenExchange.ts';

/** Ways to get a connection's credential, by the name that settings use. No prototype, so that a look-up finds nothing inherited. */
export const tokenSources: Readonly<Record<string, TokenSource>> = Object.assign(
  Object.create(null) as Record<string, TokenSource>,
  {
    accessToken,
    idToken,
    tokenExchange,
    awsWebIdentity,
    gcpWorkforce,
    personalAccessToken,
    command,
    static: staticSecret,
    snowflakeKeyPair,
    githubApp,
  },
);
