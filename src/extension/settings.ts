import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

import type { Connector } from '../connectors/connector.ts';
import type { Connection } from '../core/connection.ts';
import { KIND_NAMES } from '../core/credential.ts';
import type { Limits } from '../core/result.ts';
import type { Preset, ProviderDescription } from '../identity/presets/preset.ts';
import type { TokenSource } from '../tokens/source.ts';

z.config(en());

/** The tables that give settings their meaning. */
export interface Tables {
  readonly presets: Readonly<Record<string, Preset>>;
  readonly connectors: Readonly<Record<string, Connector>>;
  readonly tokenSources: Readonly<Record<string, TokenSource>>;
}

export interface RawSettings {
  readonly identityProviders: unknown;
  readonly connections: unknown;
  readonly limits: unknown;
}

/** One thing that is wrong, at a path as the settings editor shows it. */
export interface Problem {
  readonly path: string;
  readonly problem: string;
}

export interface Settings {
  readonly providers: readonly ProviderDescription[];
  readonly connections: readonly Connection[];
  readonly problems: readonly Problem[];
}

const count = (least: number, most: number, text: string) =>
  z.int().check(z.minimum(least), z.maximum(most), z.describe(text));

const bounds = {
  rows: count(1, 10_000, 'Most rows of one result. Default 200.'),
  cellLength: count(16, 100_000, 'Most characters of one value. Default 2000.'),
  bytes: count(1024, 10_000_000, 'Most bytes of all rows together. Default 200000.'),
  seconds: count(1, 3600, 'Most seconds that a statement may run. Default 60.'),
};

/** Bounds of results; the defaults fit a chat. */
const DEFAULT_LIMITS: Limits = { rows: 200, cellLength: 2000, bytes: 200_000, seconds: 60 };

/** What is left out of `dataPassport.limits` is the default, and of a connection's own limits is `dataPassport.limits`. */
export const limitsSchema = z.partial(z.strictObject(bounds));

const idSchema = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'an id has up to 40 lower-case letters, digits, - and _'));

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
          'Id in dataPassport.identityProviders of who signs you in. May be left out when there is only one, or when the token source needs no sign-in.',
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
  token: z._default(z.looseObject({ source: z._default(z.string(), 'accessToken') }), { source: 'accessToken' }),
  limits: z.optional(limitsSchema),
};

/**
 * Reads the three settings. What is wrong is reported with its path and left out; everything else works on.
 * @param raw values as the editor merged them: of scope application, so that only the user's own settings count
 */
export function parseSettings(raw: RawSettings, tables: Tables): Settings {
  const problems: Problem[] = [];
  const report = (path: string, error: z.core.$ZodError | string): void => {
    if (typeof error === 'string') problems.push({ path, problem: error });
    else for (const issue of error.issues) problems.push(problemOf(path, issue));
  };
  const limits = parseLimits(raw.limits, report);
  const providers = entries(raw.identityProviders, 'dataPassport.identityProviders', report).flatMap(
    ([id, path, value]) => {
      const parsed = parseProvider(id, value, tables, (at, error) => report(path + at, error));
      return parsed ? [parsed] : [];
    },
  );
  const connections = entries(raw.connections, 'dataPassport.connections', report).flatMap(([id, path, value]) => {
    const parsed = parseConnection(id, value, {
      tables,
      providers,
      limits,
      report: (at, error) => report(path + at, error),
    });
    return parsed ? [parsed] : [];
  });
  return { providers, connections, problems };
}

type Report = (path: string, error: z.core.$ZodError | string) => void;

function parseLimits(value: unknown, report: Report): Limits {
  const { data, error } = limitsSchema.safeParse(value ?? {});
  if (error) report('dataPassport.limits', error);
  return { ...DEFAULT_LIMITS, ...withoutUndefined(data ?? {}) };
}

/** Settings are files: other programs read them and backups keep them. */
const SECRET_IN_SETTINGS =
  'must not be in the settings: delete it and run the command "Data Passport: Set Client Secret"';

function parseProvider(
  id: string,
  value: Record<string, unknown>,
  { presets }: Tables,
  report: Report,
): ProviderDescription | undefined {
  const { preset: name = 'oidc', clientSecret, ...rest } = value;
  const preset = pick(presets, name, '.preset', report);
  const parsed = preset?.settings.safeParse(rest);
  if (parsed?.error) report('', parsed.error);
  if (clientSecret !== undefined) report('.clientSecret', SECRET_IN_SETTINGS);
  else if (preset && parsed?.success) return preset.describe(id, parsed.data);
  return undefined;
}

interface ConnectionContext {
  readonly tables: Tables;
  readonly providers: readonly ProviderDescription[];
  readonly limits: Limits;
  readonly report: Report;
}

function parseConnection(
  id: string,
  value: Record<string, unknown>,
  context: ConnectionContext,
): Connection | undefined {
  const { tables, report } = context;
  const connector = pick(tables.connectors, value['type'], '.type', report);
  if (!connector) return undefined;
  const own = Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(connectionBase, name)));
  const base = z.object(connectionBase).safeParse(value);
  const settings = connector.settings.safeParse(own);
  for (const { error } of [base, settings]) if (error) report('', error);
  if (!base.success || !settings.success) return undefined;

  const { source: name, ...tokenSettings } = base.data.token;
  const source = pick(tables.tokenSources, name, '.token.source', report);
  const token = source?.settings.safeParse(tokenSettings);
  if (token?.error) report('.token', token.error);
  if (!source) return undefined;
  const person = source.from === 'signIn' ? signedInPerson(base.data, context) : nobodyElse(base.data, name, report);
  if (!token?.success || !person) return undefined;
  const kind = source.gives(token.data);
  const accepted = connector.accepts.includes(kind);
  if (!accepted || connector.takes?.(settings.data, kind) === false) {
    const type = `a connection of type ${JSON.stringify(connector.type)}${accepted ? ' with these settings' : ''}`;
    report('.token', `gives ${KIND_NAMES[kind]}, which ${type} can not use`);
    return undefined;
  }
  return {
    id,
    title: base.data.title ?? id,
    type: connector.type,
    ...person,
    settings: settings.data,
    token: { source: name, settings: token.data },
    limits: { ...context.limits, ...withoutUndefined(base.data.limits ?? {}) },
  };
}

type Person = Pick<Connection, 'identityProvider' | 'runAs'>;
type PersonWords = { readonly identityProvider?: string | undefined; readonly runAs?: string | undefined };

/** Whose sign-in a connection uses. */
function signedInPerson(words: PersonWords, { providers, report }: ConnectionContext): Person | undefined {
  const known = providers.map((provider) => provider.id);
  const identityProvider = words.identityProvider ?? (known.length === 1 ? known[0] : undefined);
  if (identityProvider !== undefined && known.includes(identityProvider))
    return { identityProvider, ...(words.runAs !== undefined && { runAs: words.runAs }) };
  const names = known.map((name) => JSON.stringify(name)).join(', ') || '(no valid identity provider is configured)';
  report('.identityProvider', `must be one of ${names}`);
  return undefined;
}

/** A setting that has no effect would let its writer believe that it has one. */
function nobodyElse(words: PersonWords, source: string, report: Report): Person | undefined {
  const idle = (['identityProvider', 'runAs'] as const).find((name) => words[name] !== undefined);
  if (idle === undefined) return {};
  report(
    `.${idle}`,
    `has no effect with the token source ${JSON.stringify(source)}, which needs no sign-in: delete it`,
  );
  return undefined;
}

function pick<T>(table: Readonly<Record<string, T>>, name: unknown, path: string, report: Report): T | undefined {
  const found = typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;
  if (!found)
    report(
      path,
      `must be one of ${Object.keys(table)
        .map((key) => JSON.stringify(key))
        .join(', ')}`,
    );
  return found;
}

/** The well-formed members of an object setting, each with its path. */
function entries(
  value: unknown,
  path: string,
  report: Report,
): readonly [id: string, path: string, value: Record<string, unknown>][] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) {
    report(path, 'must be an object with an entry for each id');
    return [];
  }
  return Object.entries(value).flatMap(([id, entry]): [string, string, Record<string, unknown>][] => {
    const at = `${path}.${id}`;
    const named = idSchema.safeParse(id);
    if (!named.success) report(at, named.error);
    else if (!isRecord(entry)) report(at, 'must be an object');
    else return [[id, at, entry]];
    return [];
  });
}

function problemOf(path: string, issue: z.core.$ZodIssue): Problem {
  const at = [path, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys')
    return { path: `${at}.${issue.keys[0] ?? ''}`, problem: 'is not a setting here' };
  return { path: at, problem: predicate(issue) };
}

/** The library's finding as what the setting is or must be, to stand behind its path in a sentence. */
function predicate(issue: z.core.$ZodIssue): string {
  const characters = 'origin' in issue && issue.origin === 'string' ? ' characters long' : '';
  if (issue.code === 'invalid_type') {
    return issue.message.endsWith('received undefined') ? 'is missing' : `must be of type ${issue.expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}${characters}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${characters}`;
  return issue.message;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
