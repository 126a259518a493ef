import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import '../ui/editor.ts';
import { finding, openWorld, outline, type Planting, type World } from './ground.ts';

const { redactedReport } = await import('../../src/ui/doctorReport.ts');

/** Plants each of them, and looks for exactly it: the first broken link, its code, who can mend it, and how. */
export function finds(title: string, plantings: readonly Planting[]): void {
  describe(title, () => {
    let world: World;
    before(async () => {
      world = await openWorld();
    });
    after(() => world?.close());
    afterEach(() => world.recover());

    for (const { name, plant, link, code, who, fix, without } of plantings)
      test(`the doctor finds ${name}`, async (context) => {
        const reason = without?.(world);
        if (reason !== undefined) return context.skip(reason);
        const { diagnose, close } = await plant(world);
        try {
          const diagnosis = await diagnose();
          const found = finding(diagnosis);
          const shown = `${outline(diagnosis)}\n${JSON.stringify(
            diagnosis.links.find(({ state }) => state === 'broken'),
            null,
            1,
          )}`;
          assert.deepEqual({ ...found, fix: '' }, { link, code, who, fix: '' }, shown);
          assert.match(found.fix, fix);
          assertNoSecret(world, JSON.stringify(diagnosis));
          assert.doesNotMatch(JSON.stringify(diagnosis), /canary/);
          assert.doesNotMatch(redactedReport(diagnosis), /alice|bob|carol/i);
        } finally {
          await close();
        }
      });
  });
}

/** Nothing that the lab's provider gave out may stand in a report, whole or in its signature. */
function assertNoSecret({ lab }: World, text: string): void {
  for (const { kind, value } of lab.idp.issued) {
    const parts = [value, ...(value.split('.').length === 3 ? [value.slice(value.lastIndexOf('.') + 1)] : [])];
    for (const part of parts) assert.ok(part.length < 8 || !text.includes(part), `a secret (${kind}) is in the report`);
  }
}
