import { auth0 } from './auth0.ts';
import { cognito } from './cognito.ts';
import { databricks } from './databricks.ts';
import { duo } from './duo.ts';
import { entra } from './entra.ts';
import { google } from './google.ts';
import { jumpcloud } from './jumpcloud.ts';
import { keycloak } from './keycloak.ts';
import { oauth2 } from './oauth2.ts';
import { oidc } from './oidc.ts';
import { okta } from './okta.ts';
import { onelogin } from './onelogin.ts';
import { pingfederate } from './pingfederate.ts';
import { pingone } from './pingone.ts';
import type { Preset } from './preset.ts';
import { snowflake } from './snowflake.ts';

/** Kinds of identity provider by the name that settings use. */
export const presets: Readonly<Record<string, Preset>> = Object.assign(Object.create(null) as Record<string, Preset>, {
  oidc,
  okta,
  entra,
  google,
  auth0,
  keycloak,
  cognito,
  pingone,
  pingfederate,
  onelogin,
  jumpcloud,
  duo,
  snowflake,
  databricks,
  oauth2,
});
