import * as vscode from 'vscode';

import { messages } from './messages.ts';
import { type ConnectionView, isWaiting, type Overview, type OverviewSource } from './model.ts';

const MINUTE = 60_000;
/** Minutes left are shown only below this. */
const SHORT = 10;

/** Who is signed in; quiet when all is well, a warning when the user must act. */
export function createStatusBar(overview: OverviewSource): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('dataPassport.status', vscode.StatusBarAlignment.Right, 100);
  item.name = messages.status.name();

  function update(): void {
    const view = overview.current();
    if (view.providers.length === 0) {
      item.hide();
      return;
    }
    const { text, spoken, warn } = line(view, Date.now());
    item.text = text;
    item.accessibilityInformation = { label: spoken, role: 'button' };
    item.backgroundColor = warn ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.command =
      view.providers.some(({ accounts }) => accounts.length > 0) && !warn
        ? 'dataPassport.connections.focus'
        : 'dataPassport.signIn';
    item.tooltip = tooltip(view);
    item.show();
  }

  const timer = setInterval(update, MINUTE / 4);
  const following = overview.onDidChange(update);
  update();
  return vscode.Disposable.from(item, following, { dispose: () => clearInterval(timer) });
}

/** Text, words for a screen reader, and whether the user must act. `now`: milliseconds since the epoch. */
export function line(
  view: Overview,
  now: number,
): { readonly text: string; readonly spoken: string; readonly warn: boolean } {
  const ended = view.providers.find((provider) => provider.ended !== undefined);
  if (ended)
    return { text: `$(key) ${messages.status.ended()}`, spoken: messages.status.readEnded(ended.title), warn: true };
  const accounts = [...new Set(view.providers.flatMap((provider) => provider.accounts.map(({ label }) => label)))];
  if (accounts.length === 0)
    return { text: `$(key) ${messages.status.signedOut()}`, spoken: messages.status.readSignedOut(), warn: false };
  const named = accounts.join(', ');
  const minutes = minutesLeft(view.connections, now);
  const spoken = messages.status.readSignedIn(named);
  if (minutes === undefined || minutes >= SHORT) return { text: `$(key) ${named}`, spoken, warn: false };
  return {
    text: `$(key) ${named} $(clock) ${messages.minutes(minutes)}`,
    spoken: `${spoken}, ${messages.status.readExpires(minutes)}`,
    warn: false,
  };
}

/** Whole minutes until the first token at hand expires; one that has expired is renewed at its next use and does not count. */
function minutesLeft(connections: readonly ConnectionView[], now: number): number | undefined {
  const left = connections.flatMap(({ expiresAt }) =>
    expiresAt && expiresAt.getTime() > now ? [expiresAt.getTime() - now] : [],
  );
  return left.length === 0 ? undefined : Math.ceil(Math.min(...left) / MINUTE);
}

function tooltip(view: Overview): vscode.MarkdownString {
  const { column } = messages;
  const markdown = new vscode.MarkdownString('', true);
  for (const { title, accounts, saved } of view.providers) {
    const who = accounts.map(({ label }) => label).join(', ') || messages.state.signedOut();
    markdown.appendMarkdown(`$(account) ${plain(`${title}: ${who}`)}`);
    if (!saved && accounts.length > 0) {
      markdown.appendMarkdown(' $(warning) ');
      markdown.appendText(messages.notSaved(title));
    }
    markdown.appendMarkdown('\n\n');
  }
  if (view.connections.length > 0) {
    const rows = view.connections.map((connection) => [
      connection.title,
      [connection.identity?.user ?? '', ...(connection.shared ? [messages.shared()] : [])].filter(Boolean).join(' · '),
      connection.role ?? '',
      tokenText(connection),
    ]);
    const table = [
      [column.connection(), column.runsAs(), column.role(), column.token()],
      ['---', '---', '---', '---'],
      ...rows.map((row) => row.map(plain)),
    ];
    markdown.appendMarkdown(table.map((row) => `| ${row.join(' | ')} |`).join('\n'));
  }
  if (view.obstacle) {
    markdown.appendMarkdown('\n\n$(warning) ');
    markdown.appendText(messages.error(view.obstacle));
  }
  return markdown;
}

function tokenText({ expiresAt, state }: ConnectionView): string {
  if (isWaiting(state)) return messages.state[state]();
  if (!expiresAt || expiresAt.getTime() < Date.now()) return messages.tokenNone();
  return messages.tokenUntil(expiresAt.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
}

/** Names come from settings and databases: no Markdown of theirs is rendered, and an address becomes no link. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[&@]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\\`*_{}[\]()+\-.!|<>~$]/g, String.raw`\$&`);
}
