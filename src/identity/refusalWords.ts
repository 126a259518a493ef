/** Words that tell why, most of them Okta's; repeated in our own spelling. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  // Entra ID, of a scope that names no resource: the id is that of Microsoft Graph in every tenant.
  [/00000003-0000-0000-c000-000000000000/, 'on Microsoft Graph'],
  [/policy evaluation failed/i, 'Policy evaluation failed'],
  [/not assigned to the client application/i, 'User is not assigned to the client application'],
  [/scopes are not configured/i, 'One or more scopes are not configured'],
  [/redirect_uri/i, 'redirect_uri'],
];

/**
 * What of a provider's description of an error (RFC 6749 section 5.2) can be repeated: the codes of Microsoft Entra ID and a few known
 * phrases. The rest is free text, which may hold whatever was sent.
 */
export function refusalWords(description: unknown): string | undefined {
  if (typeof description !== 'string') return undefined;
  const start = description.slice(0, 2000);
  const codes = /\bAADSTS\d{4,7}\b/.exec(start)?.[0];
  const phrase = PHRASES.find(([pattern]) => pattern.test(start))?.[1];
  const words = [codes, phrase].filter((each) => each !== undefined);
  return words.length === 0 ? undefined : words.join(', ');
}
