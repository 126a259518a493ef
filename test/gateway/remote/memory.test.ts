import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import type { ToolChange } from '../../../src/core/link.ts';
import { serverMemory } from '../../../src/gateway/remote/memory.ts';
import type { ToolDefinition } from '../../../src/gateway/remote/toolDefinitions.ts';

const tool = (name: string, description = 'v1'): ToolDefinition => ({
  name,
  description,
  inputSchema: { type: 'object' },
});

function setup(remembered?: string, newTools: 'allow' | 'ask' = 'allow') {
  const told: { readonly facts: string; readonly withheld: readonly ToolChange[] }[] = [];
  const memory = serverMemory({
    server: 'https://crm.example.com/mcp',
    remembered,
    rules: { newTools, trusted: false },
    remember: (facts, withheld) => void told.push({ facts, withheld }),
    now: () => 7,
  });
  return { memory, told, last: () => told.at(-1)?.facts ?? '' };
}

const names = (tools: readonly ToolDefinition[]): readonly string[] => tools.map(({ name }) => name);
const padded = (count: number, characters: number, description = 'v1'): readonly ToolDefinition[] =>
  Array.from({ length: count }, (_, index) => tool(`tool_${index}`, description + 'x'.repeat(characters)));

test('a list of many pages is told of once, at its end, and what is as it was told is not told again', async () => {
  const { memory, told } = setup();
  memory.keep({ serverInfo: { name: 'crm' } });
  for (const name of ['a', 'b', 'c']) memory.take([tool(name)], name === 'c');
  memory.take([tool('a')], true);
  await delay(300);
  assert.deepEqual(
    told.map(({ facts }) => (JSON.parse(facts) as { tools: ToolDefinition[] }).tools.map(({ name }) => name)),
    [['a', 'b', 'c']],
  );
});

test('a list that never ends is told of all the same', async () => {
  const { memory, told } = setup();
  memory.take([tool('a')], false);
  memory.take([tool('b')], false);
  assert.equal(told.length, 0);
  await delay(300);
  assert.equal(told.length, 1);
});

test('a server that pads its list is remembered whole: every pin is there, and a change is withheld in the next window', () => {
  const { memory, last } = setup();
  const tools = padded(600, 4000);
  memory.take(tools, true);
  assert.ok(Buffer.byteLength(last()) <= 1_500_000);
  const next = setup(last());
  assert.deepEqual(names(next.memory.take(tools, true)), names(tools));
  const kept = names(next.memory.known());
  assert.ok(kept.length > 0 && kept.length <= 512);
  const changed = tool('tool_599', 'other');
  assert.deepEqual(next.memory.take([changed], true), []);
  assert.deepEqual(next.told.at(-1)?.withheld, [
    { tool: 'tool_599', before: undefined, after: JSON.stringify(changed) },
  ]);
});

test('tools whose very names find no room are neither shown nor called', () => {
  const { memory, last } = setup();
  const tools = Array.from({ length: 20 }, (_, index) => tool(`${index}`.padEnd(100_000, 'x')));
  const shown = memory.take(tools, true);
  assert.equal(shown.length, 9);
  assert.deepEqual(
    tools.map(({ name }) => memory.withholds(name)),
    tools.map((_, index) => index >= 9),
  );
  assert.ok(Buffer.byteLength(last()) <= 1_500_000);
});

test('of changes that are too many some wait for the answer to the others, and none is shown', () => {
  const { memory, told } = setup();
  memory.take(padded(6, 300_000), true);
  const changed = padded(6, 300_000, 'other');
  assert.deepEqual(memory.take(changed, true), []);
  const first = told.at(-1)?.withheld ?? [];
  assert.ok(first.length > 0 && first.length < 6);
  assert.ok(changed.every(({ name }) => memory.withholds(name)));
  assert.equal(memory.reviewed(first), true);
  memory.take(changed, true);
  assert.equal(first.length + (told.at(-1)?.withheld.length ?? 0), 6);
});

test('a server whose first list is empty has been seen: what it offers then is new', () => {
  const { memory, last } = setup(undefined, 'ask');
  memory.take([], true);
  assert.deepEqual(memory.take([tool('a')], true), []);
  assert.deepEqual(setup(last(), 'ask').memory.take([tool('a')], true), []);
});

test('of what a server says of itself no more is remembered than is needed', () => {
  const { memory } = setup();
  memory.keep({
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'n'.repeat(300), version: '1', icons: ['x'] },
    instructions: 'é'.repeat(5000),
    _meta: { more: 'x' },
  });
  assert.deepEqual(memory.initialized(), {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'n'.repeat(200), version: '1' },
    instructions: 'é'.repeat(2048),
  });
  memory.keep({ capabilities: { experimental: 'x'.repeat(10_000) }, serverInfo: 7 });
  assert.deepEqual(memory.initialized(), { capabilities: { tools: {} }, serverInfo: {} });
});
