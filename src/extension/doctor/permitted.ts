import { PassportError } from '../../core/errors.ts';
import { isPlain } from '../confirmations.ts';
import { notConfirmed } from '../credentials.ts';
import { broken, type CheckContext, type DoctorLink, type Finding, notChecked, ok } from './link.ts';

/** What the user has to do before there can be a credential: trust the workspace, enter secrets, agree to where they go. */
export const permittedLink: DoctorLink = {
  id: 'permitted',
  title: 'Your secrets and your consent',
  seconds: 15,
  check: permitted,
};

async function permitted({ connection, session, deps }: CheckContext): Promise<Finding> {
  const { connectionSecrets, confirmations, overview } = deps;
  const { id } = connection;
  if (overview.isRestricted(connection)) return broken(new PassportError('DP-COMMAND-RESTRICTED', { connection: id }));
  const secrets = connectionSecrets.facts(connection);
  for (const { field } of secrets) {
    if (field.required && !(await connectionSecrets.get(connection, field.name)))
      return broken(new PassportError('DP-SECRET-MISSING', { connection: id, secret: field.title }));
  }
  const unconfirmed = confirmations.check(connection);
  const entered = secrets.length > 0 ? 'Its secret is entered.' : 'It needs no secret of its own.';
  if (!unconfirmed) return ok(entered, 'You have agreed to where its credential goes.');
  // Whoever signs in agrees to connections that are new: then there is nothing to confirm beside it.
  const waits = session !== undefined && session.state.accounts.length === 0;
  if (waits && !unconfirmed.before && isPlain(unconfirmed.reach))
    return notChecked('The connection is new: signing in agrees to where its credential goes.');
  return broken(notConfirmed(unconfirmed));
}
