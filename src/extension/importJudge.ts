import type { Candidate, Verdict } from '../imports/format.ts';
import { reachOf } from './binding.ts';
import { parseSettings, type Tables } from './settings.ts';

/** In place of the identity provider that the user has yet to choose. */
const STAND_IN = 'to-be-chosen';

/** Reads what an import would write in exactly the way that the settings are read. */
export function importJudge(tables: Tables): (candidate: Candidate) => Verdict {
  return ({ providers, connection }) => {
    const isOpen = connection?.needsProvider === true;
    const standIn = { [STAND_IN]: { issuer: 'https://login.example.com', clientId: 'data-passport' } };
    const settings = isOpen ? { ...connection.settings, identityProvider: STAND_IN } : connection?.settings;
    const read = parseSettings(
      {
        identityProviders: isOpen ? standIn : providers,
        connections: connection && { [connection.id]: settings },
        limits: undefined,
      },
      tables,
    );
    // An id has no period in it.
    const problems = read.problems.map(({ path, problem }) => ({
      path: path.replace(/^dataPassport\.\w+\.[^.]+\.?/, ''),
      problem,
    }));
    const reaches = read.connections.map((each) => reachOf(each, tables));
    const programs = reaches.flatMap((reach) => reach.programs ?? []);
    return { problems, hosts: reaches.flatMap(({ places }) => places), ...(programs.length > 0 && { programs }) };
  };
}
