import * as vscode from 'vscode';

import { type NetworkFacts, readNetwork } from '../core/network.ts';
import { type Disposable, type Log, signal } from '../core/ports.ts';
import type { Redactor } from '../core/redact.ts';
import type { NetworkPort } from './gatewayChild.ts';

export interface NetworkSource extends NetworkPort, Disposable {
  onDidChange(listener: () => void): Disposable;
}

/** The editor's own proxy and certificate settings. No workspace can change them: they are of scope application or machine. */
export function createNetworkSource(log: Log, redactor: Redactor): NetworkSource {
  const changes = signal<void>();
  let facts = read();

  function read(): NetworkFacts {
    const section = vscode.workspace.getConfiguration('http');
    const { facts, unusable } = readNetwork({
      proxy: section.get('proxy'),
      noProxy: section.get('noProxy'),
      support: section.get('proxySupport'),
      environment: process.env,
    });
    redactor.know(facts.proxy?.password ?? '');
    // The editor itself may know how to use it: sign-in goes on.
    if (unusable !== undefined) log.warn('Connections are reached without the proxy of the editor', { kind: unusable });
    return facts;
  }

  const following = vscode.workspace.onDidChangeConfiguration((event) => {
    if (!['http.proxy', 'http.noProxy', 'http.proxySupport'].some((name) => event.affectsConfiguration(name))) return;
    facts = read();
    changes.fire();
  });
  return {
    current: () => facts,
    systemCertificates: () => vscode.workspace.getConfiguration('http').get('systemCertificates') !== false,
    onDidChange: changes.on,
    dispose: () => void following.dispose(),
  };
}
