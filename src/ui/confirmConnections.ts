import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Disposable } from '../core/ports.ts';
import { messages } from './messages.ts';
import type { Actions, ConfirmationView, OverviewSource } from './model.ts';
import { showError } from './notices.ts';

export interface ConfirmUi extends vscode.Disposable {
  /** Shows what waits for the user's word, and takes it. */
  ask(): Promise<void>;
}

export interface ConfirmDeps {
  readonly overview: OverviewSource;
  readonly actions: Pick<Actions, 'unconfirmed' | 'asked' | 'confirm'>;
  /** The user has just changed settings. */
  readonly onSettingsChange: (listener: () => void) => Disposable;
  /** Everybody has heard of it. */
  readonly onSettingsTaken: (listener: () => void) => Disposable;
}

/**
 * Asks where settings change, and never in the middle of a tool call, whether secrets may go to another host and whether a program
 * may be run. What was there when the window opened is told of quietly; nothing is asked twice.
 */
export function createConfirmUi({ overview, actions, onSettingsChange, onSettingsTaken }: ConfirmDeps): ConfirmUi {
  const text = messages.confirm;
  const told = new Set<string>();

  /** What the user could have an answer to: somebody is signed in, or nobody needs to be. */
  function waiting(): readonly ConfirmationView[] {
    const ready = new Set(
      overview.current().connections.flatMap(({ id, state }) => (state === 'unconfirmed' ? [id] : [])),
    );
    return actions.unconfirmed().filter(({ id }) => ready.has(id));
  }

  const keyOf = ({ id, places, program }: ConfirmationView): string => JSON.stringify([id, places, program]);

  /** What the user has not been told of yet. */
  function news(): readonly ConfirmationView[] {
    const fresh = waiting().filter((each) => !told.has(keyOf(each)));
    for (const each of fresh) told.add(keyOf(each));
    return fresh;
  }

  async function question(connections: readonly ConfirmationView[]): Promise<void> {
    await actions.asked(connections);
    const detail = [...connections.map(describe), text.caution()].join('\n\n');
    const choice = await vscode.window.showWarningMessage(
      text.question(names(connections)),
      { modal: true, detail },
      text.allow(),
    );
    if (choice !== undefined) await actions.confirm(connections);
  }

  async function mention(connections: readonly ConfirmationView[]): Promise<void> {
    const choice = await vscode.window.showWarningMessage(text.waiting(names(connections)), text.review());
    if (choice !== undefined) await question(waiting());
  }

  let busy = false;
  const following = [
    onSettingsChange(() => {
      busy = true;
    }),
    onSettingsTaken(() => {
      busy = false;
      show(question);
    }),
    overview.onDidChange(() => {
      if (!busy) show(mention);
    }),
  ];

  /** One window is enough: the one that the user looks at. */
  function show(how: (connections: readonly ConfirmationView[]) => Promise<void>): void {
    if (!vscode.window.state.focused) return;
    const fresh = news();
    if (fresh.length > 0) how(fresh).catch((thrown: unknown) => void showError(asPassportError(thrown)));
  }

  return {
    async ask() {
      const connections = waiting();
      if (connections.length > 0) await question(connections);
      else void vscode.window.showInformationMessage(text.nothing());
    },
    dispose() {
      for (const each of following) each.dispose();
    },
  };
}

/** Program and arguments in full, so that none of them can look like another. */
function describe({ title, places, placesBefore, program }: ConfirmationView): string {
  const text = messages.confirm;
  const moved = placesBefore.length > 0 && places.some((place) => !placesBefore.includes(place));
  return [
    text.goes(title, places.join(', ')),
    ...(moved ? [text.went(placesBefore.join(', '))] : []),
    ...(program ? [text.runs(program.map(quoted).join(' '))] : []),
  ].join(' ');
}

/** In quotes, and with nothing in it that could not be seen. */
function quoted(part: string): string {
  return JSON.stringify(part).replace(/\p{Cf}/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);
}

function names(connections: readonly ConfirmationView[]): string {
  return connections.map(({ title }) => title).join(', ');
}
