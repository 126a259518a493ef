import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';

import { findImports, type FindPorts, readImport } from '../imports/find.ts';
import { importFormats } from '../imports/index.ts';
import { renderPreview } from '../imports/preview.ts';
import type { ImportActions } from '../ui/setup/model.ts';
import { importJudge } from './importJudge.ts';
import { isRecord } from './settingProblems.ts';
import type { Tables } from './settings.ts';
import type { SettingsSource } from './settingsSource.ts';

/** Bytes of a file that is looked into. */
const MOST_BYTES = 1024 * 1024;

export interface ImportsDeps {
  readonly tables: Tables;
  readonly settings: Pick<SettingsSource, 'raw'>;
}

/** What other programs on this machine, or a file of the team, know of connections. */
export function createImports({ tables, settings }: ImportsDeps): ImportActions {
  function ports(): FindPorts {
    const { identityProviders, connections } = settings.raw();
    return {
      environment: { home: homedir(), platform: process.platform, variable: (name) => process.env[name] },
      taken: { providers: recordOf(identityProviders), connections: Object.keys(recordOf(connections)) },
      judge: importJudge(tables),
      readFile: text,
    };
  }

  return {
    formats: () => importFormats.map(({ id, label }) => ({ id, label })),
    async found() {
      const files = await findImports(ports());
      return files.filter(({ entries }) => entries > 0);
    },
    async read(id, path) {
      const format = importFormats.find((each) => each.id === id);
      const draft = format && (await readImport(format, path, ports()));
      return draft && { ...draft, preview: renderPreview({ format, path, draft }) };
    },
  };
}

async function text(path: string): ReturnType<FindPorts['readFile']> {
  try {
    const { size } = await stat(path);
    return size > MOST_BYTES ? { tooLarge: true } : await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
