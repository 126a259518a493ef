import { posix, win32 } from 'node:path';

import { drafting, type Drafting } from '../drafting.ts';
import type { Environment, ImportFormat } from '../format.ts';
import { type IniFile, readIni } from '../ini.ts';
import { takePostgres } from '../systems/postgres.ts';
import { shownKey } from '../visible.ts';

/** libpq takes the first of two equal keys and of two equal services, and everything behind `=` without blanks at its end. */
const read = (text: string): IniFile =>
  readIni(text, { wins: 'first', again: 'ignored', lowerCase: false, value: (value) => value.trim() });

/** https://www.postgresql.org/docs/current/libpq-pgservice.html */
function userFile({ home, platform, variable }: Environment): string {
  const named = variable('PGSERVICEFILE');
  if (named !== undefined && named !== '') return named;
  const roaming = variable('APPDATA');
  if (platform === 'win32')
    return win32.join(roaming ?? win32.join(home, 'AppData', 'Roaming'), 'postgresql', '.pg_service.conf');
  return posix.join(home, '.pg_service.conf');
}

function systemFile({ platform, variable }: Environment): string | undefined {
  const folder = variable('PGSYSCONFDIR');
  return folder ? (platform === 'win32' ? win32 : posix).join(folder, 'pg_service.conf') : undefined;
}

/** A service of the user's own file hides one of the same name in the file of the system. */
export const pgService: ImportFormat = {
  id: 'pgService',
  label: 'PostgreSQL service file (pg_service.conf)',
  files: (environment) => [userFile(environment), systemFile(environment)].filter((path) => path !== undefined),
  beside: (path, environment) => (path === systemFile(environment) ? [userFile(environment)] : []),
  read({ text, other = [] }, ports) {
    const draft = drafting(ports);
    const file = read(text);
    const hidden = new Set(other.flatMap((each) => read(each.text).sections.map(({ name }) => name)));
    sayProblems(file, draft);
    for (const section of file.sections) {
      if (section.name === '')
        draft.note(
          section.line,
          '',
          'broken',
          'keys before the first section are not taken: they belong to no service',
        );
      else if (hidden.has(section.name))
        draft.note(
          section.line,
          section.name,
          'notTaken',
          'is not taken: your own service file has a service of this name',
        );
      else takePostgres(section, draft);
    }
    return draft.done();
  },
};

function sayProblems({ broken, doubled }: IniFile, { note }: Drafting): void {
  for (const { line, section, kind } of broken) {
    if (kind === 'section')
      note(line, section, 'broken', 'the name of a section can not be read: its lines are not taken');
    else
      note(
        line,
        section,
        'broken',
        'the line is no key=value (an address of a directory is not followed): it is not taken',
      );
  }
  for (const { line, section, key } of doubled) {
    if (key === undefined)
      note(line, section, 'notTaken', 'is not taken: the service stands there before, and the first one counts');
    else note(line, section, 'notTaken', `${shownKey(key)} is not taken: the line before it counts`);
  }
}
