import { randomBytes } from 'node:crypto';

import { type ServiceReply, startTokenService, type TokenServiceLevers } from './securityTokenService.ts';
import { createSubjectVerifier, type SubjectProblem } from './subjectVerifier.ts';

/** A provider of a workforce pool. */
export interface WorkforceProvider {
  readonly pool: string;
  readonly provider: string;
  /** The OpenID provider behind it. */
  readonly issuer: string;
  /** What `aud` of its tokens must be. */
  readonly clientId: string;
}

/** As whom a token is taken. */
export interface GoogleCaller {
  readonly principal: string;
  /** Absent: APIs refuse the token, for they do not know whom to bill. */
  readonly project: string | undefined;
  readonly scopes: readonly string[];
}

export interface LabGoogleTokenService extends TokenServiceLevers {
  /** Stands in for the APIs: as whom a bearer token is taken; undefined where they answer 401. */
  whois(token: string): GoogleCaller | undefined;
  /** No token that was issued so far is good any longer. */
  revokeAll(): void;
}

const AUDIENCE = /^\/\/iam\.googleapis\.com\/locations\/([^/]+)\/workforcePools\/([^/]+)\/providers\/([^/]+)$/;
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
/** Session length of a workforce pool, in seconds. */
const SECONDS = 3600;

const error = (code: string, description: string): ServiceReply => ({
  status: 400,
  body: { error: code, error_description: description },
});

const NOT_A_RESOURCE =
  'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.';
const NO_SUCH_PROVIDER =
  'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.';

const refusals: Readonly<Record<SubjectProblem, ServiceReply>> = {
  malformed: error('invalid_request', 'Error parsing the token.'),
  issuer: error('invalid_grant', 'The issuer in ID Token does not match the expected ones.'),
  audience: error('invalid_grant', 'The audience in ID Token does not match the expected audience.'),
  stale: error('invalid_grant', 'ID Token is stale to sign-in.'),
  signature: error('invalid_grant', 'Error connecting to the given credential issuer, or the signature is wrong.'),
};

/**
 * Plays Google's Security Token Service for workforce pools
 * (https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token). Texts of errors as people quote them.
 */
export async function startGoogleTokenService(providers: readonly WorkforceProvider[]): Promise<LabGoogleTokenService> {
  const verifier = createSubjectVerifier();
  const issued = new Map<string, GoogleCaller & { readonly ends: number }>();

  async function answer(form: ReadonlyMap<string, string>): Promise<ServiceReply> {
    const problem = problemIn(form);
    if (problem) return problem;
    const [, location = '', pool = '', provider = ''] = AUDIENCE.exec(form.get('audience') ?? '') ?? [];
    const found = providers.find((each) => each.pool === pool && each.provider === provider);
    if (!found || location !== 'global') return error('invalid_target', NO_SUCH_PROVIDER);
    const options = projectIn(form.get('options'));
    if (options === undefined) return error('invalid_request', 'Invalid JSON in "options".');
    const { issuer, clientId } = found;
    const subject = await verifier.verify(form.get('subject_token') ?? '', { issuer, audiences: [clientId] });
    if ('problem' in subject) return refusals[subject.problem];
    const token = `ya29.d.${randomBytes(96).toString('base64url')}`;
    issued.set(token, {
      principal: `principal://iam.googleapis.com/locations/global/workforcePools/${pool}/subject/${subject.claims.sub}`,
      project: options.userProject,
      scopes: form.get('scope')?.split(' ') ?? [],
      ends: Date.now() + SECONDS * 1000,
    });
    return {
      status: 200,
      body: {
        access_token: token,
        issued_token_type: form.get('requested_token_type'),
        token_type: 'Bearer',
        expires_in: SECONDS,
      },
    };
  }

  const levers = await startTokenService({
    path: '/v1/token',
    answer,
    malformed: (problem) => error('invalid_request', problem),
  });
  return {
    ...levers,
    whois(token) {
      const found = issued.get(token);
      if (!found || found.ends <= Date.now()) return undefined;
      const { principal, project, scopes } = found;
      return { principal, project, scopes };
    },
    revokeAll: () => issued.clear(),
  };
}

function problemIn(form: ReadonlyMap<string, string>): ServiceReply | undefined {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange')
    return error('unsupported_grant_type', 'Invalid value for "grant_type".');
  if (form.get('requested_token_type') !== `${TOKEN_TYPE}access_token`)
    return error('invalid_request', 'Invalid value for "requested_token_type".');
  if (![`${TOKEN_TYPE}jwt`, `${TOKEN_TYPE}id_token`].includes(form.get('subject_token_type') ?? ''))
    return error('invalid_request', 'Invalid value for "subject_token_type".');
  if (!AUDIENCE.test(form.get('audience') ?? '')) return error('invalid_request', NOT_A_RESOURCE);
  if ((form.get('scope') ?? '') === '') return error('invalid_scope', 'Missing "scope".');
  return undefined;
}

/** Undefined where it is no JSON object. */
function projectIn(options: string | undefined): { readonly userProject: string | undefined } | undefined {
  if (options === undefined) return { userProject: undefined };
  try {
    const value: unknown = JSON.parse(options);
    if (typeof value !== 'object' || value === null) return undefined;
    const project: unknown = Reflect.get(value, 'userProject');
    return { userProject: typeof project === 'string' ? project : undefined };
  } catch {
    return undefined;
  }
}
