import type { ToolChange } from '../../core/link.ts';
import { definition, fitted, readFacts, shortIntroduction, writeFacts } from './memoryFacts.ts';
import { compareWithPins, pin, type PinnedTool, type WithheldTool } from './pinnedTools.ts';
import type { ToolDefinition } from './toolDefinitions.ts';

/** Milliseconds within which the pages of a list are told of together. */
const TOGETHER = 250;
/** Characters of what changed that is held for the user's eyes; the rest waits until that is answered. */
const WITHHELD = 2_000_000;

export interface MemoryRules {
  readonly newTools: 'allow' | 'ask';
  readonly trusted: boolean;
}

/** What one user knows of a remote server: what it said of itself, and its tools as they were when the user took them. */
export interface ServerMemory {
  /** What the server said of itself, as far as it is of use later. */
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
  /** Told at the end of a list, and otherwise a moment later. */
  readonly remember: (facts: string, withheld: readonly ToolChange[]) => void;
  /** Milliseconds since 1970. Default: the clock of the system. */
  readonly now?: (() => number) | undefined;
}

export function serverMemory({ server, remembered, rules, remember, now = Date.now }: MemoryPorts): ServerMemory {
  const before = readFacts(remembered, server);
  let initialized = before?.initialized;
  let pins: readonly PinnedTool[] = [];
  let complete = before?.complete ?? false;
  /** Undefined where there was no room for what changed. */
  const withheld = new Map<string, ToolChange | undefined>();
  /** There was no room for some of the tools: what is not pinned is not to be used from then on. */
  let isFull = false;
  let told = '';
  /** Nothing was listed since the start: the user may answer to what was withheld before it. */
  let isFresh = true;
  let soon: NodeJS.Timeout | undefined;

  function tell(): void {
    clearTimeout(soon);
    soon = undefined;
    const facts = writeFacts(server, { initialized, tools: pins, complete });
    const changes = [...withheld.values()].filter((change) => change !== undefined);
    const all = facts + JSON.stringify(changes);
    if (all === told) return;
    told = all;
    remember(facts, changes);
  }

  /** Everything is told each time, so a server that has many pages is not told of page by page. */
  function tellSoon(): void {
    soon ??= setTimeout(tell, TOGETHER).unref();
  }

  function keepPins(next: readonly PinnedTool[]): void {
    pins = fitted(next);
    isFull ||= pins.length < next.length;
  }

  function withhold(changed: readonly WithheldTool[]): void {
    let held = 0;
    for (const change of withheld.values()) held += change ? sizeOf(change) : 0;
    for (const { name, before: old, after } of changed) {
      const change = { tool: name, before: old && JSON.stringify(old), after: JSON.stringify(after) };
      const fits = held + sizeOf(change) <= WITHHELD;
      if (fits) held += sizeOf(change);
      if (fits || isPinned(name)) withheld.set(name, fits ? change : undefined);
      else isFull = true;
    }
  }

  keepPins(before?.tools ?? []);

  const isPinned = (tool: string): boolean => pins.some(({ name }) => name === tool);

  return {
    initialized: () => initialized,
    keep(said) {
      initialized = shortIntroduction(said);
      tellSoon();
    },
    known: () => pins.flatMap(({ name, definition: kept }) => (kept === undefined || withheld.has(name) ? [] : [kept])),
    take(offered, last) {
      isFresh = false;
      const changed = rules.trusted ? 'allow' : 'ask';
      const added = rules.trusted || !complete ? 'allow' : rules.newTools;
      const found = compareWithPins(pins, offered, { changed, added, at: now() });
      for (const { name } of offered) withheld.delete(name);
      keepPins(found.pins);
      withhold(found.withheld);
      complete ||= last;
      if (last) tell();
      else tellSoon();
      if (!isFull || rules.trusted) return found.shown;
      const names = new Set(pins.map(({ name }) => name));
      return found.shown.filter(({ name }) => names.has(name));
    },
    withholds: (tool) => withheld.has(tool) || (isFull && !rules.trusted && !isPinned(tool)),
    reviewed(changes) {
      let any = false;
      for (const { tool, after } of changes) {
        // Only what was shown: by now it may be another one again. Before a first list that comparison is still to come.
        if (withheld.get(tool)?.after !== after && !isFresh) continue;
        const taken = definition.parse(JSON.parse(after)) as unknown as ToolDefinition;
        keepPins([...pins.filter(({ name }) => name !== tool), ...pin([taken], now())]);
        withheld.delete(tool);
        any = true;
      }
      if (any) tell();
      return any;
    },
  };
}

const sizeOf = ({ before = '', after }: ToolChange): number => before.length + after.length;
