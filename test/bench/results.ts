import type { Frame } from 'playwright-core';

import { type Ground, startGround } from '../results/ground.ts';
import { spread, type Spread } from './statistics.ts';

/** How a way to show rows does with ten thousand of them. Milliseconds. */
export interface GridFigures {
  readonly name: string;
  /** From the message with the rows to the frame after the first one stands there. */
  readonly first: Spread;
  /** Of the frames while it scrolls. */
  readonly median: Spread;
  readonly worst: Spread;
  /** In the document, at the end. */
  readonly elements: number;
}

const [ROWS, COLUMNS, FRAMES, STEP] = [10_000, 20, 240, 110];

/** What stands beside the page: the rows of the same message as a table, built the plain way. */
const plainTable = `<!doctype html><html lang="en"><meta charset="utf-8"><title>table</title>
<style>body{margin:0;font:12px/22px monospace}div{height:360px;overflow:auto}td{padding:0 8px;white-space:nowrap}</style>
<div><table><tbody></tbody></table></div>
<script>addEventListener('message', ({ data }) => {
  if (data?.method !== 'ui/notifications/tool-result') return;
  const body = document.querySelector('tbody');
  for (const row of data.params.structuredContent.rows) {
    const line = body.insertRow();
    for (const value of row) line.insertCell().textContent = value;
  }
});</script></html>`;

const ways = [
  { name: 'results page', path: '/page', row: '.body .row', scroller: '.grid' },
  { name: 'plain `<table>`', path: '/table', row: 'tr', scroller: 'div' },
] as const;
type Way = (typeof ways)[number];

interface Round {
  readonly first: number;
  readonly median: number;
  readonly worst: number;
  readonly elements: number;
}

/** Both ways in turn, so that what else happens on the machine meets both. */
export async function measureResults(rounds: number): Promise<GridFigures[]> {
  const ground = await startGround({
    browserArguments: ['--disable-frame-rate-limit', '--disable-gpu-vsync'],
    pages: { '/table': plainTable },
  });
  try {
    const taken = new Map<Way, Round[]>(ways.map((way) => [way, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) taken.get(way)?.push(await measured(ground, way));
    }
    return ways.map((way) => figures(way.name, taken.get(way) ?? []));
  } finally {
    await ground.close();
  }
}

function figures(name: string, rounds: readonly Round[]): GridFigures {
  const of = (part: 'first' | 'median' | 'worst'): Spread => spread(rounds.map((round) => round[part]));
  return { name, first: of('first'), median: of('median'), worst: of('worst'), elements: rounds.at(-1)?.elements ?? 0 };
}

async function measured(ground: Ground, { path, row, scroller }: Way): Promise<Round> {
  const frame = path === '/page' ? await ground.open() : await plain(ground, path);
  const arrived: Promise<number> = frame.evaluate(`new Promise((resolve) => {
    const look = () => document.querySelector(${JSON.stringify(row)})
      ? requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now())))
      : requestAnimationFrame(look);
    look();
  })`);
  const sent: number = await ground.page.evaluate(`(() => {
    const rows = Array.from({ length: ${ROWS} }, (_, row) => Array.from({ length: ${COLUMNS} }, (__, column) =>
      column % 2 ? 'row ' + row + ' column ' + column : row * 100 + column));
    const columns = Array.from({ length: ${COLUMNS} }, (_, column) => ({ name: 'column' + column, type: column % 2 ? 'text' : 'integer' }));
    const result = { content: [], structuredContent: { columns, rows } };
    const sent = performance.timeOrigin + performance.now();
    document.querySelector('iframe').contentWindow.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-result', params: result }, '*');
    return sent;
  })()`);
  const first = (await arrived) - sent;
  const frames: readonly number[] = await frame.evaluate(`new Promise((resolve) => {
    const scroller = document.querySelector(${JSON.stringify(scroller)});
    const taken = [];
    let before;
    const step = (now) => {
      if (before !== undefined) taken.push(now - before);
      before = now;
      if (taken.length === ${FRAMES}) return resolve(taken);
      scroller.scrollTop += ${STEP};
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
  const { median, most } = spread(frames);
  return { first, median, worst: most, elements: await frame.evaluate("document.querySelectorAll('*').length") };
}

/** The plain page in the frame of the same editor. */
async function plain(ground: Ground, path: string): Promise<Frame> {
  await ground.open();
  await ground.page.evaluate(`document.querySelector('iframe').style.height = '480px'`);
  const frame = ground.page.frames().find((each) => each.url().endsWith('/page'));
  if (!frame) throw new Error('The frame has no page.');
  await frame.goto(`${ground.origin}${path}`);
  return frame;
}
