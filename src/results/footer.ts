import type { FailureAnswer, RowsAnswer } from './answer.ts';
import { element } from './dom.ts';
import { visible } from './visible.ts';
import type { Words } from './words.ts';

export interface FooterState {
  readonly answer: RowsAnswer;
  /** Rows that pass the filter. */
  readonly shown: number;
  /** Whether a larger part of the result can be had. */
  readonly more: boolean;
  readonly loading: boolean;
  /** Why the last try to get more failed. */
  readonly failure?: FailureAnswer | undefined;
}

/** How many rows there are, as whom they were read, what was cut, and how to see more. */
export interface Footer {
  readonly element: HTMLElement;
  show(state: FooterState): void;
  /** Says something once. */
  say(text: string): void;
}

export function footer({ words, loadMore }: { readonly words: Words; loadMore(): void }): Footer {
  const count = element('span', { class: 'count', role: 'status' });
  const facts = element('span', { class: 'facts' });
  const cut = element('p', { class: 'cut' });
  const news = element('span', { class: 'news', role: 'status' });
  const button = element(
    'button',
    { type: 'button', class: 'button primary', 'aria-describedby': 'again' },
    words.loadMore,
  );
  const again = element('span', { id: 'again' }, words.runsAgain);
  const more = element('div', { class: 'more' }, button, again);
  const failed = element('p', { class: 'failed', role: 'alert' });
  button.addEventListener('click', loadMore);
  const root = element('footer', {}, element('div', { class: 'line' }, count, facts, news), cut, more, failed);
  let forget: ReturnType<typeof setTimeout> | undefined;

  return {
    element: root,
    show({ answer, shown, more: canLoad, loading, failure }) {
      const all = answer.rows.length;
      setText(count, shown === all ? words.rows(all) : words.rowsOf(shown, all));
      setText(facts, factsOf(answer, words));
      facts.hidden = facts.textContent === '';
      setText(cut, cutOf(answer, canLoad, words));
      more.hidden = !canLoad;
      button.disabled = loading;
      setText(again, loading ? words.loading : words.runsAgain);
      setText(failed, failure ? failureLine(failure, words) : '');
    },
    say(text) {
      clearTimeout(forget);
      setText(news, text);
      forget = setTimeout(() => setText(news, ''), 4000);
    },
  };
}

function factsOf({ elapsedMs, ranAs }: RowsAnswer, words: Words): string {
  const facts = [
    elapsedMs === undefined ? '' : words.milliseconds(elapsedMs),
    ranAs ? visible(words.asUser(ranAs.user, ranAs.role)) : '',
    ranAs?.shared === true ? words.sharedIdentity : '',
  ];
  return facts.filter((fact) => fact !== '').join(' · ');
}

function cutOf({ rows, cutAt, mostRows, truncated }: RowsAnswer, canLoad: boolean, words: Words): string {
  const after = `${words.cutAfter(rows.length)}.`;
  if (canLoad) return after;
  if (cutAt === 'rows') return `${after} ${words.boundRows(mostRows ?? rows.length)}`;
  if (cutAt === 'bytes') return `${after} ${words.boundBytes}`;
  return truncated ? words.cutCells : '';
}

function failureLine({ message, fix, code }: FailureAnswer, words: Words): string {
  const parts = [words.notLoaded, message, fix ?? '', code === undefined ? '' : `(${code})`];
  return visible(parts.filter((part) => part !== '').join(' '));
}

/** A text that stays the same is not read out again. */
function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
  if (target.tagName === 'P') target.hidden = text === '';
}
