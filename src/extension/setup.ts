import { placesOf } from '../core/connection.ts';
import type { DraftEntry, Section, SettingSchema, SetupActions } from '../ui/setup/model.ts';
import { reachOf } from './binding.ts';
import { type Confirmations, isPlain } from './confirmations.ts';
import type { ConnectionSecrets } from './connectionSecrets.ts';
import { isRecord } from './settingProblems.ts';
import type { RawSettings, Settings } from './settings.ts';
import type { SettingsFile } from './settingsFile.ts';
import type { ProposedSettings, SettingsSource } from './settingsSource.ts';
import type { SettingsEdit } from './settingsText.ts';
import type { ConnectionTables } from './slots.ts';
import type { Wiring } from './wiring.ts';

export interface SetupDeps extends ConnectionTables {
  readonly settings: Pick<SettingsSource, 'current' | 'raw' | 'parse' | 'propose'>;
  readonly settingsFile: SettingsFile;
  readonly confirmations: Pick<Confirmations, 'check' | 'confirm'>;
  readonly connectionSecrets: Pick<ConnectionSecrets, 'facts' | 'remove'>;
  readonly onSettingsTaken: Wiring['onSettingsTaken'];
  /** `contributes.configuration.properties` of the manifest. */
  readonly manifest: Readonly<Record<string, unknown>>;
}

const settingOf = (section: Section): string => `dataPassport.${section}`;

/** Adds, tries, changes and removes entries of the settings. */
export function createSetup(deps: SetupDeps): SetupActions {
  const { settings, settingsFile, confirmations, connectionSecrets, onSettingsTaken, manifest, tokenSources } = deps;

  /** The settings as they would be with the entries in them. */
  function withEntries(entries: readonly DraftEntry[]): Settings {
    const raw = settings.raw();
    const drafts = grouped(entries);
    const joined = (section: Section): Record<string, unknown> => ({ ...recordOf(raw[section]), ...drafts[section] });
    const next: RawSettings = {
      ...raw,
      identityProviders: joined('identityProviders'),
      connections: joined('connections'),
    };
    return settings.parse(next);
  }

  /** Who typed a host into our own form, or read it in our own list, has said where the secrets go; a program takes a word of its own. */
  async function agreedTo(entries: readonly DraftEntry[]): Promise<void> {
    const ids = new Set(entries.flatMap(({ section, id }) => (section === 'connections' ? [id] : [])));
    const shown = settings.current().connections.flatMap((connection) => {
      const found = ids.has(connection.id) ? confirmations.check(connection) : undefined;
      return found && isPlain(found.reach) ? [{ connection, reach: found.reach }] : [];
    });
    if (shown.length > 0) await confirmations.confirm(shown);
  }

  /** Resolves when everybody has heard of what it changes: whoever goes on meets nothing of before. */
  async function untilTaken(change: () => Promise<void>): Promise<void> {
    const taken = Promise.withResolvers<void>();
    const listening = onSettingsTaken(() => taken.resolve());
    const before = settings.current();
    try {
      await change();
      if (settings.current() !== before) await taken.promise;
    } finally {
      listening.dispose();
    }
  }

  const edit = (edits: readonly SettingsEdit[]): Promise<void> => untilTaken(() => settingsFile.edit(edits));

  return {
    forms(section) {
      const { patternProperties = {} } = manifest[settingOf(section)] as { patternProperties?: object };
      const [entry] = Object.values(patternProperties) as SettingSchema[];
      return entry?.anyOf ?? [];
    },
    ids: (section) => Object.keys(recordOf(settings.raw()[section])),
    providers: () => settings.parse(settings.raw()).providers.map(({ id, title }) => ({ id, title })),
    problems(entries) {
      const { problems } = withEntries(entries);
      return entries.flatMap(({ section, id }) => {
        const start = `${settingOf(section)}.${id}`;
        return problems
          .filter(({ path }) => path === start || path.startsWith(`${start}.`))
          .map(({ path, problem }) => ({ path: path.slice(start.length + 1), problem }));
      });
    },
    needsSignIn(value) {
      const { token = {}, serverToken } = value;
      return [token, serverToken].filter(isRecord).some(({ source = 'accessToken' }) => {
        return typeof source === 'string' && tokenSources[source]?.from === 'signIn';
      });
    },
    places(entries) {
      const { connections } = withEntries(entries);
      return entries.flatMap(({ section, id }) => {
        const found = section === 'connections' ? connections.find((each) => each.id === id) : undefined;
        if (!found) return [];
        const own = placesOf(deps.connectors[found.type]?.destinations(found.settings) ?? []);
        return [...new Set([...own, ...reachOf(found, deps).places])];
      });
    },
    propose: (entries) =>
      untilTaken(async () => {
        settings.propose(grouped(entries));
        await agreedTo(entries);
      }),
    save: (entries) =>
      edit(entries.map(({ section, id, value, comment }) => ({ path: [settingOf(section), id], value, comment }))),
    change: (section, id, values) =>
      edit(
        Object.entries(values).map(([name, value]): SettingsEdit => ({ path: [settingOf(section), id, name], value })),
      ),
    async remove(entries) {
      const ids = new Set(entries.flatMap(({ section, id }) => (section === 'connections' ? [id] : [])));
      const connections = settings.current().connections.filter(({ id }) => ids.has(id));
      await edit(entries.map(({ section, id }) => ({ path: [settingOf(section), id], value: undefined })));
      for (const connection of connections) {
        const stored = connectionSecrets.facts(connection).filter((fact) => fact.stored);
        for (const { field } of stored) await connectionSecrets.remove(connection, field.name);
      }
    },
  };
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

function grouped(entries: readonly DraftEntry[]): ProposedSettings {
  const of = (section: Section): Record<string, unknown> =>
    Object.fromEntries(entries.flatMap((each) => (each.section === section ? [[each.id, each.value] as const] : [])));
  return { identityProviders: of('identityProviders'), connections: of('connections') };
}
