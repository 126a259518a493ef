/**
 * What a revealed credential consists of: one member for each way that the other side may want to be told.
 *
 * - `bearer`: an access token, or whatever is sent in its place.
 * - `personalAccessToken`: a token that a person made at the other side; some drivers want to be told.
 * - `keyPairJwt`: a JWT that the user's own key signed.
 * - `endpointToken`: good for one endpoint of a service alone, which wants it in a header of its own.
 * - `installation`: the token of an app's installation, never of a person.
 * - `password`: a database user with a short-lived password.
 * - `aws`: what AWS Signature Version 4 signs with.
 */
export type CredentialFields =
  | {
      readonly kind: 'bearer' | 'personalAccessToken' | 'keyPairJwt' | 'endpointToken' | 'installation';
      readonly token: string;
    }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | {
      readonly kind: 'aws';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly region: string;
    };

export type CredentialKind = CredentialFields['kind'];

/** What sentences and the docs call a kind of credential. */
export const KIND_NAMES: Readonly<Record<CredentialKind, string>> = {
  bearer: 'a token',
  personalAccessToken: 'a personal access token',
  keyPairJwt: 'a token signed with a key of your own',
  endpointToken: 'a token of one endpoint of a service',
  installation: 'a token of an app installation',
  password: 'a user and a password',
  aws: 'AWS credentials',
};

/**
 * A secret for one connection. Its fields come out only by calling {@link Credential.reveal}:
 * printing, inspecting or serializing the object shows none of them.
 */
export interface Credential {
  /** Names this credential in messages and logs, and tells it from another one; says nothing about the secret. */
  readonly id: string;
  readonly kind: CredentialKind;
  /** Absent when the issuer did not say: then it is used until the other side rejects it. */
  readonly expiresAt?: Date;
  /** `sub` of the person, as the identity provider names them. */
  readonly subject?: string;
  readonly audience?: string;
  reveal(): CredentialFields;
}

export interface CredentialFacts {
  readonly id: string;
  readonly expiresAt?: Date | undefined;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
}

/** Wraps secret fields so that only `reveal()` gives them back. */
export function credential(fields: CredentialFields, facts: CredentialFacts): Credential {
  const visible = {
    id: facts.id,
    kind: fields.kind,
    ...(facts.expiresAt && { expiresAt: facts.expiresAt }),
    ...(facts.subject !== undefined && { subject: facts.subject }),
    ...(facts.audience !== undefined && { audience: facts.audience }),
  };
  // Not enumerable: spread, JSON and util.inspect pass it by.
  return Object.defineProperty(visible, 'reveal', { value: () => fields, enumerable: false }) as Credential;
}

/** The fields of a credential that nobody may see. */
export function secretParts(fields: CredentialFields): Readonly<Record<string, unknown>> {
  if (fields.kind === 'password') return { password: fields.password };
  if (fields.kind === 'aws') return { secretAccessKey: fields.secretAccessKey, sessionToken: fields.sessionToken };
  return { token: fields.token };
}

/** The token of a credential that is sent as one piece; undefined for the other kinds. */
export function tokenOf(fields: CredentialFields): string | undefined {
  return 'token' in fields ? fields.token : undefined;
}
