import * as z from 'zod/mini';

import type { Connector } from '../connectors/connector.ts';
import { TOKEN_KINDS } from '../connectors/mcp/common.ts';
import type { Connection, TokenChoice } from '../core/connection.ts';
import { type CredentialKind, KIND_NAMES } from '../core/credential.ts';
import type { Limits } from '../core/result.ts';
import type { ProviderDescription } from '../identity/presets/preset.ts';
import type { TokenSource } from '../tokens/source.ts';
import { pick, quoted, type Report } from './settingProblems.ts';
import type { ConnectionTables } from './slots.ts';

const count = (least: number, most: number, text: string) =>
  z.int().check(z.minimum(least), z.maximum(most), z.describe(text));

const bounds = {
  rows: count(1, 10_000, 'Most rows of one result. Default 200.'),
  cellLength: count(16, 100_000, 'Most characters of one value. Default 2000.'),
  bytes: count(1024, 10_000_000, 'Most bytes of one result. Default 200000; of a remote MCP server 1000000.'),
  seconds: count(1, 3600, 'Most seconds that a statement may run. Default 60; a call of a remote MCP server 600.'),
};

/** Bounds of results; the defaults fit a chat. */
const DEFAULT_LIMITS: Limits = { rows: 200, cellLength: 2000, bytes: 200_000, seconds: 60 };

/**
 * What is left out of a connection's own limits is that of `dataPassport.limits`, and what is left out there the default of the
 * connection's type.
 */
export const limitsSchema = z.partial(z.strictObject(bounds));

const tokenChoice = z.looseObject({ source: z._default(z.string(), 'accessToken') });

/** What every connection has; the rest belongs to its type. */
export const connectionBase = {
  type: z.string(),
  title: z.optional(
    z.string().check(
      z.minLength(1),
      z.maxLength(80),
      z.refine((title) => !/[\p{Cc}\p{Cf}]/u.test(title), 'must have no control characters'),
      z.describe('Name shown to you and to the agent. Default: the id.'),
    ),
  ),
  identityProvider: z.optional(
    z
      .string()
      .check(
        z.describe(
          'Id in dataPassport.identityProviders of who signs you in. May be left out when there is only one, or when no token source of the connection needs a sign-in.',
        ),
      ),
  ),
  runAs: z.optional(
    z
      .string()
      .check(
        z.minLength(1),
        z.describe(
          'Account to run as, where several are signed in: the name that the status bar shows. Default: the one who signed in first.',
        ),
      ),
  ),
  token: z._default(tokenChoice, { source: 'accessToken' }),
  serverToken: z.optional(tokenChoice),
  agents: z
    ._default(z.boolean(), false)
    .check(
      z.describe(
        'Whether agents may use it, as you. Without it only you do, with the commands of Data Passport, such as Test Connection.',
      ),
    ),
  limits: z.optional(limitsSchema),
};

/** Where every preset of a type is offered beside one that need not be named. */
export const DEFAULT_PRESET = 'generic';

export interface ConnectionContext {
  readonly tables: ConnectionTables;
  readonly providers: readonly ProviderDescription[];
  /** The user's own, for all connections. */
  readonly limits: z.output<typeof limitsSchema>;
  readonly report: Report;
}

/** Reads one connection; undefined where something is wrong with it, which is reported with paths that begin with a period. */
export function parseConnection(
  id: string,
  value: Record<string, unknown>,
  context: ConnectionContext,
): Connection | undefined {
  const { tables, report } = context;
  const kind = kindOf(value, tables, report);
  if (!kind) return undefined;
  const { type, connector } = kind;
  const base = z.object(connectionBase).safeParse(value);
  const settings = connector.settings.safeParse(ownSettings(value, connector));
  for (const { error } of [base, settings]) if (error) report('', error);
  if (!base.success || !settings.success) return undefined;
  const own = base.data;

  const { serverToken } = own;
  if (serverToken && !connector.secondCredential) {
    report('.serverToken', `has no effect with ${nameOf(connector)}, which takes one credential: delete it`);
    return undefined;
  }
  const token = chosen('token', own.token, { connector, settings: settings.data }, context);
  const second = serverToken && chosen('serverToken', serverToken, { connector, settings: settings.data }, context);
  const sources = [token, ...(serverToken ? [second] : [])];
  if (!sources.every((each) => each !== undefined)) return undefined;
  const needy = sources.some(({ source }) => source.from === 'signIn');
  const person = needy ? signedInPerson(own, context) : nobodyElse(own, sources, report);
  if (!person || !token?.choice || (second && !second.choice)) return undefined;
  return {
    id,
    title: own.title ?? id,
    type,
    ...person,
    settings: settings.data,
    token: token.choice,
    ...(second?.choice && { serverToken: second.choice }),
    agents: own.agents,
    limits: {
      ...DEFAULT_LIMITS,
      ...connector.limits,
      ...withoutUndefined(context.limits),
      ...withoutUndefined(own.limits ?? {}),
    },
  };
}

interface Kind {
  /** Key of the table. */
  readonly type: string;
  readonly connector: Connector;
}

/** The entry of the table that `type` and `preset` choose together. */
function kindOf(
  { type, preset = DEFAULT_PRESET }: Record<string, unknown>,
  { connectors }: ConnectionTables,
  report: Report,
): Kind | undefined {
  const all = Object.entries(connectors).map(([key, connector]): Kind => ({ type: key, connector }));
  const family = pick(
    Object.groupBy(all, ({ connector }) => connector.type) as Record<string, readonly Kind[]>,
    type,
    '.type',
    report,
  );
  const [only] = family ?? [];
  if (!family || only?.connector.preset === undefined) return only;
  const presets = Object.fromEntries(family.map((kind): [string, Kind] => [kind.connector.preset ?? '', kind]));
  return pick(presets, preset, '.preset', report);
}

/** Everything that belongs to the type. A preset that the type does not have stays in, and is no setting there. */
function ownSettings(value: Record<string, unknown>, { preset }: Connector): Record<string, unknown> {
  const isOthers = (name: string): boolean =>
    Object.hasOwn(connectionBase, name) || (name === 'preset' && preset !== undefined);
  return Object.fromEntries(Object.entries(value).filter(([name]) => !isOthers(name)));
}

function nameOf({ type, preset }: Connector): string {
  const which = preset === undefined ? '' : ` and preset ${JSON.stringify(preset)}`;
  return `a connection of type ${JSON.stringify(type)}${which}`;
}

interface Chosen {
  readonly source: TokenSource;
  readonly name: string;
  /** Absent where its settings are wrong. */
  readonly choice: TokenChoice | undefined;
}

/** How one credential of a connection is got. */
function chosen(
  setting: 'token' | 'serverToken',
  { source: name, ...own }: z.output<typeof tokenChoice>,
  target: { readonly connector: Connector; readonly settings: unknown },
  { tables, report }: ConnectionContext,
): Chosen | undefined {
  const source = pick(tables.tokenSources, name, `.${setting}.source`, report);
  if (!source) return undefined;
  const { data, error } = source.settings.safeParse(own);
  if (error) report(`.${setting}`, error);
  const problem = error ? undefined : misfit(setting, source.gives(data), target);
  if (problem !== undefined) report(`.${setting}`, problem);
  const isGood = !error && problem === undefined;
  return { source, name, choice: isGood ? { source: name, settings: data } : undefined };
}

/** Why a kind of credential can not be used there. */
function misfit(
  setting: 'token' | 'serverToken',
  kind: CredentialKind,
  { connector, settings }: { readonly connector: Connector; readonly settings: unknown },
): string | undefined {
  const isMain = setting === 'token';
  const accepted = (isMain ? connector.accepts : TOKEN_KINDS).includes(kind);
  if (accepted && (!isMain || connector.takes?.(settings, kind) !== false)) return undefined;
  const more = accepted ? ' with these settings' : '';
  return `gives ${KIND_NAMES[kind]}, which ${nameOf(connector)}${more} can not use${isMain ? '' : ' for the server itself'}`;
}

type Person = Pick<Connection, 'identityProvider' | 'runAs'>;
type PersonWords = { readonly identityProvider?: string | undefined; readonly runAs?: string | undefined };

/** Whose sign-in a connection uses. */
function signedInPerson(words: PersonWords, { providers, report }: ConnectionContext): Person | undefined {
  const known = providers.map((provider) => provider.id);
  const identityProvider = words.identityProvider ?? (known.length === 1 ? known[0] : undefined);
  if (identityProvider !== undefined && known.includes(identityProvider))
    return { identityProvider, ...(words.runAs !== undefined && { runAs: words.runAs }) };
  report('.identityProvider', `must be one of ${quoted(known) || '(no valid identity provider is configured)'}`);
  return undefined;
}

/** A setting that has no effect would let its writer believe that it has one. */
function nobodyElse(words: PersonWords, sources: readonly Chosen[], report: Report): Person | undefined {
  const idle = (['identityProvider', 'runAs'] as const).find((name) => words[name] !== undefined);
  if (idle === undefined) return {};
  const names = [...new Set(sources.map(({ name }) => name))];
  const which = names.length > 1 ? `sources ${quoted(names)}, which need` : `source ${quoted(names)}, which needs`;
  report(`.${idle}`, `has no effect with the token ${which} no sign-in: delete it`);
  return undefined;
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
