export type Sentence = readonly [title: string, body: () => void | Promise<void>];

/**
 * Runs a suite inside the extension host, where `node:test` can't report: one line a sentence, in order.
 *
 * @throws Error after the last one when any of them failed; the editor turns that into its exit code
 */
export async function runSentences(sentences: readonly Sentence[]): Promise<void> {
  let failed = 0;
  for (const [title, body] of sentences) {
    try {
      await body();
      console.log(`✔ ${title}`);
    } catch (error) {
      failed += 1;
      console.log(`✖ ${title}\n${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  console.log(`${sentences.length - failed} of ${sentences.length} hold`);
  if (failed > 0 || sentences.length === 0) throw new Error(`${failed} of ${sentences.length} sentences do not hold`);
}

/** Whether a line of the editor's console comes from {@link runSentences}. */
export function isReport(line: string): boolean {
  return /^[✔✖]|^\d+ of \d+ hold$/.test(line);
}
