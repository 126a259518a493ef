import { hash } from 'node:crypto';

import type { Connector } from '../connectors/connector.ts';
import { type Connection, placesOf } from '../core/connection.ts';
import type { TokenSource } from '../tokens/source.ts';

export interface BindingTables {
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly tokenSources: Readonly<Record<string, TokenSource>>;
}

/** Where the secrets of a connection go, and what is run for it. */
export interface Reach {
  /** `host:port`, or `host` of a token service: the connection's own first. */
  readonly places: readonly string[];
  /** Program with its arguments, where there is one. */
  readonly program?: readonly string[] | undefined;
}

export function reachOf(connection: Connection, { connectors, tokenSources }: BindingTables): Reach {
  const source = tokenSources[connection.token.source];
  const { settings } = connection.token;
  const own = placesOf(connectors[connection.type]?.destinations(connection.settings) ?? []);
  const services = source?.hosts?.(settings).map((host) => host.toLowerCase()) ?? [];
  const program = source?.program?.(settings);
  return { places: [...new Set([...own, ...services])], ...(program && { program }) };
}

/** Names the connection as it is set up, places and way to its credential included: one that was asked for under another name is not handed out. */
export function bindingOf(connection: Connection, tables: BindingTables): string {
  const { type, identityProvider, runAs, settings, token } = connection;
  const facts = [type, identityProvider, runAs, settings, token, reachOf(connection, tables)];
  return hash('sha256', JSON.stringify(facts), 'base64url');
}
