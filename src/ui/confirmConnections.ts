import * as vscode from 'vscode';

import { asPassportError } from '../core/errors.ts';
import type { Disposable } from '../core/ports.ts';
import { messages } from './messages.ts';
import type { Actions, ConfirmationView, OverviewSource, ProgramTermsView } from './model.ts';
import { showError } from './notices.ts';
import { quoted } from './plainText.ts';

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

  const keyOf = ({ id, places, programs, programTerms, handsOn }: ConfirmationView): string =>
    JSON.stringify([id, places, programs, programTerms, handsOn]);

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

/** Programs and what they get in full, so that none of them can look like another. */
function describe({ title, places, placesBefore, programs = [], programTerms, handsOn }: ConfirmationView): string {
  const text = messages.confirm;
  const moved = placesBefore.length > 0 && places.some((place) => !placesBefore.includes(place));
  const [server = ''] = places;
  return [
    places.length > 0 ? text.goes(title, places.join(', ')) : text.stays(title),
    ...(moved ? [text.went(placesBefore.join(', '))] : []),
    ...(handsOn ? [describeHandsOn(server, handsOn)] : []),
    ...programs.map((program) => text.runs(program.map(quoted).join(' '))),
    ...(programTerms ? describeTerms(programTerms) : []),
  ].join(' ');
}

function describeHandsOn(
  server: string,
  { database, audience, scopes }: NonNullable<ConfirmationView['handsOn']>,
): string {
  const text = messages.confirm;
  return text.handsOn(server, database, {
    audience: audience === undefined ? text.noAudience() : quoted(audience),
    scopes: scopes.join(' ') || text.noScopes(),
  });
}

/** The serving program is the last one named. */
function describeTerms({ cwd, environment, tokenVariable, api }: ProgramTermsView): readonly string[] {
  const text = messages.confirm;
  return [
    ...(cwd === undefined ? [] : [text.runsIn(quoted(cwd))]),
    ...(environment.length > 0 ? [text.setsVariables(environment.map(quoted).join(' '))] : []),
    ...(tokenVariable === undefined ? [] : [text.getsToken(tokenVariable)]),
    ...(api ? [text.getsAddress(api.variable, api.url)] : []),
  ];
}

function names(connections: readonly ConfirmationView[]): string {
  return connections.map(({ title }) => title).join(', ');
}
