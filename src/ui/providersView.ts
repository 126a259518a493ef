import * as vscode from 'vscode';

import { messages } from './messages.ts';
import type { AccountView, OverviewSource, ProviderView } from './model.ts';

export const PROVIDERS_VIEW = 'dataPassport.providers';

/** A provider, or one account that is signed in there. */
export type ProviderNode = { readonly provider: ProviderView; readonly account?: AccountView };

/** The identity providers with who is signed in there. */
export function createProvidersView(overview: OverviewSource): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  const view = vscode.window.createTreeView<ProviderNode>(PROVIDERS_VIEW, {
    treeDataProvider: {
      onDidChangeTreeData: changes.event,
      getChildren(node) {
        if (!node) return overview.current().providers.map((provider) => ({ provider }));
        return node.account ? [] : node.provider.accounts.map((account) => ({ provider: node.provider, account }));
      },
      getTreeItem: (node) => (node.account ? accountItem(node.provider, node.account) : providerItem(node.provider)),
    },
  });
  const following = overview.onDidChange(() => changes.fire());
  return vscode.Disposable.from(view, following, changes);
}

/** Its context value decides which actions the manifest shows. */
export function providerItem({ id, title, accounts, ended, saved, wantsSecret }: ProviderView): vscode.TreeItem {
  const isSignedIn = accounts.length > 0;
  const item = new vscode.TreeItem(
    title,
    isSignedIn ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
  );
  const state = stateOf(accounts.length, ended);
  item.id = id;
  item.description = isSignedIn ? '' : state;
  item.iconPath =
    ended === undefined
      ? new vscode.ThemeIcon('organization')
      : new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.contextValue = ['provider', isSignedIn ? 'signedIn' : 'signedOut', ...(wantsSecret ? ['secret'] : [])].join('.');
  item.tooltip = saved ? `${title}: ${state}` : messages.notSaved(title);
  item.accessibilityInformation = { label: `${title}, ${state}` };
  return item;
}

function stateOf(accounts: number, ended: string | undefined): string {
  if (ended !== undefined) return messages.status.ended();
  return accounts === 0 ? messages.state.signedOut() : messages.state.ready();
}

function accountItem(provider: ProviderView, { subject, label }: AccountView): vscode.TreeItem {
  const item = new vscode.TreeItem(label);
  item.id = `${provider.id} ${subject}`;
  item.iconPath = new vscode.ThemeIcon('account');
  item.contextValue = 'account';
  item.accessibilityInformation = { label: messages.accountAt(label, provider.title) };
  return item;
}
