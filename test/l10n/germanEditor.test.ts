import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { bundleFile, readManifest, readTexts } from '../../scripts/strings.ts';
import type { Diagnosis } from '../../src/core/diagnosis.ts';
import { PassportError } from '../../src/core/errors.ts';
import { explain } from '../../src/core/knownRefusals.ts';
import { editor } from '../ui/editor.ts';

const bundle = readTexts(bundleFile('de'));
/** Looked up and not found: the editor writes each of these into its log. */
const unknown: string[] = [];

/** As the editor does it: the text is the key; what it holds is by position (extHostLocalizationService of VS Code). */
function inGerman(text: string, ...values: readonly (string | number)[]): string {
  const parts = new Map(values.map((value, index) => [String(index), String(value)]));
  if (bundle[text] === undefined) unknown.push(text);
  return (bundle[text] ?? text).replaceAll(/\{([^}]+)\}/g, (whole, name: string) => parts.get(name) ?? whole);
}

const { fakeVscode } = globalThis as unknown as { fakeVscode: { l10n: { t: typeof inGerman } } };
fakeVscode.l10n.t = inGerman;
const { messages } = await import('../../src/ui/messages.ts');
const { doctorReport, headline } = await import('../../src/ui/doctorReport.ts');
const { phrase, translated } = await import('../../src/ui/localize.ts');

describe('In a German editor', () => {
  test('the manifest says where the bundle is', () => {
    assert.equal(readManifest()['l10n'], './l10n');
    assert.deepEqual(editor.shown, []);
  });

  test('a message is in German', () => {
    assert.equal(messages.signedIn('alice', 2), 'Angemeldet als alice. 2 Verbindungen sind bereit.');
  });

  test('an error is in German with its parameters, and keeps its code and the words of the other side', () => {
    const error = new PassportError(
      'DP-DATABASE-UNREACHABLE',
      { connection: 'sales', host: 'db.example:5432', reason: 'no answer within 10 seconds' },
      { detail: 'connection refused' },
    );
    assert.equal(
      messages.error(error),
      'Die Datenbank von sales ist unter db.example:5432 nicht erreichbar (keine Antwort innerhalb von 10 Sekunden). Detail: connection refused Prüfen Sie Host und Port in dataPassport.connections und das Netzwerk (VPN) und versuchen Sie es dann noch einmal. [DP-DATABASE-UNREACHABLE]',
    );
    assert.equal(
      error.message,
      'The database of sales can not be reached at db.example:5432 (no answer within 10 seconds).',
      'logs and agents read English',
    );
  });

  test('what is wrong with a setting is in German', () => {
    assert.equal(
      messages.settingsWrong(1, 'dataPassport.connections.sales.port', phrase('must be of type number')),
      'Die Einstellung dataPassport.connections.sales.port muss vom Typ number sein.',
    );
  });

  test('a diagnosis is in German, and what is to be typed is as it is', () => {
    const error = {
      code: 'DP-DATABASE-PERMISSION',
      params: { connection: 'sales' },
      detail: 'permission denied for database "shop"',
    } as const;
    const known = { type: 'postgres', connection: 'sales', login: 'alice', database: 'shop' };
    const diagnosis: Diagnosis = {
      connection: 'sales',
      title: 'Sales',
      at: Date.UTC(2026, 10, 27),
      people: [],
      links: [
        {
          id: 'permitted',
          title: 'Your secrets and your consent',
          state: 'ok',
          facts: ['It needs no secret of its own.'],
        },
        {
          id: 'clock',
          title: 'Clock of this machine',
          state: 'notChecked',
          facts: [],
          reason: 'The connection needs no sign-in.',
        },
        {
          id: 'login',
          title: 'Login',
          state: 'broken',
          facts: [],
          error,
          explanation: explain(error, known, translated),
        },
      ],
    };
    assert.equal(
      headline(diagnosis),
      'Sales ist unterbrochen bei „Anmeldung bei der Gegenstelle“. Die Administration der Datenbank kann es beheben.',
    );
    const report = doctorReport(diagnosis);
    for (const part of [
      '**Warum:** Die Anmeldung war gut, und die Rolle alice darf sich nicht mit der Datenbank shop verbinden.',
      '**Was zu tun ist:** Lassen Sie es gewähren.',
      'GRANT CONNECT ON DATABASE "shop" TO "alice";',
      'Ihre Geheimnisse und Ihre Zustimmung',
      'Sie braucht kein eigenes Geheimnis.',
      'Nicht geprüft. Die Verbindung braucht keine Anmeldung.',
      'Die Datenbank von sales erlaubt dies nicht, oder das Objekt gibt es nicht.',
    ])
      assert.ok(report.includes(part), `${part}\n\n${report}`);
  });

  test('nothing was looked up that is not in the bundle', () => {
    assert.deepEqual(unknown, []);
  });
});
