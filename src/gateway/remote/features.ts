import type { Feature } from '../../connectors/mcp/server.ts';
import { isObject } from '../record.ts';

/** The feature that a request needs, by the beginning of its method; tools need none. */
const NEEDS: readonly (readonly [prefix: string, feature: Feature])[] = [
  ['resources/', 'resources'],
  ['prompts/', 'prompts'],
  ['completion/', 'completions'],
  ['logging/', 'logging'],
  ['sampling/', 'sampling'],
  ['elicitation/', 'elicitation'],
  ['roots/', 'roots'],
  ['notifications/resources/', 'resources'],
  ['notifications/prompts/', 'prompts'],
  ['notifications/message', 'logging'],
  ['notifications/elicitation/', 'elicitation'],
  ['notifications/roots/', 'roots'],
];

export function featureOf(method: string): Feature | undefined {
  return NEEDS.find(([prefix]) => method.startsWith(prefix))?.[1];
}

type Capabilities = Readonly<Record<string, unknown>>;

/** What the client may be asked for, without what the settings leave out. */
export function offeredToServer(capabilities: unknown, allow: readonly Feature[]): Capabilities {
  return without(capabilities, ['sampling', 'elicitation', 'roots'], allow);
}

/** What the server offers, without what the settings leave out. */
export function offeredToClient(capabilities: unknown, allow: readonly Feature[]): Capabilities {
  return without(capabilities, ['resources', 'prompts', 'completions', 'logging'], allow);
}

function without(capabilities: unknown, optional: readonly Feature[], allow: readonly Feature[]): Capabilities {
  if (!isObject(capabilities)) return {};
  const kept = Object.entries(capabilities).filter(
    ([name]) => !optional.includes(name as Feature) || allow.includes(name as Feature),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, name === 'tasks' ? tasks(value, allow) : value]));
}

/** Tasks name the requests that they may be made of. */
function tasks(value: unknown, allow: readonly Feature[]): unknown {
  if (!isObject(value) || !isObject(value['requests'])) return value;
  const requests = Object.entries(value['requests']).filter(
    ([name]) => name === 'tools' || allow.includes(name as Feature),
  );
  return { ...value, requests: Object.fromEntries(requests) };
}
