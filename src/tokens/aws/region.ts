import * as z from 'zod/mini';

/** A part of AWS that has names, accounts and regions of its own. */
interface Partition {
  /** As ARNs call it. */
  readonly name: string;
  readonly regions: RegExp;
  /** What names of services end with. */
  readonly domain: string;
}

/** As in the partitions file of the AWS SDKs (aws-sdk-js-v3, util-endpoints/lib/aws/partitions.json); the last one has every other region. */
const partitions: readonly Partition[] = [
  { name: 'aws-cn', regions: /^cn-/, domain: 'amazonaws.com.cn' },
  { name: 'aws-us-gov', regions: /^us-gov-/, domain: 'amazonaws.com' },
  { name: 'aws-eusc', regions: /^eusc-/, domain: 'amazonaws.eu' },
  { name: 'aws-iso', regions: /^us-iso-/, domain: 'c2s.ic.gov' },
  { name: 'aws-iso-b', regions: /^us-isob-/, domain: 'sc2s.sgov.gov' },
  { name: 'aws-iso-e', regions: /^eu-isoe-/, domain: 'cloud.adc-e.uk' },
  { name: 'aws-iso-f', regions: /^us-isof-/, domain: 'csp.hci.ic.gov' },
  { name: 'aws', regions: /^/, domain: 'amazonaws.com' },
];

/** Name of a region in the settings, of any partition. */
export const awsRegion = (about: string) =>
  z
    .string()
    .check(
      z.regex(/^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/, 'must be the name of a region, such as eu-central-1'),
      z.describe(about),
    );

/** Name of the partition that a region belongs to, as ARNs have it: `aws`, `aws-cn`. */
export function partitionOf(region: string): string {
  return of(region).name;
}

/** The host of a service in a region, such as `sts.eu-central-1.amazonaws.com`. */
export function regionalHost(service: string, region: string): string {
  return `${service}.${region}.${of(region).domain}`;
}

function of(region: string): Partition {
  return partitions.find(({ regions }) => regions.test(region)) as Partition;
}
