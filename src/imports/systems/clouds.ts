interface Cloud {
  readonly host: RegExp;
  /** What the host is, and which token it takes. */
  readonly about: string;
}

/** Services that speak PostgreSQL's protocol and take a token of the person in place of a password. */
const clouds: readonly Cloud[] = [
  {
    host: /\.rds\.amazonaws\.com(?:\.cn)?$/,
    about:
      'is Amazon RDS or Aurora, which can do without a password: set token to { "source": "awsWebIdentity", … } with a role, its region and "database": { "kind": "rds", … }',
  },
  {
    host: /\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?$/,
    about:
      'is Amazon Redshift, which can do without a password: set token to { "source": "awsWebIdentity", … } with a role, its region and the cluster or workgroup',
  },
  {
    host: /\.postgres(?:\.database\.azure\.com|\.database\.chinacloudapi\.cn|\.database\.usgovcloudapi\.net|\.cosmos\.azure\.com)$/,
    about:
      'is Azure Database for PostgreSQL, which can do without a password: set token to an access token of Entra ID with the scope https://ossrdbms-aad.database.windows.net/.default',
  },
  {
    host: /\.(?:sql|alloydb(?:-psa)?)\.goog$/,
    about:
      'is Cloud SQL or AlloyDB, which can do without a password: set token to an access token of Google with the scope https://www.googleapis.com/auth/sqlservice.login',
  },
];

/** What is known of a host of a cloud; completes `host …`. */
export function cloudOf(host: string): string | undefined {
  return clouds.find((cloud) => cloud.host.test(host.toLowerCase()))?.about;
}
