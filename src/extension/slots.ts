import type { Connector } from '../connectors/connector.ts';
import { type Connection, SERVER_SLOT, type TokenChoice } from '../core/connection.ts';
import type { Need } from '../core/signIn.ts';
import type { SecretField, TokenSource } from '../tokens/source.ts';

/** The tables that say what a connection's settings mean. */
export interface ConnectionTables {
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly tokenSources: Readonly<Record<string, TokenSource>>;
}

/** One credential of a connection. */
export interface Slot {
  /** As the connector and the gateway call it. */
  readonly name: string;
  /** Where its settings are. */
  readonly setting: 'token' | 'serverToken';
  readonly choice: TokenChoice;
  /** What the connector wants where the settings leave it open. */
  readonly need: Need;
  readonly source: TokenSource;
}

/** The credentials of a connection: what its type asks for, and that of the server itself where the settings choose one. */
export function slotsOf(connection: Connection, { connectors, tokenSources }: ConnectionTables): readonly Slot[] {
  const { type, settings, token, serverToken } = connection;
  const needs = Object.entries(connectors[type]?.credentials(settings) ?? {});
  const slots: readonly Omit<Slot, 'source'>[] = [
    ...needs.map(([name, need]) => ({ name, setting: 'token', choice: token, need }) as const),
    ...(serverToken
      ? [{ name: SERVER_SLOT, setting: 'serverToken', choice: serverToken, need: { scopes: [] } } as const]
      : []),
  ];
  return slots.flatMap((slot) => {
    const source = tokenSources[slot.choice.source];
    return source ? [{ ...slot, source }] : [];
  });
}

/** What a secret of a slot is stored under: two slots may have the same source. @param name as the source calls it */
export function secretName({ setting }: Slot, name: string): string {
  return setting === 'token' ? name : `${setting}.${name}`;
}

/** The secrets that the user enters for a slot, each under the name that it is stored under. */
export function secretsOf(slot: Slot): readonly SecretField[] {
  const fields = slot.source.secrets?.(slot.choice.settings) ?? [];
  if (slot.setting === 'token') return fields;
  return fields.map(({ name, title, kind, required }) => {
    return { name: secretName(slot, name), title: `${title} of the server itself`, kind, required };
  });
}
