import { entrySteps, type Making } from './entrySteps.ts';
import { formOf, kindChoices } from './form.ts';
import type { DraftEntry, SettingSchema, SetupActions } from './model.ts';
import { idFor, suggestedName } from './naming.ts';
import { setupMessages as text } from './setupMessages.ts';
import type { Step } from './wizard.ts';

/** Provider that the user is filling in; complete when the last step is done. */
export interface ProviderMaking {
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Asks for the kind of provider and what it needs. @param next gets what was entered */
export function providerSteps(setup: SetupActions, next: (made: ProviderMaking) => Step): Step {
  return async (ask) => {
    const schema = await ask.pick<SettingSchema>({
      placeholder: text.pickProviderKind(),
      choices: kindChoices(setup.forms('identityProviders')),
    });
    return filledIn(setup, schema, next);
  };
}

function filledIn(setup: SetupActions, schema: SettingSchema, next: (made: ProviderMaking) => Step): Step {
  const form = formOf(schema, ['title']);
  const value: Record<string, unknown> = { ...form.constants };
  const making: Making = {
    form,
    value,
    problemOf: (field, typed) => {
      const draft = { section: 'identityProviders', id: DRAFT, value: { ...value, [field]: typed } } as const;
      return setup.problems([draft]).find(({ path }) => path === field || path.startsWith(`${field}.`))?.problem;
    },
  };
  return entrySteps(making, () => [], next({ kind: form.title, value }));
}

/** Stands for an id that is not chosen yet. */
export const DRAFT = 'draft';

/** The entry as it is saved, under a name that nobody else has. */
export function providerEntry({ kind, value }: ProviderMaking, setup: SetupActions, name?: string): DraftEntry {
  const taken = setup.ids('identityProviders');
  const called = name ?? suggestedName(value, kind);
  const id = idFor(called, taken);
  return {
    section: 'identityProviders',
    id,
    value: { ...(called !== id && { title: called }), ...value },
    comment: text.comment(kind, new Date().toLocaleDateString()),
  };
}
