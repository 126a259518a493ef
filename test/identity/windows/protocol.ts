import type { TokenRequest } from '../../../src/identity/provider.ts';
import type { LabUserName } from '../../lab/sampleData.ts';

export interface Start {
  readonly issuer: string;
  readonly clientId: string;
  /** What the windows of one machine share. */
  readonly folder: string;
  readonly storage:
    | { readonly kind: 'shared'; readonly path: string }
    | { readonly kind: 'copy'; readonly values: Readonly<Record<string, string>> };
}

type Wish =
  | { readonly name: 'open'; readonly start: Start }
  | { readonly name: 'signIn'; readonly idp: { readonly issuer: string }; readonly user: LabUserName }
  | { readonly name: 'token'; readonly request: TokenRequest; readonly renews?: string }
  | { readonly name: 'audience'; readonly request: TokenRequest }
  | { readonly name: 'state' }
  | { readonly name: 'stored' }
  | { readonly name: 'signOut'; readonly subject: string }
  | { readonly name: 'close' };

export type Command = Wish & { readonly id: number };
export type AnyWish = Wish;

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  /** Code of the PassportError. */
  readonly error?: string;
}
