import assert from 'node:assert/strict';

import { guides } from '../../src/guides/index.ts';
import { factsOf, type Sample } from './samples.ts';

/** The whole text of one guide, which must be offered for the sample's connection. */
export function textOf(id: string, sample: Sample): string {
  const facts = factsOf(sample);
  const guide = guides.find((each) => each.id === id);
  if (!guide?.applies(facts)) throw new Error(`${id} is not offered for this connection`);
  return guide.text(facts);
}

/** As an administrator fills it in; nothing may be left in what runs. */
export function filled(text: string, words: Readonly<Record<string, string>>): string {
  const done = Object.entries(words).reduce((sofar, [name, word]) => sofar.replaceAll(`<${name}>`, word), text);
  const left = done.split('\n').find((line) => !/^\s*(?:--|#)/.test(line) && /<[^>]+>/.test(line));
  assert.equal(left, undefined, `left to fill in: ${left}`);
  return done;
}
