import { type Answer, answerOf, type FailureAnswer, type RowsAnswer } from './answer.ts';
import { element } from './dom.ts';
import { connectHost, type Host, type HostContext } from './host.ts';
import { failureView, message } from './messages.ts';
import { askForMore } from './more.ts';
import { type ResultView, resultView } from './resultView.ts';
import { applyTheme } from './theme.ts';
import { type Words, wordsFor } from './words.ts';

/** Defined by the build. */
declare const DATA_PASSPORT_VERSION: string;

const root = document.querySelector('main') ?? document.body;
/** For those who find their way by headings; what is seen needs none. */
const heading = element('h1');
let words: Words = wordsFor(undefined);
let host: Host | undefined;
let args: Readonly<Record<string, unknown>> = {};
let view: ResultView | undefined;

/** The most that a grid takes of the height that the editor gives, which has to hold what is around it too. */
function bound({ containerDimensions }: HostContext): void {
  const most = containerDimensions?.maxHeight ?? containerDimensions?.height;
  if (most !== undefined) document.documentElement.style.setProperty('--most-height', `${most}px`);
}

function put(content: HTMLElement): void {
  heading.textContent = words.results;
  root.replaceChildren(heading, content);
}

function shown(answer: Answer): void {
  if (answer.kind === 'rows') return rows(answer);
  view = undefined;
  const { message: text } = answer;
  put(failureView({ ...answer, message: text === '' ? words.unreadable : text }, words));
}

function rows(answer: RowsAnswer): void {
  const next = askForMore(args, answer);
  const more = next !== undefined && host !== undefined;
  const show = (state: { loading: boolean; failure?: FailureAnswer }): void => view?.show({ answer, more, ...state });

  async function loadMore(): Promise<void> {
    show({ loading: true });
    const found = await again(next ?? args);
    if (found.kind === 'failure') return show({ loading: false, failure: found });
    rows(found);
    view?.say(words.loaded(found.rows.length));
  }

  load = () => void loadMore();
  if (!view) {
    view = resultView({ words, loadMore: () => load() });
    put(view.element);
  }
  show({ loading: false });
}

let load = (): void => undefined;

async function again(wanted: Readonly<Record<string, unknown>>): Promise<Answer> {
  try {
    return answerOf(await host?.callTool('more_rows', wanted));
  } catch (error) {
    return { kind: 'failure', message: error instanceof Error ? error.message : '' };
  }
}

async function start(): Promise<void> {
  host = await connectHost(
    {
      context(context) {
        applyTheme(context);
        bound(context);
        if (context.locale !== undefined) words = wordsFor(context.locale);
        document.documentElement.lang = words.language;
      },
      input: (given) => (args = given),
      result: (result) => shown(answerOf(result)),
      canceled() {
        view = undefined;
        put(message(words.canceled));
      },
    },
    DATA_PASSPORT_VERSION,
  );
  const { sizeChanged } = host;
  new ResizeObserver(() => sizeChanged(Math.ceil(root.getBoundingClientRect().height))).observe(root);
  if (root.childElementCount === 0) put(message(words.running));
}

start().catch(() => put(message(words.unreadable)));
