import * as vscode from 'vscode';

/** One question, and which one comes next; undefined where there is none. */
export type Step = (ask: Asker) => Promise<Step | undefined>;

export interface Choice<T> {
  readonly label: string;
  readonly value: T;
  readonly description?: string | undefined;
  readonly detail?: string | undefined;
  readonly icon?: string | undefined;
  /** Stands above it, with a line. */
  readonly heading?: string | undefined;
}

/** Asks one question of a sequence. Going back and giving up leave the step by themselves. */
export interface Asker {
  pick<T>(question: PickQuestion<T>): Promise<T>;
  text(question: TextQuestion): Promise<string>;
}

export interface PickQuestion<T> {
  readonly placeholder: string;
  readonly choices: readonly Choice<T>[];
  /** Stands at the cursor. */
  readonly chosen?: T | undefined;
}

export interface TextQuestion {
  readonly prompt: string;
  readonly placeholder?: string | undefined;
  readonly value?: string | undefined;
  /** What is wrong with what was typed; asked at each key. */
  readonly check?: ((typed: string) => string | undefined) | undefined;
}

const BACK = Symbol('back');
const GIVEN_UP = Symbol('given up');

/**
 * Asks one question after the other. Back returns to the one before, Escape gives up.
 * @returns false where the user gave up
 */
export async function wizard(title: string, first: Step): Promise<boolean> {
  const steps: Step[] = [first];
  for (let step: Step | undefined = first; step;) {
    try {
      const next: Step | undefined = await step(asker(title, steps.length));
      if (next) steps.push(next);
      step = next;
    } catch (thrown) {
      if (thrown === GIVEN_UP) return false;
      if (thrown !== BACK) throw thrown;
      steps.pop();
      step = steps.at(-1);
    }
  }
  return steps.length > 0;
}

type Input = vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox;

function asker(title: string, step: number): Asker {
  /** Shows a box until it is answered, left backwards or closed. */
  function shown<T>(input: Input, answer: Promise<T>): Promise<T> {
    const { promise: left, reject } = Promise.withResolvers<never>();
    input.title = title;
    input.step = step;
    input.ignoreFocusOut = true;
    input.buttons = step > 1 ? [vscode.QuickInputButtons.Back] : [];
    input.onDidTriggerButton(() => reject(BACK));
    input.onDidHide(() => reject(GIVEN_UP));
    input.show();
    return Promise.race([answer, left]).finally(() => input.dispose());
  }

  return {
    pick<T>({ placeholder, choices, chosen }: PickQuestion<T>): Promise<T> {
      const input = vscode.window.createQuickPick<Item<T>>();
      const { promise, resolve } = Promise.withResolvers<T>();
      input.placeholder = placeholder;
      input.matchOnDescription = true;
      input.matchOnDetail = true;
      input.items = choices.flatMap((choice) => itemsOf(choice));
      input.activeItems = input.items.filter(({ choice }) => chosen !== undefined && choice?.value === chosen);
      input.onDidAccept(() => {
        const choice = input.selectedItems[0]?.choice;
        if (choice) resolve(choice.value);
      });
      return shown(input, promise);
    },
    text({ prompt, placeholder, value = '', check = () => undefined }) {
      const input = vscode.window.createInputBox();
      const { promise, resolve } = Promise.withResolvers<string>();
      input.prompt = prompt;
      input.placeholder = placeholder;
      input.value = value;
      input.onDidChangeValue((typed) => {
        input.validationMessage = typed === '' ? undefined : check(typed);
      });
      input.onDidAccept(() => {
        input.validationMessage = check(input.value);
        if (input.validationMessage === undefined) resolve(input.value);
      });
      return shown(input, promise);
    },
  };
}

type Item<T> = vscode.QuickPickItem & { readonly choice?: Choice<T> };

function itemsOf<T>(choice: Choice<T>): readonly Item<T>[] {
  const { label, description, detail, icon, heading } = choice;
  return [
    ...(heading === undefined ? [] : [{ label: heading, kind: vscode.QuickPickItemKind.Separator }]),
    {
      label,
      choice,
      ...(description !== undefined && { description }),
      ...(detail !== undefined && { detail }),
      ...(icon !== undefined && { iconPath: new vscode.ThemeIcon(icon) }),
    },
  ];
}
