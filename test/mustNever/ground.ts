import { after, afterEach } from 'node:test';

import { connectors } from '../../src/connectors/index.ts';
import { statements } from '../compatibility/connectors.ts';
import { type Endpoint, startStatements } from '../compatibility/endpoints.ts';
import { exchangedConnection } from '../compatibility/world.ts';
import { loginAt, openPassport, type Passport, type PassportOptions } from '../extension/passport.ts';
import { databricksAudience } from '../lab/identityProvider.ts';
import { type Lab, startLab } from '../lab/index.ts';
import type { LabUserName } from '../lab/sampleData.ts';
import { type LabDatabricks, startDatabricks } from '../lab/tokenServices/databricks.ts';

export const sql = 'SELECT DISTINCT region FROM coffee.orders ORDER BY region';
export const whoami = 'SELECT CURRENT_USER() AS me';

/** The product between a lab and a system that takes exchanged tokens; what the tests of the list stand on. */
export interface Ground {
  readonly lab: Lab;
  readonly databricks: LabDatabricks;
  /** Takes the tokens that `databricks` gives. */
  readonly endpoint: Endpoint;
  /** Closed after the test. */
  open(options?: Partial<PassportOptions>): Promise<Passport>;
  /** With the exchanged token at the connection `cell`. */
  openExchange(): Promise<Passport>;
  closeAfterTest(close: () => Promise<unknown>): void;
  logIn(user: LabUserName): (url: string) => Promise<URL>;
  /** The lab's settings with these connections alone. */
  withConnections(connections: Readonly<Record<string, object>>): Record<string, unknown>;
  /** The lab's connection to its warehouse, with these settings changed. */
  warehouseConnection(more?: object): object;
  exchanged(): object;
  /** Token requests that renewed something, so far. */
  refreshes(): number;
}

/** For the top of a test file: starts everything, resets it after each test, and closes it after the last. */
export async function startGround(): Promise<Ground> {
  const lab = await startLab();
  const databricks = await startDatabricks({ policies: [{ issuer: lab.idp.issuer, audiences: [databricksAudience] }] });
  const endpoint = await startStatements(async (token) => (await databricks.whois(token))?.user);
  const closers: (() => Promise<unknown>)[] = [];
  after(async () => {
    for (const part of [endpoint, databricks, lab]) await part.close();
  });
  afterEach(async () => {
    lab.idp.recover();
    lab.idp.setAccessTokenSeconds(600);
    lab.warehouse.refuseLogins(undefined);
    databricks.fail(undefined);
    for (const close of closers.splice(0).toReversed()) await close();
  });

  const ground: Ground = {
    lab,
    databricks,
    endpoint,
    async open(options = {}) {
      const passport = await openPassport({ settings: lab.settings, ...options });
      closers.push(() => passport.close());
      return passport;
    },
    openExchange: () =>
      ground.open({
        settings: ground.withConnections({ cell: ground.exchanged() }),
        tables: { connectors: { ...connectors, statements } },
      }),
    closeAfterTest: (close) => void closers.push(close),
    logIn: (user) => loginAt(lab.idp, user),
    withConnections: (connections) => ({ ...lab.settings, 'dataPassport.connections': connections }),
    warehouseConnection: (more = {}) => ({
      ...(lab.settings['dataPassport.connections'] as Record<string, object>)['warehouse'],
      ...more,
    }),
    exchanged: () => exchangedConnection({ statements: endpoint, databricks }),
    refreshes: () => lab.idp.requests.filter(({ grantType }) => grantType === 'refresh_token').length,
  };
  return ground;
}
