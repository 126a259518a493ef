import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

import type { Interaction, Provider } from 'oidc-provider';

import { labUsers } from '../sampleData.ts';
import { findLabUser, labClientName } from './configuration.ts';
import { consentPage, messagePage, signInPage } from './pages.ts';

const interactionSeconds = 3600;

export interface InteractionInput {
  readonly provider: Provider;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whether agreeing is a page of its own. */
  readonly asksConsent: boolean;
}

/** The sign-in page: choosing an account signs in, and agrees to everything that the client asked for unless that is asked once more. */
export async function handleInteraction({ provider, request, response, asksConsent }: InteractionInput): Promise<void> {
  let interaction: Interaction;
  try {
    interaction = await provider.interactionDetails(request, response);
  } catch {
    sendPage(response, 400, messagePage('This page has expired', 'Start the sign-in again.'));
    return;
  }
  const wishes = [...listOf(interaction.params['resource']), ...scopesOf(interaction)];
  if (request.method !== 'POST') {
    sendPage(response, 200, signInPage({ users: labUsers, clientName: labClientName, wishes }));
    return;
  }
  const fields = new URLSearchParams(await text(request));
  const user = fields.has('cancel') ? undefined : findLabUser(fields.get('user'));
  if (user !== undefined && asksConsent && !fields.has('consent')) {
    sendPage(response, 200, consentPage({ user, clientName: labClientName, wishes }));
    return;
  }
  if (user === undefined) {
    const result = { error: 'access_denied', error_description: 'The user cancelled the sign-in' };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }
  await forgetOtherUser(provider, interaction, user.name);
  const grantId = await grantEverything(provider, interaction, user.name);
  await provider.interactionFinished(
    request,
    response,
    { login: { accountId: user.name }, consent: { grantId } },
    { mergeWithLastSubmission: false },
  );
}

async function grantEverything(provider: Provider, interaction: Interaction, accountId: string): Promise<string> {
  const clientId = String(interaction.params['client_id']);
  const grant = new provider.Grant({ accountId, clientId });
  const scopes = scopesOf(interaction);
  grant.addOIDCScope(scopes.join(' '));
  for (const resource of listOf(interaction.params['resource'])) grant.addResourceScope(resource, scopes.join(' '));
  return grant.save();
}

/** The browser may still be signed in as someone else; the provider would ask to sign out first, on a page of its own. */
async function forgetOtherUser(provider: Provider, interaction: Interaction, accountId: string): Promise<void> {
  const { session } = interaction;
  if (session === undefined || session.accountId === accountId) return;
  const stored = await provider.Session.findByUid(session.uid);
  if (stored === undefined) return;
  stored.accountId = undefined;
  stored.authorizations = {};
  await stored.save(interactionSeconds);
  // The provider compares the two before it goes on.
  Reflect.deleteProperty(session, 'accountId');
  await interaction.save(interactionSeconds);
}

function scopesOf(interaction: Interaction): string[] {
  const { scope } = interaction.params;
  return typeof scope === 'string' ? scope.split(' ').filter((each) => each !== '') : [];
}

function listOf(value: unknown): string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}

function sendPage(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(body);
}
