import { PassportError } from '../core/errors.ts';
import type { MintRequest, SecretField, StoredSecret } from './source.ts';

/**
 * A secret that is handed out as it was entered, while the day that the user named has not passed.
 *
 * Nothing can be minted in its place. A rejected one comes back under the same id, which tells the caller that there is
 * nothing new to try: then what the other side said of it stands, and says more than any sentence from here could. A secret that
 * was entered meanwhile has another id and is tried.
 * @throws PassportError DP-SECRET-MISSING, DP-SECRET-EXPIRED
 */
export async function storedSecret(
  { connection, ports, secret }: Pick<MintRequest<unknown>, 'connection' | 'ports' | 'secret'>,
  { name, title }: SecretField,
): Promise<StoredSecret> {
  const stored = await secret(name);
  if (!stored) throw new PassportError('DP-SECRET-MISSING', { secret: title, connection });
  const { expiresAt } = stored;
  if (expiresAt && expiresAt.getTime() <= ports.clock.now()) {
    throw new PassportError('DP-SECRET-EXPIRED', { secret: title, connection, date: localDay(expiresAt) });
  }
  return stored;
}

/** The day on this machine, where secrets end with it; in UTC it may be the next one. */
function localDay(date: Date): string {
  const parts = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return parts.map((part) => String(part).padStart(2, '0')).join('-');
}
