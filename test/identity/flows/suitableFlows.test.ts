import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { FlowName, Place } from '../../../src/identity/flows/flow.ts';
import { flows } from '../../../src/identity/flows/index.ts';
import { suitableFlows } from '../../../src/identity/flows/suitable.ts';

const all: readonly FlowName[] = ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'];

/** What providers allow, as their presets say it, and what is tried in each place. */
const rows: readonly ({ readonly allowed: readonly FlowName[] } & Readonly<Record<Place, readonly FlowName[]>>)[] = [
  {
    allowed: all,
    desktop: ['loopback', 'editorUri', 'deviceCode', 'pasteRedirect'],
    remote: ['deviceCode', 'editorUri', 'pasteRedirect'],
    web: ['deviceCode', 'pasteRedirect', 'editorUri'],
  },
  {
    allowed: ['loopback', 'editorUri', 'pasteRedirect'],
    desktop: ['loopback', 'editorUri', 'pasteRedirect'],
    remote: ['editorUri', 'pasteRedirect'],
    web: ['pasteRedirect', 'editorUri'],
  },
  {
    allowed: ['pasteRedirect', 'loopback'],
    desktop: ['loopback', 'pasteRedirect'],
    remote: ['pasteRedirect'],
    web: ['pasteRedirect'],
  },
  { allowed: ['loopback'], desktop: ['loopback'], remote: [], web: [] },
  { allowed: ['deviceCode'], desktop: ['deviceCode'], remote: ['deviceCode'], web: ['deviceCode'] },
  { allowed: [], desktop: [], remote: [], web: [] },
];
const places: readonly Place[] = ['desktop', 'remote', 'web'];

describe('which ways of signing in are tried', () => {
  for (const { allowed, ...expected } of rows) {
    test(`what works in each place, of what the provider allows: ${allowed.join(', ') || 'nothing'}`, () => {
      for (const place of places) assert.deepEqual(suitableFlows(place, { flows: allowed }), expected[place], place);
    });
  }

  test('what the user chose comes first in every place, and only once', () => {
    for (const place of places) {
      for (const preferredFlow of all) {
        const [first, ...rest] = suitableFlows(place, { flows: all, preferredFlow });
        const others = suitableFlows(place, { flows: all }).filter((name) => name !== preferredFlow);
        assert.deepEqual([first, rest], [preferredFlow, others], `${place}, ${preferredFlow}`);
      }
    }
  });

  test('each way goes by the name that settings use', () => {
    assert.deepEqual(
      Object.entries(flows).map(([name, flow]) => [name, flow.name]),
      all.map((name) => [name, name]),
    );
  });
});
