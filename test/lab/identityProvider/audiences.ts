import { errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider';

export const warehouseAudience = 'https://warehouse.lab.example';
export const postgresAudience = 'https://postgres.lab.example';
/** Of tokens that a Databricks-shaped workspace exchanges. */
export const databricksAudience = 'https://databricks.lab.example';
export const mcpAudience = 'https://mcp.lab.example';
/** What a provider that is asked for an audience it does not know may fall back to, without a word. */
export const defaultAudience = 'https://default.lab.example';

/**
 * How the provider is told which audience a token is for: `resource` (RFC 8707), `scope` (the scopes alone say it and a
 * resource is `invalid_target`), `parameter` (`audience`, as Auth0 has it: an unknown one silently gets the default).
 */
export type AudienceBy = 'resource' | 'scope' | 'parameter';

const scopesOf: Readonly<Record<string, string>> = {
  // Nobody has the last role in the warehouse.
  [warehouseAudience]: 'session:role:ANALYST session:role:MANAGER session:role-any session:role:AUDITOR',
  [postgresAudience]: 'connect',
  [databricksAudience]: 'federate',
  [mcpAudience]: 'tools',
  [defaultAudience]: '',
};

export interface AudienceRules {
  /** At sign-in every audience that the grant may be used for, at the token endpoint the one of this request. */
  defaultResource(
    context: KoaContextWithOIDC,
    client: unknown,
    oneOf?: readonly string[],
  ): string | string[] | undefined;
  getResourceServerInfo(context: KoaContextWithOIDC, resource: string): ResourceServer;
  useGrantedResource(context: KoaContextWithOIDC): boolean;
}

export interface AudienceRulesInput {
  readonly by: AudienceBy;
  readonly format: 'jwt' | 'opaque';
  readonly accessTokenSeconds: () => number;
}

export function audienceRules({ by, format, accessTokenSeconds }: AudienceRulesInput): AudienceRules {
  /** Requests whose audience we chose ourselves: what is not among them came in a `resource` parameter. */
  const chosen = new WeakSet<KoaContextWithOIDC>();
  // After the pages a sign-in goes on with the audiences that were chosen before them.
  const isOurs = (context: KoaContextWithOIDC): boolean => chosen.has(context) || context.oidc.route.endsWith('resume');

  const info = (audience: string, scope: string): ResourceServer => ({
    scope,
    audience,
    accessTokenTTL: accessTokenSeconds(),
    accessTokenFormat: format,
    ...(format === 'jwt' && { jwt: { sign: { alg: 'RS256' } } }),
  });

  function atSignIn(context: KoaContextWithOIDC): string[] {
    if (by === 'scope') return audiencesOf(context.oidc.params?.['scope']);
    // The first is what the code is exchanged for; a refresh may ask for the others.
    const asked = known(context.oidc.params?.['audience']);
    return [...new Set([asked, ...Object.keys(scopesOf)])];
  }

  function atTokenEndpoint(context: KoaContextWithOIDC, oneOf: readonly string[]): string | undefined {
    if (by === 'scope')
      return audiencesOf(context.oidc.params?.['scope']).find((each) => oneOf.includes(each)) ?? oneOf[0];
    const audience = context.oidc.body?.['audience'];
    return context.oidc.params?.['grant_type'] === 'refresh_token' && audience !== undefined
      ? known(audience)
      : oneOf[0];
  }

  return {
    defaultResource(context, _client, oneOf) {
      if (by === 'resource') return [];
      chosen.add(context);
      return oneOf ? atTokenEndpoint(context, oneOf) : atSignIn(context);
    },
    getResourceServerInfo(context, resource) {
      const scope = scopesOf[resource];
      if (by === 'parameter' && !isOurs(context)) return info(defaultAudience, '');
      if (scope === undefined || (by === 'scope' && !isOurs(context))) throw new errors.InvalidTarget();
      return info(resource, scope);
    },
    useGrantedResource(context) {
      if (by === 'resource') return false;
      chosen.add(context);
      return true;
    },
  };
}

function audiencesOf(scope: unknown): string[] {
  const asked = typeof scope === 'string' ? scope.split(' ') : [];
  return Object.entries(scopesOf)
    .filter(([, scopes]) => scopes.split(' ').some((each) => each !== '' && asked.includes(each)))
    .map(([audience]) => audience);
}

function known(audience: unknown): string {
  return typeof audience === 'string' && Object.hasOwn(scopesOf, audience) ? audience : defaultAudience;
}
