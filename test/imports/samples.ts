import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ImportFormat, ImportInput } from '../../src/imports/format.ts';
import { importFormats } from '../../src/imports/index.ts';
import { environment } from './environment.ts';

const root = new URL('../data/imports/', import.meta.url).pathname;

/** A machine whose service file of the system is known. */
const withSystemFile = environment({ PGSYSCONFDIR: '/etc/postgresql-common' });

export interface Sample {
  readonly title: string;
  readonly format: ImportFormat;
  readonly input: ImportInput;
  /** Where the draft that it must give stands. */
  readonly expected: string;
}

/** The files of every format, with what stands beside them. */
export const samples: readonly Sample[] = importFormats.flatMap((format) => {
  const folder = join(root, format.id);
  const names = readdirSync(folder).filter((name) => !/\.(?:expected\.json|beside\.\w+)$/.test(name));
  return names.map((name): Sample => {
    const [front = ''] = name.split('.');
    const path = pathOf(format, name);
    const beside = readdirSync(folder).filter((other) => other.startsWith(`${front}.beside.`));
    const [besidePath = ''] = format.beside?.(path, withSystemFile) ?? [];
    const other = beside.map((each) => ({ path: besidePath, text: readFileSync(join(folder, each), 'utf8') }));
    const text = readFileSync(join(folder, name), 'utf8');
    return {
      title: `${format.id}/${name}`,
      format,
      input: { path, text, other },
      expected: join(folder, `${front}.expected.json`),
    };
  });
});

function pathOf(format: ImportFormat, name: string): string {
  if (name.endsWith('.config.toml')) return '/home/alice/.snowflake/config.toml';
  if (name.startsWith('10-doubled')) return '/etc/postgresql-common/pg_service.conf';
  return format.files(environment())[0] ?? '/home/alice/data-passport.json';
}
