import * as vscode from 'vscode';

import type { Connection } from '../core/connection.ts';
import { PassportError } from '../core/errors.ts';
import { type Disposable, type Log, signal } from '../core/ports.ts';
import { obstacleSettings } from './editorLimits.ts';
import { parseSettings, type Settings, type Tables } from './settings.ts';

const SECTION = 'dataPassport';

export interface SettingsSource extends Disposable {
  readonly current: () => Settings;
  /** @throws PassportError DP-CONNECTION-UNKNOWN */
  connection(id: string): Connection;
  onDidChange(listener: () => void): Disposable;
  /** A setting of the editor changed that decides whether agents may use us. */
  onDidChangeObstacle(listener: () => void): Disposable;
}

/** The user's own settings, parsed once for each change. */
export function createSettingsSource(tables: Tables, log: Log): SettingsSource {
  const changes = signal<void>();
  const obstacles = signal<void>();

  function read(): Settings {
    const section = vscode.workspace.getConfiguration(SECTION);
    const parsed = parseSettings(
      {
        identityProviders: section.get('identityProviders'),
        connections: section.get('connections'),
        limits: section.get('limits'),
      },
      tables,
    );
    for (const { path, problem } of parsed.problems) log.warn('A setting is not valid', { path, problem });
    return parsed;
  }

  let settings = read();
  const following = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) {
      settings = read();
      changes.fire();
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
    dispose() {
      following.dispose();
    },
  };
}
