import * as z from 'zod/mini';

/** The setting that names the account: https://docs.snowflake.com/en/user-guide/admin-account-identifier */
export const account = () =>
  z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/, 'must be an account identifier such as myorg-myaccount'),
      z.describe('Account identifier, such as `myorg-myaccount`.'),
    );
