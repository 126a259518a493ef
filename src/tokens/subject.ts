import * as z from 'zod/mini';

import type { Need } from '../core/signIn.ts';
import { audienceField, scopesField } from './audience.ts';

/** Which token of the sign-in is exchanged, and what an access token is asked for. */
export interface Subject {
  readonly subject: 'accessToken' | 'idToken';
  readonly subjectAudience?: string | undefined;
  readonly subjectScopes?: readonly string[] | undefined;
}

/** Settings of the sources that exchange a token of the sign-in. */
export const subjectFields = () => ({
  subjectAudience: audienceField(
    'Audience (aud) that the token service wants in the access token that is exchanged. Default: none is asked for.',
  ),
  subjectScopes: scopesField('Scopes of the access token that is exchanged. Default: none are asked for.'),
});

/** An ID token is for the client and has no scopes: nothing can be asked for. */
export const subjectRule = <T extends Subject>() =>
  z.refine<T>(
    ({ subject, subjectAudience, subjectScopes }) =>
      subject === 'accessToken' || (subjectAudience === undefined && subjectScopes === undefined),
    { path: ['subject'], error: 'subjectAudience and subjectScopes are for the subject "accessToken"' },
  );

/** What the sign-in must have been asked for. */
export function subjectNeed({ subjectAudience: audience, subjectScopes: scopes = [] }: Subject): Need {
  return { audience, scopes };
}
