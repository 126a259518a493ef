import type { Cell } from '../../src/core/result.ts';
import type { AccessTokenWish, LabIdentityProvider } from '../lab/identityProvider.ts';
import type { LabUserName } from '../lab/sampleData.ts';

/** A connector's lab server, and how to ask it for the same things in its own words. Whoever starts it closes it. */
export interface Fixture {
  /** As a user writes them, without a role. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Settings that are replaced to reach a port where nobody listens. */
  readonly nobodyListens: Readonly<Record<string, unknown>>;
  readonly audience: string;
  /** How the database writes a user's name. */
  userName(user: LabUserName): string;
  /** How the database writes a role's name. */
  roleName(role: 'analyst' | 'manager'): string;
  readonly sql: {
    /** Runs for that long. */
    sleep(seconds: number): string;
    /** One column, rows 0 to `count` - 1, in that order. */
    numbers(count: number): string;
    readonly ownRegions: string;
    readonly wrong: string;
    readonly missing: string;
    readonly context: string;
  };
  /** One row with a value of every type, NULL, and a name that comes twice. */
  readonly values: {
    readonly sql: string;
    readonly columns: readonly (readonly [name: string, type: string])[];
    readonly row: readonly Cell[];
  };
  /** The schema of the coffee company, and its table of orders. */
  readonly schemaPath: readonly string[];
  readonly ordersPath: readonly string[];
  readonly ordersName: string;
  readonly ordersColumns: readonly (readonly [name: string, type: string, nullable: boolean])[];
  /** Sessions that users have open in the database. */
  sessions(): Promise<number>;
  /** Statements of users that run at this moment. */
  running(): Promise<readonly string[]>;
  /** Ends every session from the server's side. */
  loseSessions(): Promise<void>;
  close(): Promise<void>;
}

export interface FixtureStart {
  /** Why this machine can't run the server, if so. */
  impossible(): Promise<string | undefined>;
  start(provider: LabIdentityProvider): Promise<Fixture>;
}

/** A token of the lab's identity provider that the fixture's database takes, unless the wish spoils it. */
export function tokenFor(provider: LabIdentityProvider, fixture: Fixture, wish: AccessTokenWish): Promise<string> {
  const scopes = ['openid', 'session:role-any'];
  return provider.mintAccessToken({ audience: fixture.audience, scopes, ...wish });
}
