import { loadDriver } from '../../src/connectors/snowflake/driver.ts';
import type { LabWarehouse } from '../lab/warehouse.ts';

/** Runs every statement of a text as an administrator, through the official driver. Rejects with what the server says of the first one that fails. */
export async function administer(warehouse: LabWarehouse, text: string): Promise<void> {
  const connection = (await loadDriver()).createConnection({
    accessUrl: warehouse.url,
    account: 'coffee-lab_eu',
    authenticator: 'PROGRAMMATIC_ACCESS_TOKEN',
    token: warehouse.issueAdministratorToken(),
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      connection.execute({
        sqlText: text,
        parameters: { MULTI_STATEMENT_COUNT: 0 },
        complete: (error) => (error ? reject(error) : resolve()),
      });
    });
  } finally {
    await new Promise<void>((resolve) => {
      connection.destroy(() => resolve());
    });
  }
}
