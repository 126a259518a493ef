import type { SecretField } from './source.ts';

/** What sources that read a key file ask the user for. */
export const passphraseField: SecretField = {
  name: 'passphrase',
  title: 'passphrase of the private key',
  kind: 'password',
  required: false,
};
