import * as vscode from 'vscode';

import { type ConnectionDetail, detailItem, detailsOf } from './connectionDetails.ts';
import { phrase } from './localize.ts';
import { messages } from './messages.ts';
import { type ConnectionState, type ConnectionView, isWaiting, type OverviewSource } from './model.ts';

export const CONNECTIONS_VIEW = 'dataPassport.connections';

const icons: Record<ConnectionState, () => vscode.ThemeIcon> = {
  signedOut: () => new vscode.ThemeIcon('circle-slash'),
  secretMissing: () => new vscode.ThemeIcon('key'),
  unconfirmed: () => new vscode.ThemeIcon('shield', new vscode.ThemeColor('list.warningForeground')),
  restricted: () => new vscode.ThemeIcon('workspace-untrusted', new vscode.ThemeColor('list.warningForeground')),
  untested: () => new vscode.ThemeIcon('database'),
  testing: () => new vscode.ThemeIcon('loading~spin'),
  ready: () => new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('testing.iconPassed')),
  failed: () => new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed')),
};

/** The connections with their state. `onShown`: the user looks at it. While nobody is signed in it is empty, and its welcome text starts the first sign-in. */
export function createConnectionsView(overview: OverviewSource, onShown: () => void): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  const view = vscode.window.createTreeView<ConnectionView | ConnectionDetail>(CONNECTIONS_VIEW, {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren(element) {
        if (element) return 'key' in element ? [] : [...detailsOf(element)];
        const { providers, connections } = overview.current();
        const someone = providers.some(({ accounts }) => accounts.length > 0);
        return someone || connections.some(({ provider }) => provider === undefined) ? [...connections] : [];
      },
      getTreeItem: (element) => ('key' in element ? detailItem(element) : item(element)),
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

  if (view.visible) onShown();
  const looking = view.onDidChangeVisibility(({ visible }) => {
    if (visible) onShown();
  });
  const following = overview.onDidChange(update);
  update();
  return vscode.Disposable.from(view, looking, following, changes);
}

/** One connection as a tree item; its context value decides which actions the manifest shows. */
export function item(connection: ConnectionView): vscode.TreeItem {
  const tree = new vscode.TreeItem(connection.title, vscode.TreeItemCollapsibleState.Collapsed);
  const who =
    [connection.identity?.user, connection.identity && connection.role].filter(Boolean).join(' · ') || undefined;
  const state = messages.state[connection.state]();
  const shared = connection.shared ? messages.shared() : undefined;
  const withheld = connection.withheld > 0 ? messages.tools.waiting(connection.withheld) : undefined;
  tree.id = connection.id;
  const idle = connection.agents ? undefined : messages.notForAgents();
  // A narrow view shows the beginning alone; what is not used yet is seen by its icon.
  const isNews = connection.agents || connection.state !== 'untested';
  tree.description = [
    connection.state === 'ready' ? (who ?? state) : isNews ? state : undefined,
    idle,
    withheld,
    shared,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
  const isIdleServer = connection.state === 'untested' && connection.serves === 'mcp';
  tree.iconPath = isIdleServer ? new vscode.ThemeIcon('plug') : icons[connection.state]();
  tree.contextValue = contextOf(connection);
  tree.tooltip = tooltip(connection, who);
  tree.accessibilityInformation = {
    label: [connection.title, phrase(connection.typeLabel), state, who, shared, idle, withheld]
      .filter((part) => part !== undefined)
      .join(', '),
  };
  return tree;
}

/** Words that the manifest's conditions look for. */
function contextOf({ state, secrets, withheld, agents, choices }: ConnectionView): string {
  return [
    'connection',
    isWaiting(state) ? state : 'usable',
    agents ? 'agents' : 'private',
    ...(choices.length > 0 ? ['choices'] : []),
    ...(withheld > 0 ? ['withheld'] : []),
    ...(secrets.length > 0 ? ['secret'] : []),
  ].join('.');
}

function tooltip(connection: ConnectionView, who: string | undefined): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString('', true);
  // The one command that a tooltip may run, for this connection.
  markdown.isTrusted = { enabledCommands: ['dataPassport.showTokenClaims'] };
  const title = connection.provider?.title;
  const account = connection.account ?? connection.wantedAccount;
  const lines = [
    `${phrase(connection.typeLabel)}, ${connection.host}`,
    who,
    title === undefined || account === undefined ? title : `${title}: ${account}`,
    connection.shared ? messages.sharedDetail() : undefined,
    connection.withheld > 0 ? messages.tools.waiting(connection.withheld) : undefined,
    ...connection.secrets.map(({ title: secret, expiresAt }) =>
      expiresAt ? messages.secretUntil(secret, expiresAt.toLocaleDateString()) : undefined,
    ),
  ];
  for (const text of lines) {
    if (text !== undefined) markdown.appendText(text).appendMarkdown('\n\n');
  }
  if (connection.error)
    markdown.appendMarkdown('$(error) ').appendText(messages.error(connection.error)).appendMarkdown('\n\n');
  if (connection.error?.detail !== undefined) markdown.appendText(connection.error.detail).appendMarkdown('\n\n');
  if (connection.expiresAt) {
    const argument = encodeURIComponent(JSON.stringify([connection.id]));
    markdown.appendMarkdown(`[${messages.showClaims()}](command:dataPassport.showTokenClaims?${argument})\n\n`);
  }
  if (connection.lastUsed) markdown.appendText(messages.lastUsed(connection.lastUsed.toLocaleTimeString()));
  return markdown;
}
