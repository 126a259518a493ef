import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { connectors } from '../src/connectors/index.ts';
import { parseSettings, type Settings } from '../src/extension/settings.ts';
import { presets } from '../src/identity/presets/index.ts';
import { type RegistrationFacts, registrationText } from '../src/identity/presets/registration.ts';
import { tokenSources } from '../src/tokens/index.ts';

const root = new URL('../', import.meta.url);

/** What a desktop VS Code calls the extension; other editors have a scheme of their own. */
const EDITOR_URI = 'vscode://data-passport.data-passport/callback';

/** A page of docs/identity-providers: its example comes from the tested file, its registration text from the description. */
export interface ProviderPage {
  readonly preset: string;
  readonly file: URL;
  readonly example: string;
  readonly settings: Settings;
  readonly current: string;
  readonly wanted: string;
}

export function providerPages(): readonly ProviderPage[] {
  return globSync('test/data/identity-providers/*.json', { cwd: root })
    .toSorted()
    .map((path): ProviderPage => {
      const preset = basename(path, '.json');
      const example = readFileSync(new URL(path, root), 'utf8').trimEnd();
      const file = new URL(`docs/identity-providers/${preset}.md`, root);
      const current = readFileSync(file, 'utf8');
      const settings = settingsOf(example);
      return { preset, file, example, settings, current, wanted: renewed(current, example, settings) };
    });
}

function settingsOf(example: string): Settings {
  const raw = JSON.parse(example) as Record<string, unknown>;
  const { 'dataPassport.identityProviders': identityProviders, 'dataPassport.connections': connections } = raw;
  return parseSettings({ identityProviders, connections, limits: undefined }, { presets, connectors, tokenSources });
}

function renewed(page: string, example: string, settings: Settings): string {
  const [provider] = settings.providers;
  if (!provider) throw new Error(JSON.stringify(settings.problems));
  const text = registrationText(provider, { editorUri: EDITOR_URI, requests: requestsOf(settings) });
  return page
    .replace(/```json\n[^]*?\n```/, () => `\`\`\`json\n${example}\n\`\`\``)
    .replace(
      /<!-- registration -->[^]*<!-- \/registration -->/,
      () => `<!-- registration -->\n\n${text}\n<!-- /registration -->`,
    );
}

/** What the connections of an example ask for. */
export function requestsOf({ connections }: Settings): RegistrationFacts['requests'] {
  return connections.map(({ type, settings, token }) => {
    const [need = { scopes: [] }] = Object.values(connectors[type]?.credentials(settings) ?? {});
    const { audience, scopes } = tokenSources[token.source]?.wants(token.settings, need) ?? need;
    return { scopes, audiences: audience === undefined ? [] : [audience] };
  });
}

if (import.meta.main) {
  for (const { preset, file, settings, wanted } of providerPages()) {
    if (settings.problems.length > 0) throw new Error(`${preset}.json: ${JSON.stringify(settings.problems)}`);
    writeFileSync(file, wanted);
  }
}
