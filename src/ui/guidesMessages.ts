import { t } from './localize.ts';

/** Every sentence around the texts for administrators; the texts themselves come from where they are made. */
export const guidesMessages = {
  pickConnection: () => t('Set-up text for which connection?'),
  gathering: (connection: string) => t('Asking what the set-up of {0} needs', connection),
  pick: (connection: string) => t('{0}: for whom is the text?', connection),
  none: (connection: string) => t('Nothing is known that an administrator would have to set up for {0}.', connection),
};
