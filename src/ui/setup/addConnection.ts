import { type ProviderMaking, DRAFT, providerEntry, providerSteps } from './addProvider.ts';
import { entrySteps, type Making, type Part, partOf, USUAL_SOURCE } from './entrySteps.ts';
import { type Form, formOf, kindChoices } from './form.ts';
import type { DraftEntry, SettingSchema, SetupActions } from './model.ts';
import { idFor, suggestedName } from './naming.ts';
import { setupMessages as text } from './setupMessages.ts';
import type { Asker, Choice, Step } from './wizard.ts';

/** Keys that have a question of their own, or none. */
const ASKED_APART = ['title', 'agents', 'identityProvider', 'token', 'serverToken', 'limits'];

/** A connection that the user has filled in. */
export interface ConnectionMaking {
  readonly form: Form;
  readonly making: Making;
  /** The connection, and the provider that was made for it. @param agents as the user chose; false while it is tried */
  entries(agents: boolean): readonly DraftEntry[];
  readonly name: () => string;
  /** Whether agents may use it, as the user said. */
  readonly agents: () => boolean;
}

/** Asks for the kind of connection, what it needs, who signs in, its name, and whether agents may use it. */
export function connectionSteps(setup: SetupActions, next: (made: ConnectionMaking) => Step): Step {
  return async (ask) => {
    const schema = await ask.pick<SettingSchema>({
      placeholder: text.pickConnectionKind(),
      choices: kindChoices(setup.forms('connections')),
    });
    return filledIn(setup, schema, next);
  };
}

/** What is chosen beside the fields of the form. */
interface Chosen {
  provider?: string | ProviderMaking | undefined;
  name?: string | undefined;
  agents?: boolean | undefined;
}

function filledIn(setup: SetupActions, schema: SettingSchema, next: (made: ConnectionMaking) => Step): Step {
  const form = formOf(schema, ASKED_APART);
  const value: Record<string, unknown> = { ...form.constants };
  const chosen: Chosen = {};

  function entries(agents: boolean, own: Readonly<Record<string, unknown>> = value): readonly DraftEntry[] {
    const { provider, name } = chosen;
    const made = typeof provider === 'object' ? providerEntry(provider, setup) : undefined;
    const identityProvider = made?.id ?? (typeof provider === 'string' ? provider : undefined);
    const id = name === undefined ? DRAFT : idFor(name, setup.ids('connections'));
    const connection: DraftEntry = {
      section: 'connections',
      id,
      value: {
        ...(name !== undefined && name !== id && { title: name }),
        ...own,
        ...(identityProvider !== undefined && setup.needsSignIn(own) && { identityProvider }),
        ...(agents && { agents }),
      },
      comment: text.comment(form.title, new Date().toLocaleDateString()),
    };
    return [...(made ? [made] : []), connection];
  }

  /** Of a part the path begins with its key. */
  const problemOf =
    (part?: string) =>
    (field: string, typed: unknown): string | undefined => {
      const inner = part === undefined ? value : ((value[part] ?? {}) as Record<string, unknown>);
      const whole = { ...inner, [field]: typed };
      const at = part === undefined ? field : `${part}.${field}`;
      return setup
        .problems(entries(false, part === undefined ? whole : { ...value, [part]: whole }))
        .find(({ path }) => path === at || path.startsWith(`${at}.`))?.problem;
    };
  const making: Making = { form, value, problemOf: problemOf() };

  const parts = (): readonly Part[] =>
    (['token', 'serverToken'] as const).flatMap((name) => {
      const schemas = schema.properties?.[name]?.anyOf ?? [];
      if (schemas.length === 0) return [];
      const label = name === 'token' ? text.token() : text.serverToken();
      return [
        partOf(label, schemas, {
          name,
          holder: value,
          usual: name === 'token' ? USUAL_SOURCE : undefined,
          problemOf: problemOf(name),
        }),
      ];
    });

  const end = next({ form, making, entries, name: () => chosen.name ?? '', agents: () => chosen.agents ?? false });
  const named = namedStep(() => suggestedName(value, form.title), chosen, agentsStep(chosen, end));
  return entrySteps(making, parts, providerStep(setup, value, chosen, named));
}

/** Who signs the user in, where somebody has to. */
function providerStep(setup: SetupActions, value: Readonly<Record<string, unknown>>, chosen: Chosen, next: Step): Step {
  return async (ask) => {
    const known = setup.providers();
    chosen.provider = undefined;
    if (!setup.needsSignIn(value)) return next;
    const own = ownLogin(setup, value);
    const choices: Choice<Step>[] = [
      ...known.map(({ id, title }) => ({
        label: title,
        icon: 'account',
        value: async () => {
          chosen.provider = id;
          return next;
        },
      })),
      ...(own
        ? [
            {
              label: text.ownLogin(own.kind),
              detail: text.ownLoginDetail(own.kind),
              icon: 'database',
              value: choosing(own),
            },
          ]
        : []),
      {
        label: text.newProvider(),
        detail: known.length === 0 ? text.firstProviderDetail() : text.newProviderDetail(),
        icon: 'add',
        value: providerSteps(setup, choosing),
      },
    ];
    // Nothing to choose.
    if (known.length === 1 && !own) return choices[0]?.value(ask);
    return ask.pick({ placeholder: text.pickProvider(), choices });
  };

  function choosing(made: ProviderMaking): Step {
    return async () => {
      chosen.provider = made;
      return next;
    };
  }
}

/** A system that signs people in itself, with what the connection says of it already. */
function ownLogin(setup: SetupActions, value: Readonly<Record<string, unknown>>): ProviderMaking | undefined {
  const { account, host } = value;
  if (typeof account !== 'string') return undefined;
  const made = { kind: 'Snowflake', value: { preset: 'snowflake', account, ...(host !== undefined && { host }) } };
  const isFit = setup.problems([{ section: 'identityProviders', id: DRAFT, value: made.value }]).length === 0;
  return isFit ? made : undefined;
}

function namedStep(suggestion: () => string, chosen: Chosen, next: Step): Step {
  return async (ask) => {
    const typed = await ask.text({
      prompt: text.name(),
      value: chosen.name ?? suggestion(),
      check: (name) => {
        if (name.trim() === '') return text.isMissing();
        return name.trim().length > 80 ? text.nameTooLong() : undefined;
      },
    });
    chosen.name = typed.trim();
    return next;
  };
}

function agentsStep(chosen: Chosen, next: Step): Step {
  return async (ask: Asker) => {
    chosen.agents = await ask.pick({
      placeholder: text.pickAgents(chosen.name ?? ''),
      choices: [
        { label: text.agentsYes(), detail: text.agentsYesDetail(), icon: 'sparkle', value: true },
        { label: text.agentsNo(), detail: text.agentsNoDetail(), icon: 'person', value: false },
      ],
      chosen: chosen.agents,
    });
    return next;
  };
}
