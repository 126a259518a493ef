import * as vscode from 'vscode';

import { brokenLink, type Diagnosis } from '../core/diagnosis.ts';
import { doctorMessages } from './doctorMessages.ts';
import { doctorReport, headline, redactedReport } from './doctorReport.ts';
import { phrase } from './localize.ts';
import type { Actions, ConnectionView, OverviewSource } from './model.ts';

export interface DoctorUi {
  /** Shows the report of one connection, which the user picks where none is given. @throws PassportError */
  diagnose(given?: ConnectionView | string): Promise<void>;
  /** Puts the copy for a ticket into the clipboard, without a page. @throws PassportError */
  copy(given?: ConnectionView): Promise<void>;
}

export interface DoctorUiDeps {
  readonly overview: OverviewSource;
  readonly actions: Pick<Actions, 'diagnose'>;
  /** Opens Markdown as a read-only document. @param name file name for its tab */
  readonly show: (name: string, markdown: string) => Promise<void>;
}

interface Choice extends vscode.QuickPickItem {
  readonly id: string;
}

export function createDoctorUi({ overview, actions, show }: DoctorUiDeps): DoctorUi {
  /** Those whose settings are not valid are known by their problems alone. */
  function choices(): readonly Choice[] {
    const { connections, problems } = overview.current();
    const valid = connections.map(({ id, title, typeLabel }) => ({ id, label: title, description: phrase(typeLabel) }));
    const broken = problems.flatMap(({ path }) => /^dataPassport\.connections\.([^.]+)/.exec(path)?.[1] ?? []);
    const others = [...new Set(broken)].filter((id) => !valid.some((each) => each.id === id));
    return [...valid, ...others.map((id) => ({ id, label: id, description: doctorMessages.invalid() }))];
  }

  async function pick(): Promise<Choice | undefined> {
    const all = choices();
    if (all.length === 0) void vscode.window.showInformationMessage(doctorMessages.none());
    if (all.length < 2) return all[0];
    return vscode.window.showQuickPick(all, { placeHolder: doctorMessages.pick() });
  }

  /** Undefined where the user canceled it. */
  async function walked({ id, label }: Choice): Promise<Diagnosis | undefined> {
    const location = vscode.ProgressLocation.Notification;
    const title = doctorMessages.running(label);
    return vscode.window.withProgress({ location, title, cancellable: true }, async (progress, token) => {
      const stop = new AbortController();
      const following = token.onCancellationRequested(() => stop.abort());
      try {
        return await actions.diagnose(id, {
          signal: stop.signal,
          progress: (title) => progress.report({ message: phrase(title) }),
        });
      } catch (error) {
        if (stop.signal.aborted) return undefined;
        throw error;
      } finally {
        following.dispose();
      }
    });
  }

  async function announce(diagnosis: Diagnosis): Promise<void> {
    const broken = brokenLink(diagnosis);
    const remedy = broken?.explanation?.remedy;
    const mend = remedy && doctorMessages.remedy[remedy]();
    const copy = doctorMessages.copy();
    const tell = broken ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
    const choice = await tell(headline(diagnosis), ...(mend === undefined ? [] : [mend]), copy);
    if (choice === copy) await toClipboard(diagnosis);
    else if (choice !== undefined && remedy) {
      const view = overview.current().connections.find(({ id }) => id === diagnosis.connection);
      await vscode.commands.executeCommand(`dataPassport.${remedy}`, view);
    }
  }

  async function toClipboard(diagnosis: Diagnosis): Promise<void> {
    await vscode.env.clipboard.writeText(redactedReport(diagnosis));
    vscode.window.setStatusBarMessage(doctorMessages.copied(), 5000);
  }

  async function diagnosed(given: ConnectionView | string | undefined): Promise<Diagnosis | undefined> {
    const id = typeof given === 'object' ? given.id : given;
    const choice = id === undefined ? await pick() : (choices().find((each) => each.id === id) ?? { id, label: id });
    return choice && walked(choice);
  }

  return {
    async copy(given) {
      const diagnosis = await diagnosed(given);
      if (diagnosis) await toClipboard(diagnosis);
    },
    async diagnose(given) {
      const diagnosis = await diagnosed(given);
      if (!diagnosis) return;
      await show(`diagnosis-${diagnosis.connection.replace(/[^\w-]/g, '_')}`, doctorReport(diagnosis));
      // The command ends with its report; the buttons stay.
      void announce(diagnosis);
    },
  };
}
