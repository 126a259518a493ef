import * as vscode from 'vscode';

import type { Connection } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import { type Disposable, type Log, signal } from '../core/ports.ts';
import { obstacleSettings } from './editorLimits.ts';
import { parseSettings, type RawSettings, type Settings, type Tables } from './settings.ts';

const SECTION = 'dataPassport';

/** Entries that are tried before they are saved, by their id. */
export type ProposedSettings = Readonly<Record<'identityProviders' | 'connections', Readonly<Record<string, unknown>>>>;

const NOTHING: ProposedSettings = { identityProviders: {}, connections: {} };

export interface SettingsSource extends Disposable {
  readonly current: () => Settings;
  /** @throws PassportError DP-CONNECTION-UNKNOWN */
  connection(id: string): Connection;
  onDidChange(listener: () => void): Disposable;
  /** A setting of the editor changed that decides whether agents may use us. */
  onDidChangeObstacle(listener: () => void): Disposable;
  /** As the editor merged them, without what is proposed. */
  raw(): RawSettings;
  /** Reads other settings as if they were the user's. */
  parse(raw: RawSettings): Settings;
  /** In this window these entries count as if they were saved, until they are, or until the next proposal. Default: none. */
  propose(entries?: ProposedSettings): void;
}

/** The user's own settings, parsed once for each change. */
export function createSettingsSource(tables: Tables, log: Log): SettingsSource {
  const changes = signal<void>();
  const obstacles = signal<void>();
  let proposed = NOTHING;

  function raw(): RawSettings {
    const section = vscode.workspace.getConfiguration(SECTION);
    return {
      identityProviders: section.get('identityProviders'),
      connections: section.get('connections'),
      limits: section.get('limits'),
    };
  }

  function read(): Settings {
    const saved = raw();
    const parsed = parseSettings(
      {
        ...saved,
        identityProviders: withProposed(saved.identityProviders, proposed.identityProviders),
        connections: withProposed(saved.connections, proposed.connections),
      },
      tables,
    );
    for (const { path, problem } of parsed.problems) log.warn('A setting is not valid', { path, problem });
    return parsed;
  }

  function take(): void {
    settings = read();
    changes.fire();
  }

  let settings = read();
  const following = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) {
      proposed = unsaved(proposed, raw());
      take();
    }
    if (obstacleSettings.some((name) => event.affectsConfiguration(name))) obstacles.fire();
  });

  return {
    current: () => settings,
    connection(id) {
      const found = settings.connections.find((connection) => connection.id === id);
      if (found) return found;
      const known = settings.connections.map((connection) => connection.id).join(', ') || '(none)';
      throw new PassportError('DP-CONNECTION-UNKNOWN', { connection: id, known });
    },
    onDidChange: changes.on,
    onDidChangeObstacle: obstacles.on,
    raw,
    parse: (other) => parseSettings(other, tables),
    propose(entries = NOTHING) {
      if (JSON.stringify(entries) === JSON.stringify(proposed)) return;
      proposed = entries;
      take();
    },
    dispose() {
      following.dispose();
    },
  };
}

/** What is not even an object is reported as it is. */
function withProposed(saved: unknown, entries: Readonly<Record<string, unknown>>): unknown {
  if (Object.keys(entries).length === 0) return saved;
  return { ...(typeof saved === 'object' ? saved : undefined), ...entries };
}

/** What has been saved need not be proposed any more, however it was saved. */
function unsaved(proposed: ProposedSettings, saved: RawSettings): ProposedSettings {
  const left = (name: keyof ProposedSettings): Readonly<Record<string, unknown>> => {
    const known = saved[name];
    return Object.fromEntries(
      Object.entries(proposed[name]).filter(([id]) => typeof known !== 'object' || !known || !Object.hasOwn(known, id)),
    );
  };
  return { identityProviders: left('identityProviders'), connections: left('connections') };
}
