import * as z from 'zod/mini';

import { type SignInSource, tokenSource } from '../../src/tokens/source.ts';

/** A token source that starts from the sign-in, wants what the connector wants, and gives what a test says. */
export function madeUpSource(mint: SignInSource<object>['mint']) {
  return tokenSource<object>({
    label: 'Made up',
    about: '',
    specification: { title: '', url: '' },
    settings: () => z.object({}),
    from: 'signIn',
    runsAs: () => 'user',
    kinds: ['bearer'],
    gives: () => 'bearer',
    wants: (_settings, need) => need,
    mint,
  });
}
