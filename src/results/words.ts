import type { ChartKind } from './suggestChart.ts';

/** Everything that the page says. */
export interface Words {
  readonly language: string;
  readonly running: string;
  readonly canceled: string;
  readonly results: string;
  readonly table: string;
  readonly chart: string;
  readonly view: string;
  readonly filter: string;
  readonly filterColumns: string;
  readonly filterOf: (column: string) => string;
  readonly filterHint: string;
  readonly copyCsv: string;
  readonly copyMarkdown: string;
  readonly copiedRows: (count: number) => string;
  readonly copiedCell: string;
  readonly copyFailed: string;
  readonly rows: (count: number) => string;
  readonly rowsOf: (shown: number, count: number) => string;
  readonly noRows: string;
  readonly noRowsMatch: string;
  readonly noColumns: string;
  readonly cutAfter: (count: number) => string;
  readonly cutCells: string;
  readonly boundRows: (most: number) => string;
  readonly boundBytes: string;
  readonly loadMore: string;
  readonly runsAgain: string;
  readonly loading: string;
  readonly loaded: (count: number) => string;
  readonly notLoaded: string;
  readonly milliseconds: (count: number) => string;
  readonly asUser: (user: string, role: string | undefined) => string;
  readonly sharedIdentity: string;
  readonly ascending: string;
  readonly descending: string;
  readonly value: (column: string) => string;
  readonly close: string;
  readonly missing: string;
  readonly kinds: Readonly<Record<ChartKind, string>>;
  readonly kind: string;
  readonly xAxis: string;
  readonly yAxis: string;
  readonly rowNumber: string;
  readonly chartName: (kind: ChartKind, y: string, x: string) => string;
  readonly chartSummary: (facts: ChartFacts) => string;
  readonly drawn: (drawn: number, count: number) => string;
  readonly noNumbers: string;
  readonly failed: string;
  readonly fix: string;
  readonly unreadable: string;
}

export interface ChartFacts {
  readonly count: number;
  readonly lowest: string;
  readonly lowestAt: string;
  readonly highest: string;
  readonly highestAt: string;
}

const en: Words = {
  language: 'en',
  running: 'Running the query…',
  canceled: 'The query was canceled.',
  results: 'Query results',
  table: 'Table',
  chart: 'Chart',
  view: 'View',
  filter: 'Filter rows',
  filterColumns: 'Filter by column',
  filterOf: (column) => `Filter ${column}`,
  filterHint: 'Text, or a comparison such as >1, <=5, =x',
  copyCsv: 'Copy as CSV',
  copyMarkdown: 'Copy as Markdown',
  copiedRows: (count) => `Copied ${rowsEn(count)}`,
  copiedCell: 'Copied the value',
  copyFailed: 'The editor did not allow copying.',
  rows: (count) => rowsEn(count),
  rowsOf: (shown, count) => `${whole(shown, 'en')} of ${rowsEn(count)}`,
  noRows: 'The query returned no rows.',
  noRowsMatch: 'No rows match the filter.',
  noColumns: 'The query returned no columns.',
  cutAfter: (count) => `Cut after ${rowsEn(count)}`,
  cutCells: 'Long values are cut and end with …',
  boundRows: (most) => `The connection allows ${rowsEn(most)}. Raise limits.rows of the connection to see more.`,
  boundBytes:
    'More would pass the size that the connection allows. Select fewer columns, or raise limits.bytes of the connection.',
  loadMore: 'Load more',
  runsAgain: 'Runs the statement again',
  loading: 'Running the statement again…',
  loaded: (count) => `Loaded ${rowsEn(count)}`,
  notLoaded: 'More rows could not be loaded.',
  milliseconds: (count) => `${whole(count, 'en')} ms`,
  asUser: (user, role) => (role === undefined ? `as ${user}` : `as ${user} (${role})`),
  sharedIdentity: 'shared identity',
  ascending: 'sorted ascending',
  descending: 'sorted descending',
  value: (column) => `Value of ${column}`,
  close: 'Close',
  missing: 'NULL',
  kinds: { bar: 'Bars', line: 'Line', scatter: 'Points' },
  kind: 'Chart',
  xAxis: 'Across',
  yAxis: 'Up',
  rowNumber: 'Row number',
  chartName: (kind, y, x) =>
    `${{ bar: 'Bar chart', line: 'Line chart', scatter: 'Scatter chart' }[kind]} of ${y} by ${x}`,
  chartSummary: ({ count, lowest, lowestAt, highest, highestAt }) =>
    `${whole(count, 'en')} values. Lowest ${lowest} at ${lowestAt}, highest ${highest} at ${highestAt}.`,
  drawn: (drawn, count) => `${whole(drawn, 'en')} of ${rowsEn(count)} drawn`,
  noNumbers: 'No column holds numbers, so there is nothing to draw.',
  failed: 'The query failed.',
  fix: 'What to do',
  unreadable: 'The editor gave no result that can be shown.',
};

const de: Words = {
  language: 'de',
  running: 'Die Abfrage läuft…',
  canceled: 'Die Abfrage wurde abgebrochen.',
  results: 'Abfrageergebnis',
  table: 'Tabelle',
  chart: 'Diagramm',
  view: 'Ansicht',
  filter: 'Zeilen filtern',
  filterColumns: 'Nach Spalten filtern',
  filterOf: (column) => `${column} filtern`,
  filterHint: 'Text oder ein Vergleich wie >1, <=5, =x',
  copyCsv: 'Als CSV kopieren',
  copyMarkdown: 'Als Markdown kopieren',
  copiedRows: (count) => `${rowsDe(count)} kopiert`,
  copiedCell: 'Wert kopiert',
  copyFailed: 'Der Editor hat das Kopieren nicht erlaubt.',
  rows: (count) => rowsDe(count),
  rowsOf: (shown, count) => `${whole(shown, 'de')} von ${rowsDe(count)}`,
  noRows: 'Die Abfrage ergab keine Zeilen.',
  noRowsMatch: 'Keine Zeile passt zum Filter.',
  noColumns: 'Die Abfrage ergab keine Spalten.',
  cutAfter: (count) => `Nach ${rowsDe(count)} abgeschnitten`,
  cutCells: 'Lange Werte sind gekürzt und enden mit …',
  boundRows: (most) => `Die Verbindung erlaubt ${rowsDe(most)}. Für mehr limits.rows der Verbindung erhöhen.`,
  boundBytes:
    'Mehr wäre größer, als die Verbindung erlaubt. Weniger Spalten wählen oder limits.bytes der Verbindung erhöhen.',
  loadMore: 'Mehr laden',
  runsAgain: 'Führt die Anweisung noch einmal aus',
  loading: 'Die Anweisung läuft noch einmal…',
  loaded: (count) => `${rowsDe(count)} geladen`,
  notLoaded: 'Weitere Zeilen konnten nicht geladen werden.',
  milliseconds: (count) => `${whole(count, 'de')} ms`,
  asUser: (user, role) => (role === undefined ? `als ${user}` : `als ${user} (${role})`),
  sharedIdentity: 'geteilte Identität',
  ascending: 'aufsteigend sortiert',
  descending: 'absteigend sortiert',
  value: (column) => `Wert von ${column}`,
  close: 'Schließen',
  missing: 'NULL',
  kinds: { bar: 'Balken', line: 'Linie', scatter: 'Punkte' },
  kind: 'Diagramm',
  xAxis: 'Waagerecht',
  yAxis: 'Senkrecht',
  rowNumber: 'Zeilennummer',
  chartName: (kind, y, x) =>
    `${{ bar: 'Balkendiagramm', line: 'Liniendiagramm', scatter: 'Punktdiagramm' }[kind]}: ${y} nach ${x}`,
  chartSummary: ({ count, lowest, lowestAt, highest, highestAt }) =>
    `${whole(count, 'de')} Werte. Kleinster ${lowest} bei ${lowestAt}, größter ${highest} bei ${highestAt}.`,
  drawn: (drawn, count) => `${whole(drawn, 'de')} von ${rowsDe(count)} gezeichnet`,
  noNumbers: 'Keine Spalte enthält Zahlen, also gibt es nichts zu zeichnen.',
  failed: 'Die Abfrage ist fehlgeschlagen.',
  fix: 'Abhilfe',
  unreadable: 'Der Editor hat kein Ergebnis übergeben, das gezeigt werden kann.',
};

/** @param locale of the editor (BCP 47); English where it says none or one that is not here */
export function wordsFor(locale: string | undefined): Words {
  return /^de(?:-|$)/i.test(locale ?? '') ? de : en;
}

function whole(count: number, language: string): string {
  return count.toLocaleString(language);
}

function rowsEn(count: number): string {
  return `${whole(count, 'en')} ${count === 1 ? 'row' : 'rows'}`;
}

function rowsDe(count: number): string {
  return `${whole(count, 'de')} ${count === 1 ? 'Zeile' : 'Zeilen'}`;
}
