import * as vscode from 'vscode';

import { messages } from './messages.ts';
import type { ConnectionState, ConnectionView, OverviewSource } from './model.ts';

export const CONNECTIONS_VIEW = 'dataPassport.connections';

const icons: Record<ConnectionState, () => vscode.ThemeIcon> = {
  signedOut: () => new vscode.ThemeIcon('circle-slash'),
  untested: () => new vscode.ThemeIcon('database'),
  testing: () => new vscode.ThemeIcon('loading~spin'),
  ready: () => new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('testing.iconPassed')),
  failed: () => new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed')),
};

/** The connections with their state. While nobody is signed in it is empty, and its welcome text starts the first sign-in. */
export function createConnectionsView(overview: OverviewSource): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  const view = vscode.window.createTreeView<ConnectionView>(CONNECTIONS_VIEW, {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren(element) {
        const { providers, connections } = overview.current();
        if (element || !providers.some(({ accounts }) => accounts.length > 0)) return [];
        return [...connections];
      },
      getTreeItem: item,
    },
  });

  function update(): void {
    const { obstacle, problems } = overview.current();
    const first = problems[0];
    const lines = [
      ...(obstacle ? [messages.error(obstacle)] : []),
      ...(first ? [messages.settingsWrong(problems.length, first.path, first.problem)] : []),
    ];
    view.message = lines.join('\n');
    changes.fire();
  }

  const following = overview.onDidChange(update);
  update();
  return vscode.Disposable.from(view, following, changes);
}

/** One connection as a tree item; its context value decides which actions the manifest shows. */
export function item(connection: ConnectionView): vscode.TreeItem {
  const tree = new vscode.TreeItem(connection.title);
  const who = connection.identity
    ? [connection.identity.user, connection.role].filter((part) => part !== undefined).join(' · ')
    : undefined;
  const state = messages.state[connection.state]();
  tree.id = connection.id;
  tree.description = connection.state === 'ready' && who !== undefined ? who : state;
  tree.iconPath = icons[connection.state]();
  tree.contextValue = connection.state === 'signedOut' ? 'connection.signedOut' : 'connection';
  tree.tooltip = tooltip(connection, who);
  tree.accessibilityInformation = {
    label: [connection.title, connection.typeLabel, state, who].filter((part) => part !== undefined).join(', '),
  };
  return tree;
}

function tooltip(connection: ConnectionView, who: string | undefined): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString('', true);
  const { title } = connection.provider;
  const account = connection.account ?? connection.wantedAccount;
  const lines = [
    `${connection.typeLabel}, ${connection.host}`,
    who,
    account === undefined ? title : `${title}: ${account}`,
  ];
  for (const text of lines) {
    if (text !== undefined) markdown.appendText(text).appendMarkdown('\n\n');
  }
  if (connection.error)
    markdown.appendMarkdown('$(error) ').appendText(messages.error(connection.error)).appendMarkdown('\n\n');
  if (connection.error?.detail !== undefined) markdown.appendText(connection.error.detail).appendMarkdown('\n\n');
  if (connection.lastUsed) markdown.appendText(messages.lastUsed(connection.lastUsed.toLocaleTimeString()));
  return markdown;
}
