import * as z from 'zod/mini';

import { isObject } from '../record.ts';
import type { PinnedTool } from './pinnedTools.ts';
import type { ToolDefinition } from './toolDefinitions.ts';

/** Bytes of everything that is remembered of one server. */
const FACTS = 1_500_000;
/** Bytes of them for names and hashes: a tool that does not fit even so is not pinned, and what is not pinned is not shown. */
const NAMES = 1_000_000;
/** Bytes of them for what the server says of itself. */
const INTRODUCTION = 64_000;
/** Tools whose definition is kept. */
const DEFINITIONS = 512;
/** Bytes of its instructions. */
const INSTRUCTIONS = 4096;
/** Characters of its capabilities, as JSON. */
const CAPABILITIES = 8192;
/** Characters of its name, title and version. */
const NAME = 200;

export const definition = z.looseObject({ name: z.string(), inputSchema: z.record(z.string(), z.unknown()) });
const schema = z.object({
  version: z.literal(1),
  /** Address or program: what another server said counts for nothing. */
  server: z.string(),
  initialized: z.optional(z.record(z.string(), z.unknown())),
  tools: z.array(
    z.object({
      name: z.string(),
      hash: z.string(),
      definition: z.optional(definition),
      at: z.optional(z.number()),
    }),
  ),
  /** False until a list was seen to its end. */
  complete: z.boolean(),
});

/** What is remembered of a server. */
export interface MemoryFacts {
  readonly initialized?: Readonly<Record<string, unknown>> | undefined;
  readonly tools: readonly PinnedTool[];
  readonly complete: boolean;
}

export function writeFacts(server: string, { initialized, tools, complete }: MemoryFacts): string {
  return JSON.stringify({ version: 1, server, initialized, tools, complete });
}

/** Undefined for what was said of another server, or not written here. */
export function readFacts(text: string | undefined, server: string): MemoryFacts | undefined {
  if (text === undefined) return undefined;
  try {
    const facts = schema.parse(JSON.parse(text));
    return facts.server === server ? { ...facts, tools: facts.tools as unknown as readonly PinnedTool[] } : undefined;
  } catch {
    return undefined;
  }
}

/** The pins that there is room for, the oldest first, each with its definition as long as there is room for that. */
export function fitted(pins: readonly PinnedTool[]): readonly PinnedTool[] {
  let names = 0;
  const kept = pins.filter(({ definition: _definition, ...bare }) => {
    const size = bytes(bare);
    if (names + size > NAMES) return false;
    names += size;
    return true;
  });
  let left = FACTS - INTRODUCTION - names;
  let count = 0;
  return kept.map((pinned) => {
    if (pinned.definition === undefined) return pinned;
    const size = sizeOf(pinned.definition);
    if (count < DEFINITIONS && size <= left) {
      count += 1;
      left -= size;
      return pinned;
    }
    const { definition: _definition, ...bare } = pinned;
    return bare;
  });
}

const sizes = new WeakMap<ToolDefinition, number>();

function sizeOf(of: ToolDefinition): number {
  const size = sizes.get(of) ?? bytes({ definition: of });
  sizes.set(of, size);
  return size;
}

/** With the comma before it. */
const bytes = (value: object): number => Buffer.byteLength(JSON.stringify(value)) + 1;

/** What is needed of a server's introduction when it is not there to introduce itself. */
export function shortIntroduction(said: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { protocolVersion, capabilities, serverInfo, instructions } = said;
  const info = isObject(serverInfo) ? serverInfo : {};
  const names = ['name', 'title', 'version'].flatMap((key) => {
    const text = info[key];
    return typeof text === 'string' ? [[key, text.slice(0, NAME)] as const] : [];
  });
  const isShort = isObject(capabilities) && JSON.stringify(capabilities).length <= CAPABILITIES;
  return {
    ...(typeof protocolVersion === 'string' && { protocolVersion: protocolVersion.slice(0, NAME) }),
    capabilities: isShort ? capabilities : { tools: {} },
    serverInfo: Object.fromEntries(names),
    ...(typeof instructions === 'string' && { instructions: beginning(instructions) }),
  };
}

function beginning(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(INSTRUCTIONS));
  return text.slice(0, read);
}
