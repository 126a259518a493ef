import { hash } from 'node:crypto';

import type { ProgramTerms } from '../connectors/connector.ts';
import { type Connection, placesOf } from '../core/connection.ts';
import { type ConnectionTables, slotsOf } from './slots.ts';

/** Where the secrets of a connection go, and what is run for it. */
export interface Reach {
  /** `host:port`, or `host` of a token service: the connection's own first. */
  readonly places: readonly string[];
  /** Programs with their arguments, where there are any: those that give a token, and the one that gets it. */
  readonly programs?: readonly (readonly string[])[] | undefined;
  /** What the program that serves gets of us, beside its arguments. */
  readonly programTerms?: ProgramTerms | undefined;
  /** Where the token goes to somebody who is not the database that it is for. */
  readonly handsOn?: HandsOn | undefined;
}

/** What somebody else may do with a token: everything that the user may, in that database and with these scopes. */
export interface HandsOn {
  readonly database: string;
  /** Whom the token is meant for, as the settings say it. */
  readonly audience?: string | undefined;
  readonly scopes: readonly string[];
}

export function reachOf(connection: Connection, tables: ConnectionTables): Reach {
  const { type, settings } = connection;
  const connector = tables.connectors[type];
  const slots = slotsOf(connection, tables);
  const own = placesOf(connector?.destinations(settings) ?? []);
  const services = slots.flatMap(({ source, choice }) => source.hosts?.(choice.settings) ?? []);
  const programs = [
    ...slots.map(({ source, choice }) => source.program?.(choice.settings)),
    connector?.program?.(settings),
  ].filter((program) => program !== undefined);
  const database = connector?.handsOn?.(settings);
  const terms = connector?.programTerms?.(settings);
  const wants = slots.flatMap(({ setting, source, choice, need }) =>
    setting === 'token'
      ? [{ ...source.wants(choice.settings, need), expected: source.expects?.({ settings: choice.settings, need }) }]
      : [],
  );
  // Of a token that is exchanged the audience that it has then, not that of the one before.
  const [audience] = wants.flatMap((want) => want.expected?.audience ?? want.audience ?? []);
  const scopes = [...new Set(wants.flatMap((want) => want.scopes))];
  return {
    places: [...new Set([...own, ...services.map((host) => host.toLowerCase())])],
    ...(programs.length > 0 && { programs }),
    ...(terms && { programTerms: terms }),
    ...(database !== undefined && { handsOn: { database, ...(audience !== undefined && { audience }), scopes } }),
  };
}

/** Names the connection as it is set up, places and way to its credentials included: one that was asked for under another name is not handed out. */
export function bindingOf(connection: Connection, tables: ConnectionTables): string {
  const { type, identityProvider, runAs, settings, token, serverToken } = connection;
  const facts = [type, identityProvider, runAs, settings, token, serverToken, reachOf(connection, tables)];
  return hash('sha256', JSON.stringify(facts), 'base64url');
}
