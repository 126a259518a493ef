import type { Locator } from 'playwright-core';

import type { Workbench } from './browser.ts';
import { until } from './driver.ts';

/** A user of guided inputs, who waits for what is to be seen, and is counted. */
export interface Guide {
  click(what: Locator): Promise<void>;
  pick(entry: string | RegExp): Promise<void>;
  /** Types into the box with this prompt and confirms. */
  type(text: string, prompt: RegExp): Promise<void>;
  /** Types something that the box refuses with this message. */
  mistype(text: string, prompt: RegExp, message: string): Promise<void>;
  count(): { readonly clicks: number; readonly inputs: number };
}

export function startGuide({ page }: Workbench): Guide {
  let clicks = 0;
  let inputs = 0;
  const box = page.locator('.quick-input-widget:visible');
  const input = box.locator('.quick-input-box input');
  return {
    async click(what) {
      await what.first().click();
      clicks += 1;
    },
    async pick(entry) {
      const label = box.locator('.monaco-list-row .label-name');
      const exact =
        typeof entry === 'string' ? label.getByText(entry, { exact: true }) : label.filter({ hasText: entry });
      // A long list shows what fits: typing finds the rest, as a person would.
      if (typeof entry !== 'string' || (await exact.count()) === 0) await narrow(entry);
      await onward(() => exact.first().click());
      clicks += 1;
    },
    async type(text, prompt) {
      await asked(prompt);
      await input.fill(text);
      await onward(() => page.keyboard.press('Enter'));
      inputs += 1;
    },
    async mistype(text, prompt, message) {
      await asked(prompt);
      await input.fill(text);
      await box.getByText(message).first().waitFor();
      await input.fill('');
      inputs += 1;
    },
    count: () => ({ clicks, inputs }),
  };

  function asked(prompt: RegExp): Promise<void> {
    return box.getByText(prompt).first().waitFor();
  }

  /** The number in the title grows with each answer: the next question is on the screen, or none is. */
  async function onward(answer: () => Promise<void>): Promise<void> {
    const title = box.locator('.quick-input-title');
    const before = await title.first().textContent();
    await answer();
    await until(
      async () => {
        const now =
          (await title.count()) === 0
            ? ''
            : await title
                .first()
                .textContent({ timeout: 1000 })
                .catch(() => '');
        return now === before ? undefined : true;
      },
      20_000,
      `Nothing came after ${before ?? ''}`,
    );
  }

  async function narrow(entry: string | RegExp): Promise<void> {
    await box.locator('.monaco-list-row').first().waitFor();
    const words = typeof entry === 'string' ? entry : entry.source.replace(/[^\w ]/g, '');
    const first = box
      .locator('.monaco-list-row .label-name')
      .filter({ hasText: typeof entry === 'string' ? entry : entry });
    if ((await first.count()) === 0) await input.fill(words);
  }
}
