import { type Field, type Form, formOf, shown, valueOf } from './form.ts';
import type { SettingSchema } from './model.ts';
import { setupMessages as text } from './setupMessages.ts';
import type { Asker, Choice, Step } from './wizard.ts';

/** An entry, or a part of one, that the user is filling in. Its value grows with each answer. */
export interface Making {
  readonly form: Form;
  readonly value: Record<string, unknown>;
  /** What is wrong with a field that would have this value; undefined where nothing is. */
  problemOf(field: string, value: unknown): string | undefined;
}

/** A further part that can be filled in from the list of settings that are not needed. */
export interface Part {
  readonly label: string;
  readonly description: string;
  readonly icon: string;
  /** @param back continues with the list */
  readonly steps: (back: Step) => Step;
}

/** Asks for everything that is needed, then offers the rest. @param parts further parts to offer */
export function entrySteps(making: Making, parts: () => readonly Part[], next: Step): Step {
  const rest = restStep(making, parts, next);
  const groups = Object.entries(making.form.groups).map(([name, form]) => groupOf(making, name, form));
  return neededSteps(
    making,
    groups.reduceRight((after, group) => neededSteps(group, after), rest),
  );
}

function neededSteps(making: Making, next: Step): Step {
  return making.form.fields
    .filter(({ required }) => required)
    .reduceRight((after, field) => fieldStep(making, field, after), next);
}

/** Fields that stand together in a value of their own. */
function groupOf({ value, problemOf }: Making, name: string, form: Form): Making {
  const inner: Record<string, unknown> = {};
  value[name] = inner;
  return { form, value: inner, problemOf: (field, typed) => problemOf(name, { ...inner, [field]: typed }) };
}

/** One question. @param after comes next */
export function fieldStep(making: Making, field: Field, after: Step): Step {
  return async (ask) => {
    const value = await answerOf(ask, making, field);
    if (value === undefined) delete making.value[field.name];
    else making.value[field.name] = value;
    return after;
  };
}

/** Names a field to the user. */
export const labelOf = ({ name }: Pick<Field, 'name'>): string => text.field(name);

function restStep(making: Making, parts: () => readonly Part[], next: Step): Step {
  const rest: Step = async (ask) => {
    const { form, value } = making;
    const more = form.fields.filter(({ required }) => !required);
    const offered = parts();
    if (more.length + offered.length === 0) return next;
    const choices: Choice<Step>[] = [
      { label: text.goOn(), detail: text.goOnDetail(), icon: 'arrow-right', value: next },
      ...offered.map(({ label, description, icon, steps }) => ({ label, description, icon, value: steps(rest) })),
      ...more.map((field) => ({
        label: labelOf(field),
        description: shown(value[field.name]) || (field.usual === '' ? text.notSet() : text.usual(field.usual)),
        detail: field.about,
        icon: value[field.name] === undefined ? 'circle-outline' : 'circle-filled',
        value: fieldStep(making, field, rest),
      })),
    ];
    return ask.pick({ placeholder: text.optional(form.title), choices });
  };
  return rest;
}

async function answerOf(ask: Asker, { value, problemOf }: Making, field: Field): Promise<unknown> {
  const { name, kind, required, about, usual, choices } = field;
  const current = shown(value[name]);
  const question = text.question(labelOf(field), about);
  if (kind === 'choice' || kind === 'switch') {
    const offered =
      kind === 'choice'
        ? choices.map((choice) => ({ label: choice.value, detail: choice.about, value: choice.value }))
        : ['true', 'false'].map((each) => ({ label: each === 'true' ? text.yes() : text.no(), value: each }));
    const withUsual = offered.map((choice): Choice<string> => {
      return choice.value === usual ? Object.assign(choice, { description: text.usual(usual) }) : choice;
    });
    return valueOf(field, await ask.pick({ placeholder: question, choices: withUsual, chosen: current || usual }));
  }
  const typed = await ask.text({
    prompt: question,
    placeholder: required ? undefined : usual === '' ? text.noUsual() : text.usual(usual),
    value: current,
    check(entered) {
      const next = valueOf(field, entered);
      if (next === undefined) return required ? text.isMissing() : undefined;
      const problem = problemOf(name, next);
      return problem === undefined ? undefined : text.problem(problem);
    },
  });
  return valueOf(field, typed);
}

/** Where a part is kept in the whole, and what is wrong with its fields. */
export interface PartPlace {
  readonly name: string;
  readonly holder: Record<string, unknown>;
  /** Source that counts where none is chosen; absent where none does. */
  readonly usual?: string | undefined;
  problemOf(field: string, value: unknown): string | undefined;
}

/** A choice among several forms, then the fields of the chosen one. @param schemas one for each kind */
export function partOf(
  label: string,
  schemas: readonly SettingSchema[],
  { name, holder, usual, problemOf }: PartPlace,
): Part {
  const forms = schemas.map((schema) => formOf(schema));
  const sourceOf = (form: Form): string => form.constants['source'] ?? USUAL_SOURCE;
  const held = holder[name] as Readonly<Record<string, unknown>> | undefined;
  const current = forms.find((form) => sourceOf(form) === (held ? (held['source'] ?? USUAL_SOURCE) : usual));
  const title = current?.title ?? '';
  return {
    label,
    icon: held ? 'circle-filled' : 'circle-outline',
    description: held ? title : usual === undefined ? text.notSet() : text.usual(title),
    steps: (back) => async (ask) => {
      const form = await ask.pick({
        placeholder: text.pickToken(),
        choices: forms.map((each) => ({ label: each.title, detail: each.about, value: each })),
        chosen: current,
      });
      const value = { ...form.constants, ...(form === current && held) };
      holder[name] = value;
      return entrySteps({ form, value, problemOf }, () => [], back);
    },
  };
}

/** The source that is assumed where none is named. */
export const USUAL_SOURCE = 'accessToken';
