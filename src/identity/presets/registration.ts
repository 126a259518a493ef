import type { ProviderDescription } from './preset.ts';

/** What the editor and the settings know besides the description. */
export interface RegistrationFacts {
  /** Redirect address of this editor; `undefined` where there is none. */
  readonly editorUri: string | undefined;
  /** What each connection asks for. */
  readonly requests: readonly { readonly audiences: readonly string[]; readonly scopes: readonly string[] }[];
}

/** What the administrator of an identity provider registers, as Markdown that can be pasted into a ticket. */
export function registrationText(description: ProviderDescription, facts: RegistrationFacts): string {
  const { title, clientId, scopes, registration } = description;
  const { application, steps, manual } = registration;
  const lines = [
    `Data Passport, an extension of VS Code, signs people in at ${title} and lets the data tools of their agents run as them, with tokens of their own. It needs this:`,
    '',
    `- **Kind of application:** ${application}`,
    `- **Client id:** ${code(clientId)}`,
    `- **Client secret:** ${secret(description)}`,
    `- **Grant types:** ${grantTypes(description)}`,
    '- **Redirect URIs:**',
    ...redirectUris(description, facts.editorUri).map((line) => `  - ${line}`),
    `- **Scopes of every sign-in:** ${codes(scopes)}`,
    ...asked(facts),
    '- **What to grant:** the scopes above, delegated: for the person who signs in, never for the application itself. No client credentials, no implicit grant, no passwords.',
    '',
    'Steps:',
    '',
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    '',
    `Manual: <${manual}>`,
  ];
  return `${lines.join('\n')}\n`;
}

function secret({ clientAuthentication }: ProviderDescription): string {
  if (clientAuthentication.kind === 'none') return 'none, the client is public';
  const { known } = clientAuthentication;
  if (known !== undefined) return `${code(known)}, which is published and protects nothing`;
  return 'needed, sent in the body of the token request (client_secret_post). Each person enters it once with the command "Data Passport: Set Client Secret"';
}

function grantTypes({ flows }: ProviderDescription): string {
  const device = flows.includes('deviceCode')
    ? ', and device code (RFC 8628) where there is no browser beside the editor'
    : '';
  return `authorization code with PKCE (S256), refresh token${device}`;
}

/** RFC 8252 section 7.3: the port of a loopback address is either listed or free. */
function redirectUris({ flows, redirect }: ProviderDescription, editorUri: string | undefined): readonly string[] {
  const { host, ports, path } = redirect;
  const loopback =
    ports.length > 0
      ? ports.map((port) => code(`http://${host}:${port}${path}`))
      : [`${code(`http://${host}${path}`)} with any port`];
  return flows.includes('editorUri') && editorUri !== undefined ? [...loopback, code(editorUri)] : loopback;
}

function asked({ requests }: RegistrationFacts): readonly string[] {
  const each = requests
    .filter(({ audiences, scopes }) => audiences.length + scopes.length > 0)
    .map(({ audiences, scopes }) => {
      const parts = [
        ...(audiences.length > 0 ? [`audience ${codes(audiences)}`] : []),
        ...(scopes.length > 0 ? [`scopes ${codes(scopes)}`] : []),
      ];
      return `  - ${parts.join(', ')}`;
    });
  return each.length > 0 ? ['- **Access tokens of the connections:**', ...new Set(each)] : [];
}

const code = (value: string): string => `\`${value}\``;

const codes = (values: readonly string[]): string => (values.length > 0 ? values.map(code).join(' ') : 'none');
