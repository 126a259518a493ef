import * as z from 'zod/mini';

import type { ToolChange } from '../../core/link.ts';
import { compareWithPins, hashOf, type PinnedTool } from './pinnedTools.ts';
import type { ToolDefinition } from './toolDefinitions.ts';

const definition = z.looseObject({ name: z.string(), inputSchema: z.record(z.string(), z.unknown()) });
const schema = z.object({
  version: z.literal(1),
  /** Address or program: what another server said counts for nothing. */
  server: z.string(),
  initialized: z.optional(z.record(z.string(), z.unknown())),
  tools: z.array(z.object({ name: z.string(), hash: z.string(), definition })),
  /** False until a list was seen to its end. */
  complete: z.boolean(),
});

export interface MemoryRules {
  readonly newTools: 'allow' | 'ask';
  readonly trusted: boolean;
}

/** What one user knows of a remote server: what it said of itself, and its tools as they were when the user took them. */
export interface ServerMemory {
  /** What the server said of itself. */
  initialized(): Readonly<Record<string, unknown>> | undefined;
  keep(initialized: Readonly<Record<string, unknown>>): void;
  /** The tools that the user knows, whether the server is there or not. */
  known(): readonly ToolDefinition[];
  /**
   * Compares a page of the server's list with what the user knows; unknown tools of the first list are taken as they are.
   * @param last whether the list ends with it
   * @returns the tools of the page that may be shown
   */
  take(offered: readonly ToolDefinition[], last: boolean): readonly ToolDefinition[];
  /** Whether a tool is withheld. */
  withholds(tool: string): boolean;
  /** The user has seen these changes. @returns whether that changes what is shown */
  reviewed(changes: readonly ToolChange[]): boolean;
}

export interface MemoryPorts {
  /** Address or program of the server. */
  readonly server: string;
  readonly remembered: string | undefined;
  readonly rules: MemoryRules;
  readonly remember: (facts: string, withheld: readonly ToolChange[]) => void;
}

export function serverMemory({ server, remembered, rules, remember }: MemoryPorts): ServerMemory {
  const before = read(remembered, server);
  let initialized = before?.initialized;
  let pins: readonly PinnedTool[] = before?.tools ?? [];
  let complete = before?.complete ?? false;
  const withheld = new Map<string, ToolChange>();
  let told = '';
  /** Nothing was listed since the start: the user may answer to what was withheld before it. */
  let isFresh = true;

  function tell(): void {
    const facts = JSON.stringify({ version: 1, server, initialized, tools: pins, complete });
    const changes = [...withheld.values()];
    const now = facts + JSON.stringify(changes);
    if (now === told) return;
    told = now;
    remember(facts, changes);
  }

  return {
    initialized: () => initialized,
    keep(said) {
      initialized = said;
      tell();
    },
    known: () => pins.filter(({ name }) => !withheld.has(name)).map((pinned) => pinned.definition),
    take(offered, last) {
      isFresh = false;
      const ask = rules.trusted ? 'allow' : 'ask';
      const added = rules.trusted || !complete ? 'allow' : rules.newTools;
      const found = compareWithPins(pins, offered, { changed: ask, added });
      for (const { name } of offered) withheld.delete(name);
      for (const { name, before: old, after } of found.withheld)
        withheld.set(name, { tool: name, before: old && JSON.stringify(old), after: JSON.stringify(after) });
      pins = found.pins;
      complete ||= last;
      tell();
      return found.shown;
    },
    withholds: (tool) => withheld.has(tool),
    reviewed(changes) {
      let any = false;
      for (const { tool, after } of changes) {
        // Only what was shown: by now it may be another one again. Before a first list that comparison is still to come.
        if (withheld.get(tool)?.after !== after && !isFresh) continue;
        const taken = definition.parse(JSON.parse(after)) as unknown as ToolDefinition;
        pins = [...pins.filter(({ name }) => name !== tool), { name: tool, hash: hashOf(taken), definition: taken }];
        withheld.delete(tool);
        any = true;
      }
      if (any) tell();
      return any;
    },
  };
}

function read(
  text: string | undefined,
  server: string,
):
  | {
      readonly initialized?: Readonly<Record<string, unknown>> | undefined;
      readonly tools: readonly PinnedTool[];
      readonly complete: boolean;
    }
  | undefined {
  if (text === undefined) return undefined;
  try {
    const facts = schema.parse(JSON.parse(text));
    return facts.server === server ? { ...facts, tools: facts.tools as unknown as readonly PinnedTool[] } : undefined;
  } catch {
    return undefined;
  }
}
