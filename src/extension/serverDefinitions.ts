import { hash } from 'node:crypto';

import type { Connector } from '../connectors/connector.ts';

/** What the editor is told of a connection. */
export interface OfferedConnection {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly serves: Connector['serves'];
  /** Changes with everything that decides where its credentials go. */
  readonly binding: string;
}

/** One MCP server as the editor lists it. */
export interface ServerDefinition {
  /** Key of the server in the editor, and what the user reads in its lists. */
  readonly label: string;
  /** Where the gateway serves it. */
  readonly path: string;
  /** The editor's key for its cache of the tool list: never anything of a token in it. */
  readonly version: string;
}

const OUR_NAME = 'Data Passport';

/** One server for all databases, and one for each remote MCP server. @param version of the extension */
export function serverDefinitions(
  connections: readonly OfferedConnection[],
  version: string,
): readonly ServerDefinition[] {
  const databases = connections.filter(({ serves }) => serves === 'sql');
  const facts = databases.map(({ id, title, type }) => [id, title, type]);
  const labels = labelsOf(connections);
  return [
    ...(databases.length > 0 ? [{ label: OUR_NAME, path: '/mcp', version: digest([version, facts]) }] : []),
    ...connections
      .filter(({ serves }) => serves === 'mcp')
      .map(({ id, title, type, binding }) => ({
        label: `${OUR_NAME}: ${labels.get(id) ?? title}`,
        path: `/mcp/${id}`,
        version: digest([version, id, title, type, binding]),
      })),
  ];
}

/** Of two servers with one label, whatever the case of its letters, the editor turns one off. */
function labelsOf(connections: readonly OfferedConnection[]): ReadonlyMap<string, string> {
  const titles = connections.map(({ title }) => title.toLowerCase());
  const isTwin = ({ title }: OfferedConnection): boolean =>
    titles.filter((each) => each === title.toLowerCase()).length > 1;
  const labels = new Map<string, string>();
  const taken = new Set<string>();
  for (const connection of connections.filter(({ serves }) => serves === 'mcp')) {
    const { id, title } = connection;
    let label = isTwin(connection) ? `${title} (${id})` : title;
    // A title may look like the label of another one.
    while (taken.has(label.toLowerCase())) label += ` (${id})`;
    taken.add(label.toLowerCase());
    labels.set(id, label);
  }
  return labels;
}

function digest(facts: unknown): string {
  return hash('sha256', JSON.stringify(facts), 'hex').slice(0, 16);
}
