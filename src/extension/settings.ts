import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

import type { Connection } from '../core/connection.ts';
import type { Preset, ProviderDescription } from '../identity/presets/preset.ts';
import { type ConnectionContext, limitsSchema, parseConnection } from './connectionSettings.ts';
import { isRecord, pick, type Problem, type Report, reportTo } from './settingProblems.ts';
import type { ConnectionTables } from './slots.ts';

z.config(en());

/** The tables that give settings their meaning. */
export interface Tables extends ConnectionTables {
  readonly presets: Readonly<Record<string, Preset>>;
}

export interface RawSettings {
  readonly identityProviders: unknown;
  readonly connections: unknown;
  readonly limits: unknown;
}

export interface Settings {
  readonly providers: readonly ProviderDescription[];
  readonly connections: readonly Connection[];
  readonly problems: readonly Problem[];
}

/** An id is part of addresses and of names of files. */
const idSchema = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'an id has up to 40 lower-case letters, digits, - and _'));

/**
 * Reads the three settings. What is wrong is reported with its path and left out; everything else works on.
 * @param raw values as the editor merged them: of scope application, so that only the user's own settings count
 */
export function parseSettings(raw: RawSettings, tables: Tables): Settings {
  const problems: Problem[] = [];
  const report = reportTo(problems);
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

function parseLimits(value: unknown, report: Report): ConnectionContext['limits'] {
  const { data, error } = limitsSchema.safeParse(value ?? {});
  if (error) report('dataPassport.limits', error);
  return data ?? {};
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
