import { habitsOf, subjectToken } from './claims.ts';
import { type Guide, type GuideFacts, textIn } from './guide.ts';
import { comment, inComment, lines, placeholder, shellWord } from './text.ts';

const MANUAL = 'https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-policy';
const FIELDS = 'https://docs.databricks.com/api/account/accountfederationpolicy/create';
/** Hosts of workspaces (https://docs.databricks.com/aws/en/workspace/workspace-details). */
const WORKSPACE =
  /(?:^|\.)(?:cloud\.databricks\.com|azuredatabricks\.net|gcp\.databricks\.com|databricks\.(?:com|us|mil|azure\.us|azure\.cn))$/i;

function workspaceOf({ token }: GuideFacts): string | undefined {
  const endpoint = textIn(token.settings, 'endpoint');
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  if (!url) return undefined;
  return WORKSPACE.test(url.hostname) || url.pathname === '/oidc/v1/token' ? url.host : undefined;
}

function policy(facts: GuideFacts): string {
  const { issuer, audience, userClaim } = subjectToken(facts);
  const body = {
    description: 'Data Passport: tokens of the identity provider, each for its own user',
    oidc_policy: {
      issuer: issuer ?? placeholder('issuer'),
      audiences: [audience ?? placeholder('audience')],
      subject_claim: userClaim ?? placeholder('user claim'),
    },
  };
  return JSON.stringify(body, undefined, 2);
}

/** Databricks takes tokens of the company's identity provider in exchange for its own (https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-policy). */
export const databricksFederation: Guide = {
  id: 'databricksFederation',
  label: 'Databricks: account federation policy',
  about:
    'For the account administrator of Databricks: exchange tokens of the identity provider for tokens of the same person.',
  language: 'shellscript',
  manual: MANUAL,
  applies: (facts) => facts.token.source === 'tokenExchange' && workspaceOf(facts) !== undefined,
  text(facts) {
    const { connection, provider } = facts;
    const { otherIssuer, userHint } = habitsOf(facts);
    const keys = provider?.jwksUri;
    return lines(
      comment(
        '#',
        'Data Passport: Databricks takes tokens of your identity provider (token federation)',
        `For the connection "${inComment(connection.title)}" (${inComment(connection.id)}), workspace ${inComment(workspaceOf(facts) ?? placeholder('workspace'))}.`,
        'What stands in <...> is yours to fill in; the comment above it says with what. Read it before you run it.',
        `Manual: ${MANUAL}`,
        `Fields: ${FIELDS}`,
        '',
        'The Databricks CLI must be logged in to the account, not to a workspace:',
        'databricks auth login --host https://accounts.cloud.databricks.com --account-id <account id>',
        '(Azure: accounts.azuredatabricks.net, Google Cloud: accounts.gcp.databricks.com)',
        '',
        '<issuer>: exactly what the tokens say in iss.',
        ...(otherIssuer === undefined ? [] : [otherIssuer]),
        '<audience>: what the tokens say in aud (the setting token.subjectAudience asks for it).',
        '<user claim> (subject_claim): the claim that is the user name in Databricks, an e-mail address mostly.',
        userHint,
        keys === undefined
          ? 'Databricks finds the keys through <issuer>/.well-known/openid-configuration.'
          : `Databricks finds the keys through the metadata of the issuer (${inComment(keys)}).`,
        'People must be users of the account (SCIM) with exactly that name.',
      ),
      `databricks account federation-policy create --policy-id data-passport --json ${shellWord(policy(facts))}`,
      '',
      comment('#', 'To see what there is, and to take it back:'),
      'databricks account federation-policy list',
      comment('#', 'databricks account federation-policy delete data-passport'),
    );
  },
};
