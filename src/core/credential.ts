/** What a revealed credential consists of. One member a kind; a new kind is one more member. */
export type CredentialFields = { readonly kind: 'bearer'; readonly token: string };

/**
 * A short-lived secret for one connection. Its fields come out only by calling {@link Credential.reveal}:
 * printing, inspecting or serializing the object shows none of them.
 */
export interface Credential {
  /** Names this credential in messages and logs. Random; says nothing about the secret. */
  readonly id: string;
  readonly kind: CredentialFields['kind'];
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
