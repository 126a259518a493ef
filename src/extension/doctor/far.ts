import { PassportError } from '../../core/errors.ts';
import { type CheckContext, type DoctorLink, type Finding, notChecked } from './link.ts';

/** A link that only the gateway can see. All of them come with one answer. */
function farLink(id: string, title: string): DoctorLink {
  return { id, title, seconds: 200, check: (context) => found(id, context) };
}

export const reachLink = farLink('reach', 'The way there');
export const loginLink = farLink('login', 'Login');
export const whoamiLink = farLink('whoami', 'Who you are there');
export const queryLink = farLink('query', 'First query');
export const initializeLink = farLink('initialize', 'Beginning of the conversation');
export const toolsLink = farLink('tools', 'List of tools');

async function found(id: string, { far, notes }: CheckContext): Promise<Finding> {
  const link = (await far()).find((each) => each.id === id);
  if (!link) return notChecked('The gateway said nothing of it.');
  const { state, facts, reason = 'The gateway did not say why.', error, identity } = link;
  if (identity?.user) notes.people.add(identity.user);
  if (error) {
    const refusal = PassportError.from(error);
    const servers = (refusal.params['authorizationServers'] ?? '').split(' ').filter((server) => server !== '');
    const said = servers.length === 0 ? [] : [`The server says that it takes tokens of ${servers.join(', ')}.`];
    const known = wantedIssuer(servers, notes.known['tokenIssuer']);
    return { state: 'broken', facts: [...facts, ...said], error: refusal, known };
  }
  return state === 'notChecked' ? { state, facts, reason } : { state: 'ok', facts };
}

/** Whose tokens a server takes, where that is somebody else than who issued ours. An opaque token does not say. */
function wantedIssuer(
  servers: readonly string[],
  issuer: string | undefined,
): Readonly<Record<string, string>> | undefined {
  const plain = (address: string): string => address.replace(/\/$/, '');
  if (issuer === undefined || servers.some((server) => plain(server) === plain(issuer))) return undefined;
  return servers[0] === undefined ? undefined : { authorizationServer: servers[0] };
}
