import { join } from 'node:path';

import * as vscode from 'vscode';

import { connectors } from '../connectors/index.ts';
import { PassportError } from '../core/errors.ts';
import { once } from '../core/once.ts';
import { redactor as createRedactor } from '../core/redact.ts';
import { presets } from '../identity/presets/index.ts';
import { tokenSources } from '../tokens/index.ts';
import { showWarning } from '../ui/notices.ts';
import { askSuccession } from '../ui/succession.ts';
import { createWindowUi } from '../ui/window.ts';
import { createActions } from './actions.ts';
import { registerAuthentication } from './authenticationProvider.ts';
import { createConfirmations } from './confirmations.ts';
import { createConnectionSecrets } from './connectionSecrets.ts';
import { createCredentials } from './credentials.ts';
import { editorObstacle } from './editorLimits.ts';
import { createGatewayProcess } from './gatewayProcess.ts';
import { browser, clock, fetchWithoutRedirects, flowHostOf, logOf, secretsOf } from './host.ts';
import { type McpServers, registerMcpServers } from './mcpServers.ts';
import { createNetworkSource } from './networkSource.ts';
import { createOverview } from './overview.ts';
import { namedFailures } from './proxyFailures.ts';
import { createServerMemory } from './serverMemory.ts';
import { createSessions } from './sessions.ts';
import { createSettingsFile } from './settingsFile.ts';
import { createSettingsSource } from './settingsSource.ts';
import { createSetup } from './setup.ts';
import { toldBefore } from './toldBefore.ts';
import { toldSecrets } from './toldSecrets.ts';
import { joinWindows } from './windows.ts';
import { signInPageFor, followSignIns } from './wiring.ts';

interface Manifest {
  readonly version: string;
  readonly contributes: { readonly configuration: { readonly properties: Readonly<Record<string, unknown>> } };
}

let leave = async (): Promise<void> => undefined;

/** Builds the parts and wires them; no logic of its own. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const { id: extensionId, packageJSON } = context.extension as { id: string; packageJSON: Manifest };
  const channel = vscode.window.createOutputChannel('Data Passport', { log: true });
  const redactor = createRedactor();
  const log = logOf(channel, redactor);
  const tables = { presets, connectors, tokenSources };
  const settings = createSettingsSource(tables, log);
  const network = createNetworkSource(log, redactor);
  const { broker, machine, redirects } = joinWindows(context, log);
  const life = new AbortController();
  leave = async () => {
    life.abort();
    await broker.dispose();
  };
  const host = flowHostOf(context.extension);
  const deps = {
    secrets: secretsOf(context.secrets),
    clock,
    log,
    redactor,
    network,
    fetch: namedFailures(fetchWithoutRedirects, network.current),
    broker,
    machine,
    host,
    confirm: askSuccession,
    connectors,
    tokenSources,
  };
  const confirmations = createConfirmations({ ...deps, memory: context.globalState });
  const secrets = toldSecrets(deps.secrets, broker);
  const connectionSecrets = createConnectionSecrets({ ...deps, secrets });
  secrets.onHeard(connectionSecrets.changedElsewhere);
  const sessions = createSessions({ ...deps, adopted: confirmations.adopt });
  const trusted = (): boolean => vscode.workspace.isTrusted;
  const { signal } = life;
  const credentials = createCredentials({ ...deps, sessions, connectionSecrets, confirmations, trusted, signal });
  const serverMemory = createServerMemory({
    ...deps,
    folder: join(context.globalStorageUri.fsPath, 'servers'),
    connections: () => settings.current().connections,
  });
  const overview = createOverview({
    ...deps,
    sessions,
    credentials,
    connectionSecrets,
    confirmations,
    serverMemory,
    trusted,
    settings: settings.current,
    obstacle: editorObstacle,
  });
  let servers: McpServers | undefined;
  const gateway = createGatewayProcess({
    ...deps,
    entry: vscode.Uri.joinPath(context.extensionUri, 'dist', 'gateway.mjs').fsPath,
    connections: overview.wireConnections,
    credential: (connection, slot, wish) => credentials.get(settings.connection(connection), slot, wish),
    signInPage: signInPageFor({ settings, sessions }),
    async crashed() {
      void showWarning(new PassportError('DP-GATEWAY-STOPPED'));
      await servers?.stop();
    },
  });
  servers = registerMcpServers({
    extensionId,
    version: packageJSON.version,
    gateway,
    connections: overview.offeredConnections,
  });

  const wiring = followSignIns({
    ...deps,
    settings,
    sessions,
    credentials,
    connectionSecrets,
    confirmations,
    gateway,
    overview,
    serverMemory,
    servers,
    onTrusted: vscode.workspace.onDidGrantWorkspaceTrust,
    warn: (error) => void showWarning(error),
  });
  const actions = createActions({
    ...deps,
    secrets,
    sessions,
    credentials,
    connectionSecrets,
    confirmations,
    gateway,
    wiring,
    overview,
    browser,
    settings,
  });
  const setup = createSetup({
    ...deps,
    settings,
    settingsFile: createSettingsFile(),
    confirmations,
    connectionSecrets,
    onSettingsTaken: wiring.onSettingsTaken,
    manifest: packageJSON.contributes.configuration.properties,
  });
  const ui = createWindowUi({
    overview,
    actions,
    setup,
    imports: once(async () => (await import('./imports.ts')).createImports({ tables, settings })),
    onSettingsChange: settings.onDidChange,
    onSettingsTaken: wiring.onSettingsTaken,
    toldBefore: toldBefore(context.globalState),
    toolToldBefore: toldBefore(context.globalState, 'toldTools'),
    log,
    showLog: () => channel.show(),
  });
  const authentication = registerAuthentication({ sessions, actions, signInUi: ui.signInUi, log });

  context.subscriptions.push(
    channel,
    vscode.window.onDidChangeWindowState(({ focused }) => focused && overview.changed()),
    secrets,
    context.secrets.onDidChange(({ key }) => connectionSecrets.changedElsewhere(key)),
    redirects,
    settings,
    network,
    sessions,
    gateway,
    servers,
    wiring,
    authentication,
    ui,
  );
  const { providers, connections } = settings.current();
  await Promise.all([connectionSecrets.load(connections), sessions.update(providers, connections)]);
  overview.changed();
  log.info('Activated', { version: packageJSON.version, connections: connections.length });
}

/** The editor waits a moment: a refresh that is under way ends in this window, and its news reaches the others. */
export async function deactivate(): Promise<void> {
  await leave();
}
