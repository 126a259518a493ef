import type { RoleSession } from './assumeRole.ts';
import { signedQuery } from './signature.ts';

/** Seconds that Amazon RDS takes a token for. */
const SECONDS = 900;

export interface RdsLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly region: string;
}

export interface DatabaseLogin {
  readonly user: string;
  readonly password: string;
  /** By the clock of this machine. */
  readonly endsAt: Date;
}

/**
 * The password of one database user for fifteen minutes: a presigned request to connect, without its scheme. Nothing is sent
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html).
 * It ends with the session that signed it, whatever it says itself.
 * @param now milliseconds since the epoch, by the clock of this machine
 */
export function rdsToken({ host, port, user, region }: RdsLogin, session: RoleSession, now: number): DatabaseLogin {
  // Names in DNS have no case, but signatures have; the names that RDS gives are in lower case.
  const address = `${host.toLowerCase()}:${port}`;
  const scope = { region, service: 'rds-db', now: now + session.ahead };
  const query = signedQuery(
    { host: address, query: { Action: 'connect', DBUser: user }, seconds: SECONDS },
    session,
    scope,
  );
  const endsAt = new Date(Math.min(now + SECONDS * 1000, session.endsAt.getTime()));
  return { user, password: `${address}/?${query}`, endsAt };
}
