import { regionalHost } from './region.ts';

/** What hosts and signatures call the two kinds of Redshift. */
export const CLUSTER = 'redshift';
export const SERVERLESS = 'redshift-serverless';

/** The host that the user's token goes to. */
export function stsHost(region: string): string {
  return regionalHost('sts', region);
}

/** The host that is asked for a password. */
export function redshiftHost(service: typeof CLUSTER | typeof SERVERLESS, region: string): string {
  return regionalHost(service, region);
}
