import { setTimeout as delay } from 'node:timers/promises';

import * as vscode from 'vscode';

import type { GatewayAddress } from './gatewayChild.ts';
import type { GatewayProcess } from './gatewayProcess.ts';
import { type OfferedConnection, type ServerDefinition, serverDefinitions } from './serverDefinitions.ts';

const PROVIDER_ID = 'data-passport';

/** Never contacted: the real address is set at each start, because what is provided here is written to disk by the editor. */
const PLACEHOLDER = 'http://127.0.0.1/data-passport';

export interface McpServersDeps {
  /** `<publisher>.<name>` */
  readonly extensionId: string;
  readonly version: string;
  readonly gateway: GatewayProcess;
  readonly connections: () => readonly OfferedConnection[];
}

export interface McpServers extends vscode.Disposable {
  /** Connections changed: the editor compares, and fetches a tool list anew only if it differs. */
  changed(): void;
  /** Ends our servers in the editor, so that no call is left hanging or sent twice. */
  stop(): Promise<void>;
}

/** Registers the provider of our MCP servers: one for all databases, and one for each remote MCP server. */
export function registerMcpServers({ extensionId, version, gateway, connections }: McpServersDeps): McpServers {
  const changes = new vscode.EventEmitter<void>();
  /** Everything that may run in the editor, also what has left the settings since. */
  const started = new Set<string>();
  let placeholder = 0;

  const definitions = (): readonly ServerDefinition[] => serverDefinitions(connections(), version);

  const registration = vscode.lm.registerMcpServerDefinitionProvider(PROVIDER_ID, {
    onDidChangeMcpServerDefinitions: changes.event,
    provideMcpServerDefinitions: () =>
      definitions().map(({ label, path, version: facts }) => {
        const address = `${PLACEHOLDER}/${placeholder}${path.slice('/mcp'.length)}`;
        return new vscode.McpHttpServerDefinition(label, vscode.Uri.parse(address), {}, facts);
      }),
    async resolveMcpServerDefinition({ label }) {
      const found = definitions().find((each) => each.label === label);
      if (!found) return undefined;
      started.add(label);
      const address = await gateway.start();
      const headers = { authorization: `Bearer ${address.callerKey}` };
      return new vscode.McpHttpServerDefinition(label, uriOf(address, found.path), headers, found.version);
    },
  });

  return {
    changed: () => changes.fire(),
    async stop() {
      const servers = [...started].map((label) => `${extensionId.toLowerCase()}/${label}`);
      try {
        await Promise.all(servers.map((server) => vscode.commands.executeCommand('workbench.mcp.stopServer', server)));
      } catch {
        // An editor without that command stops a server whose definition changes, half a second later.
        placeholder += 1;
        changes.fire();
        await delay(1000);
      }
    },
    dispose() {
      registration.dispose();
      changes.dispose();
    },
  };
}

/** The editor takes `unix:` and `pipe:` addresses with the HTTP path as fragment. */
function uriOf({ listen, port }: GatewayAddress, path: string): vscode.Uri {
  if (listen.kind === 'tcp') return vscode.Uri.parse(`http://127.0.0.1:${port ?? 0}${path}`);
  return vscode.Uri.from({
    scheme: process.platform === 'win32' ? 'pipe' : 'unix',
    path: listen.path,
    fragment: path,
  });
}
