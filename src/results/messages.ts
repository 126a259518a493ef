import type { FailureAnswer } from './answer.ts';
import { element } from './dom.ts';
import { visible, visibleLines } from './visible.ts';
import type { Words } from './words.ts';

/** What stands in place of rows. */
export function message(text: string): HTMLElement {
  return element('p', { class: 'message', role: 'status' }, text);
}

/** What went wrong, in the gateway's sentences: what it is, what to do, and the code that the documentation explains. */
export function failureView({ code, message: text, detail, fix }: FailureAnswer, words: Words): HTMLElement {
  const root = element('section', { class: 'failure', 'aria-label': words.failed });
  root.append(
    element(
      'p',
      { class: 'what' },
      element('span', { class: 'mark', 'aria-hidden': 'true' }, '!'),
      visibleLines(text === '' ? words.failed : text),
    ),
  );
  if (detail !== undefined) root.append(element('pre', { tabindex: 0 }, visibleLines(detail)));
  if (fix !== undefined) root.append(element('p', {}, element('strong', {}, `${words.fix}: `), visible(fix)));
  if (code !== undefined) root.append(element('p', {}, element('code', {}, visible(code))));
  return root;
}
