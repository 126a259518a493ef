import type { LinkReport } from '../../core/diagnosis.ts';
import { PassportError } from '../../core/errors.ts';
import { explain } from '../../core/knownRefusals.ts';
import type { Translate } from '../../core/told.ts';
import type { Problem } from '../settingProblems.ts';
import type { Settings } from '../settings.ts';
import { type DoctorLink, ok } from './link.ts';

const facts = { id: 'settings', title: 'Settings' };

/** Of a connection that could be read; what is wrong with others is none of its business. */
export const settingsLink: DoctorLink = {
  ...facts,
  seconds: 5,
  check: async ({ connection: { id } }) => ok(`dataPassport.connections.${id} can be read.`),
};

/** Why a connection could not be read. */
export function unreadable(id: string, settings: Settings, translated?: Translate): LinkReport {
  const { path, problem } = rootOf(id, settings) ?? {};
  const error =
    path === undefined || problem === undefined
      ? new PassportError('DP-CONNECTION-UNKNOWN', { connection: id, known: named(settings) })
      : new PassportError('DP-SETTING-INVALID', { path, problem });
  const others = settings.problems.filter((each) => isAbout(each, id) || isProvider(each));
  return {
    ...facts,
    state: 'broken',
    facts: others.map((each) => `${each.path} ${each.problem}.`),
    error: error.facts(),
    explanation: explain(error.facts(), { connection: id }, translated),
  };
}

/** Without a provider that can be read there is none to name: then its own mistake comes first. */
function rootOf(id: string, { problems, providers }: Settings): Problem | undefined {
  const own = problems.find((problem) => isAbout(problem, id));
  const missesProvider = own?.path === `dataPassport.connections.${id}.identityProvider` && providers.length === 0;
  return (missesProvider ? problems.find(isProvider) : undefined) ?? own;
}

function isAbout({ path }: Problem, id: string): boolean {
  const own = `dataPassport.connections.${id}`;
  return path === 'dataPassport.connections' || path === own || path.startsWith(`${own}.`);
}

const isProvider = ({ path }: Problem): boolean => path.startsWith('dataPassport.identityProviders');

function named({ connections }: Settings): string {
  return connections.map((connection) => connection.id).join(', ') || '(none)';
}
