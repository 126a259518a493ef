/**
 * Host of an account: lower case, and hyphens for underscores, which host names can't hold
 * (https://docs.snowflake.com/en/user-guide/organizations-connect). A host that is given stays as it is.
 */
export function hostOf({ account, host }: { readonly account: string; readonly host?: string | undefined }): string {
  return host ?? `${account.toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com`;
}
