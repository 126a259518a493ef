import { connectors } from '../../src/connectors/index.ts';
import { importJudge } from '../../src/extension/importJudge.ts';
import { presets } from '../../src/identity/presets/index.ts';
import type { Environment, ImportPorts } from '../../src/imports/format.ts';
import { tokenSources } from '../../src/tokens/index.ts';

export const tables = { presets, connectors, tokenSources };

/** Variables of the machine in the tests. Those with CANARY in them must never be asked for. */
const variables: Readonly<Record<string, string>> = {
  DBT_USER: 'alice',
  DBT_ACCOUNT: 'myorg-main',
  DBT_ROLE: 'TRANSFORMER',
  DBT_PASSWORD: 'CANARY-of-the-environment',
  DBT_ENV_SECRET_ACCOUNT: 'CANARY-of-the-environment',
  DBT_ENV_SECRET_PASSPHRASE: 'CANARY-of-the-environment',
  DATABRICKS_SECRET: 'CANARY-of-the-environment',
  SNOWFLAKE_TOKEN: 'CANARY-of-the-environment',
};

export function environment(more: Readonly<Record<string, string>> = {}, platform = 'linux'): Environment {
  const all = { ...variables, ...more };
  return {
    home: platform === 'win32' ? String.raw`C:\Users\alice` : '/home/alice',
    platform,
    variable(name) {
      if (all[name]?.includes('CANARY') === true) throw new Error(`${name} was asked for`);
      return all[name];
    },
  };
}

/** Settings that hold something already. */
export const taken: ImportPorts['taken'] = {
  providers: { already: { issuer: 'https://login.example.org', clientId: 'data-passport' } },
  connections: ['legacy'],
};

export function ports(more: Partial<ImportPorts> = {}): ImportPorts {
  return { environment: environment(), taken, judge: importJudge(tables), ...more };
}
