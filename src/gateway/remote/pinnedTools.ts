import { createHash } from 'node:crypto';

import type { ToolDefinition } from './toolDefinitions.ts';

/** A tool as the user, or the first use, accepted it. */
export interface PinnedTool {
  readonly name: string;
  readonly hash: string;
  /** As the server sent it; absent where there was no room to keep it. */
  readonly definition?: ToolDefinition | undefined;
  /** When it was accepted, in milliseconds since 1970: of two windows the later one counts. */
  readonly at?: number | undefined;
}

/** What happens to a tool that is not as it was pinned, or that was not there: the user is asked, or it is taken. */
export interface PinRules {
  readonly changed: 'ask' | 'allow';
  readonly added: 'ask' | 'allow';
  /** The time that pins are taken at, in milliseconds since 1970. */
  readonly at?: number | undefined;
}

export interface WithheldTool {
  readonly name: string;
  /** As it was pinned; absent for a new tool, and where it was not kept. */
  readonly before?: ToolDefinition | undefined;
  readonly after: ToolDefinition;
}

export interface Comparison {
  readonly shown: readonly ToolDefinition[];
  readonly withheld: readonly WithheldTool[];
  /** Names of pinned tools that are not offered. They stay pinned. */
  readonly removed: readonly string[];
  /** What to keep from now on. */
  readonly pins: readonly PinnedTool[];
}

/**
 * SHA-256 (base64url) of everything in a definition that tells the model or the editor what the tool is, as the server sent
 * it, in JSON with sorted keys. Icons, `execution` and other metadata may change without a question.
 */
export function hashOf(definition: ToolDefinition): string {
  const { name, title, description, inputSchema, outputSchema, annotations, _meta } = definition;
  const ui = _meta?.['ui'];
  const said = { name, title, description, inputSchema, outputSchema, annotations, ui };
  return createHash('sha256').update(canonicalJson(said)).digest('base64url');
}

/** @param at milliseconds since 1970 */
export function pin(tools: readonly ToolDefinition[], at?: number): readonly (PinnedTool & Defined)[] {
  return tools.map((definition) => ({
    name: definition.name,
    hash: hashOf(definition),
    definition,
    ...(at !== undefined && { at }),
  }));
}

interface Defined {
  readonly definition: ToolDefinition;
}

/**
 * Which of the offered tools are what was pinned. A tool that is gone stays pinned, so that taking it away and bringing it
 * back with another description does not get around the comparison. Whether this is the first use is for the rules to say: a server
 * that offers nothing at first has been used all the same.
 * @param offered as the server sent them; of two with one name the later one is left out
 */
export function compareWithPins(
  pinned: readonly PinnedTool[],
  offered: readonly ToolDefinition[],
  rules: PinRules,
): Comparison {
  const pins = new Map(pinned.map((each) => [each.name, each]));
  const seen = new Set<string>();
  const shown: ToolDefinition[] = [];
  const withheld: WithheldTool[] = [];
  for (const now of pin(offered, rules.at)) {
    const { name, definition } = now;
    if (seen.has(name)) continue;
    seen.add(name);
    const before = pins.get(name);
    if (before?.hash === now.hash) {
      if (before.definition === undefined) pins.set(name, { ...before, definition });
      shown.push(definition);
    } else if (rules[before ? 'changed' : 'added'] === 'allow') {
      pins.set(name, now);
      shown.push(definition);
    } else {
      withheld.push({ name, ...(before?.definition && { before: before.definition }), after: definition });
    }
  }
  const removed = pinned.map(({ name }) => name).filter((name) => !seen.has(name));
  return { shown, withheld, removed, pins: [...pins.values()] };
}

/** A step of writing: text that is ready, or a value that is not yet text. */
type Step = { readonly text: string } | { readonly value: unknown };

/** Without recursion: a server decides how deep it goes. */
function canonicalJson(root: unknown): string {
  const pieces: string[] = [];
  const todo: Step[] = [{ value: root }];
  for (let step = todo.pop(); step; step = todo.pop()) {
    if ('text' in step) pieces.push(step.text);
    else if (typeof step.value === 'object' && step.value !== null) {
      for (const next of stepsOf(step.value).toReversed()) todo.push(next);
    } else pieces.push(JSON.stringify(step.value) ?? 'null');
  }
  return pieces.join('');
}

function stepsOf(value: object): readonly Step[] {
  if (Array.isArray(value)) {
    const items = value.flatMap((each: unknown, index): Step[] => [{ text: index > 0 ? ',' : '' }, { value: each }]);
    return [{ text: '[' }, ...items, { text: ']' }];
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, member]: [string, unknown], index): Step[] => [
      { text: `${index > 0 ? ',' : ''}${JSON.stringify(key)}:` },
      { value: member },
    ]);
  return [{ text: '{' }, ...members, { text: '}' }];
}
