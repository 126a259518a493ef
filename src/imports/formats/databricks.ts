import { posix, win32 } from 'node:path';

import { drafting, type Drafting } from '../drafting.ts';
import type { ImportFormat } from '../format.ts';
import { type IniFile, readIni } from '../ini.ts';
import { takeDatabricks } from '../systems/databricks.ts';
import { shownKey } from '../visible.ts';

/** Values as the command line reads them: without a comment, and without quotes around all of it. */
function value(text: string): string {
  const [, quoted] = /^\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`)\s*$/.exec(text)?.filter((part) => part !== undefined) ?? [];
  return quoted ?? text.replace(/\s*[#;].*$/, '').trim();
}

/** Of the command line itself, no profile. */
const SETTINGS = '__settings__';

/**
 * Profiles of Databricks (https://docs.databricks.com/aws/en/dev-tools/auth/config-profiles). `[DEFAULT]` is the profile that is used where
 * none is named; the others take nothing from it.
 */
export const databricksProfiles: ImportFormat = {
  id: 'databricks',
  label: 'Databricks profiles (.databrickscfg)',
  files({ home, platform, variable }) {
    const named = variable('DATABRICKS_CONFIG_FILE');
    const path = platform === 'win32' ? win32 : posix;
    if (named === undefined || named === '') return [path.join(home, '.databrickscfg')];
    return [named.replace(/^~(?=[/\\]|$)/, () => home)];
  },
  read({ text }, ports) {
    const draft = drafting(ports);
    const file = readIni(text, { wins: 'last', again: 'joined', lowerCase: true, value });
    sayProblems(file, draft);
    const usual = file.sections.find(({ name }) => name === 'DEFAULT' || name === '');
    for (const section of file.sections) {
      const name = section.name === '' ? 'DEFAULT' : section.name;
      if (name === SETTINGS) {
        for (const [key, { line }] of section.fields)
          draft.note(line, name, 'notTaken', `${shownKey(key)} is not taken: a setting of the command line`);
      } else if (section.fields.size > 0) {
        if (section !== usual && !section.fields.has('host') && usual?.fields.has('host') === true)
          draft.note(section.line, name, 'notTaken', 'nothing is taken over from [DEFAULT], as in the tools of today');
        takeDatabricks({ ...section, name }, draft);
      }
    }
    return draft.done();
  },
};

function sayProblems({ broken, doubled }: IniFile, { note }: Drafting): void {
  for (const { line, section, kind } of broken)
    note(
      line,
      section,
      'broken',
      `the ${kind === 'section' ? 'name of a section can not be read: its lines are' : 'line is no key = value: it is'} not taken`,
    );
  for (const { line, section, key } of doubled) {
    if (key === undefined) note(line, section, 'changed', 'the profile stands there twice: its keys are read together');
    else note(line, section, 'changed', `${shownKey(key)} stands there twice: this line counts`);
  }
}
