import { isObject, type JsonRecord } from '../record.ts';
import { embeddedIcons, inertText } from './inertContent.ts';
import { isPlain } from './plainText.ts';

/** A tool as a server offers it (MCP 2025-11-25, server/tools). `unknown` is what nobody here looks into. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: JsonRecord;
  readonly outputSchema?: JsonRecord | undefined;
  readonly annotations?: JsonRecord | undefined;
  readonly icons?: unknown;
  readonly execution?: unknown;
  readonly _meta?: JsonRecord | undefined;
}

export interface DroppedTool {
  /** As far as it can be shown. */
  readonly name: string;
  readonly reason: 'name' | 'schema' | 'duplicate' | 'shape' | 'tooMany';
}

export interface CleanTools {
  readonly tools: readonly ToolDefinition[];
  readonly dropped: readonly DroppedTool[];
  /** Names of the tools whose texts held something that is not for showing; text that was only too long, or had other line ends, does not count. */
  readonly flagged: readonly string[];
}

const MOST_TOOLS = 512;
/** Bytes of UTF-8. */
const limits = { title: 256, description: 4096, schemaText: 1024, tool: 65_536 };
/** Bytes for the sign that a text was cut, and for what making its end inert adds. */
const ENDING = 16;
/** Levels of a schema. */
const DEEPEST = 64;
const SHOWN_NAME = 128;
const validName = /^[A-Za-z0-9_./-]{1,128}$/;
/** Keywords of JSON Schema whose strings are shown; all others are compared with values, or are values. */
const shownKeywords: ReadonlySet<string> = new Set(['title', 'description', '$comment']);

interface Cleaning {
  readonly text: (text: unknown, bytes: number) => string | undefined;
  changed: boolean;
}

/**
 * The tools of a server as the editor may get them: only known members, texts inert and bounded, names that the editor can
 * tell apart, at most 512 tools of 64 KiB.
 * @param options `trustHints`: whether the server's word that a tool only reads spares the user the confirmation
 */
export function cleanTools(tools: unknown, options: { readonly trustHints: boolean }): CleanTools {
  const kept: ToolDefinition[] = [];
  const dropped: DroppedTool[] = [];
  const flagged: string[] = [];
  const taken = new Set<string>();
  for (const tool of Array.isArray(tools) ? (tools as readonly unknown[]) : []) {
    const reason = faultOf(tool, taken, kept.length);
    const cleaning = newCleaning();
    const clean = reason === undefined && isTool(tool) ? cleanTool(tool, options.trustHints, cleaning) : undefined;
    if (clean === undefined) {
      dropped.push({ name: shownName(tool), reason: reason ?? 'schema' });
      continue;
    }
    taken.add(editorName(clean.name));
    kept.push(clean);
    if (cleaning.changed) flagged.push(clean.name);
  }
  return { tools: kept, dropped, flagged };
}

/** Whether a value has the members without which it is no tool, in the types that they need. */
export function isTool(value: unknown): value is ToolDefinition {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    isObject(value['inputSchema']) &&
    value['inputSchema']['type'] === 'object'
  );
}

function faultOf(tool: unknown, taken: ReadonlySet<string>, count: number): DroppedTool['reason'] | undefined {
  if (!isObject(tool) || typeof tool['name'] !== 'string') return 'shape';
  if (!validName.test(tool['name'])) return 'name';
  if (!isTool(tool)) return 'schema';
  if (taken.has(editorName(tool.name))) return 'duplicate';
  return count >= MOST_TOOLS ? 'tooMany' : undefined;
}

/** VS Code registers tools under such names; at the second one of a name it throws, and the server's remaining tools are lost. */
function editorName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '_')
    .slice(0, 46);
}

function shownName(tool: unknown): string {
  const name = isObject(tool) ? tool['name'] : undefined;
  return typeof name === 'string' ? inertText(name.slice(0, SHOWN_NAME)) : '';
}

function newCleaning(): Cleaning {
  const cleaning: Cleaning = {
    changed: false,
    text(text, bytes) {
      if (typeof text !== 'string') return undefined;
      const inert = inertText(text);
      cleaning.changed ||= inert !== text.replace(/\r\n?/g, '\n');
      return beginning(inert, bytes);
    },
  };
  return cleaning;
}

/** `undefined` if its schemas can't be shown as they are, or if it is too large. */
function cleanTool(tool: ToolDefinition, trustHints: boolean, cleaning: Cleaning): ToolDefinition | undefined {
  const { name, _meta, execution } = tool;
  const title = cleaning.text(tool.title, limits.title);
  const description = cleaning.text(tool.description, limits.description);
  const inputSchema = cleanSchema(tool.inputSchema, cleaning);
  const outputSchema = isObject(tool.outputSchema) ? cleanSchema(tool.outputSchema, cleaning) : undefined;
  if (!inputSchema || (isObject(tool.outputSchema) && !outputSchema)) return undefined;
  const icons = embeddedIcons(tool.icons);
  const clean = {
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema,
    ...(outputSchema && { outputSchema }),
    ...(isObject(tool.annotations) && { annotations: cleanAnnotations(tool.annotations, trustHints, cleaning) }),
    ...(icons.length > 0 && { icons }),
    ...(isObject(execution) && { execution }),
    ...(isObject(_meta) && { _meta }),
  };
  return isWithin(clean, limits.tool) ? clean : undefined;
}

/** What the protocol names, in its types: a hint of another type is none. */
function cleanAnnotations(annotations: JsonRecord, trustHints: boolean, cleaning: Cleaning): JsonRecord {
  const title = cleaning.text(annotations['title'], limits.title);
  const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']
    .filter((hint) => typeof annotations[hint] === 'boolean' && (trustHints || hint !== 'readOnlyHint'))
    .map((hint) => [hint, annotations[hint]] as const);
  return { ...(title !== undefined && { title }), ...Object.fromEntries(hints) };
}

/**
 * The schema with its texts cleaned. `undefined` where a name or a value in it has characters that nobody sees: they can't
 * be taken out, because arguments must match them, nor shown, because they may instruct the model.
 */
function cleanSchema(schema: JsonRecord, cleaning: Cleaning): JsonRecord | undefined {
  const faults = { hidden: false };
  const clean = cleanNode(schema, { cleaning, faults, depth: 0 });
  return faults.hidden || !isObject(clean) ? undefined : clean;
}

interface Walk {
  readonly cleaning: Cleaning;
  readonly faults: { hidden: boolean };
  readonly depth: number;
}

function cleanNode(node: unknown, walk: Walk): unknown {
  const { cleaning, faults, depth } = walk;
  if (typeof node === 'string') faults.hidden ||= !isPlain(node);
  if (typeof node !== 'object' || node === null) return node;
  if (depth >= DEEPEST) {
    faults.hidden = true;
    return undefined;
  }
  const below = { ...walk, depth: depth + 1 };
  if (Array.isArray(node)) return node.map((each) => cleanNode(each, below));
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => {
    faults.hidden ||= !isPlain(key);
    const text = shownKeywords.has(key) ? cleaning.text(value, limits.schemaText) : undefined;
    return [key, text ?? cleanNode(value, below)];
  });
  return Object.fromEntries(entries);
}

const encoder = new TextEncoder();

function isWithin(value: unknown, bytes: number): boolean {
  try {
    return encoder.encode(JSON.stringify(value)).length <= bytes;
  } catch {
    // Members that are passed on unseen may be nested too deep to be written.
    return false;
  }
}

function beginning(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || encoder.encode(text).length <= bytes) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes - ENDING));
  // What was one thing whole may be another one in part.
  return `${inertText(text.slice(0, read))}…`;
}
