const noBasic =
  'wants HTTP Basic: we send a client secret in the body, because providers differ in how they unescape it';
const noStepUp =
  'wants more scopes asked for at a 403: what a connection needs is in its settings, and is asked for from the start';
const otherGrant =
  'is about a grant without a person, or with the token of another: a sign-in is a person at a browser';
const noDpop = 'is about tokens bound to a key (DPoP): we ask for bearer tokens, and refuse others';
const oldRevision =
  'is about the revision of 2025-03-26, where the MCP server is its own authorization server: ours is configured';
const notFound =
  'is about an authorization server found from an MCP server: ours is configured, and the test finds it for us';

/** Scenarios of the suite that ask for what our sign-in does not do, and why it does not. All others must pass. */
export const notApplicable: Readonly<Record<string, string>> = {
  'auth/basic-cimd':
    'wants a client that is an address of a document of its own: ours is registered by an administrator',
  'auth/scope-step-up': noStepUp,
  'auth/scope-retry-limit': noStepUp,
  'auth/token-endpoint-auth-basic': noBasic,
  'auth/pre-registration': noBasic,
  'auth/2025-03-26-oauth-metadata-backcompat': oldRevision,
  'auth/2025-03-26-oauth-endpoint-fallback': oldRevision,
  'auth/resource-mismatch': notFound,
  'auth/authorization-server-migration': notFound,
  'auth/client-credentials-jwt': otherGrant,
  'auth/client-credentials-basic': otherGrant,
  'auth/enterprise-managed-authorization': otherGrant,
  'auth/wif-jwt-bearer': otherGrant,
  'auth/dpop': noDpop,
  'auth/dpop-nonce': noDpop,
};
