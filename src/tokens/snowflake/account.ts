/** `ACCOUNT.USER` in upper case, as a key-pair JWT names a user. */
export function principalOf({ account, user }: { readonly account: string; readonly user: string }): string {
  return `${jwtAccount(account)}.${user}`.toUpperCase();
}

/** A locator without region and cloud; of a connection over several accounts (`name-code.global`) the name. */
function jwtAccount(account: string): string {
  const name = hyphenated(account);
  return name.split(/\.global$/i.test(name) ? '-' : '.')[0] ?? name;
}

/**
 * Host of an account: region included, hyphens for underscores, which no host name can have
 * (https://docs.snowflake.com/en/user-guide/organizations-connect).
 */
export function accountHost(account: string): string {
  return `${hyphenated(account).toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com`;
}

/** `organization.account` becomes `organization-account`. Every region has a hyphen, and no name of an account has one. */
function hyphenated(account: string): string {
  return account.replace(/^([^.]+)\.(?!(?:global|privatelink)$)([^.-]+)(?=$|\.privatelink$)/i, '$1-$2');
}
