import { readFileSync, writeFileSync } from 'node:fs';

import { asPassportError } from '../../../src/core/errors.ts';
import { memorySecrets } from '../../support/memorySecrets.ts';
import { audienceOf, openWindow, signInAs, tokenOf, type Window } from '../window.ts';
import type { Command, Reply, Start } from './protocol.ts';

/** One editor window as a process of its own: what the extension host would run, told over IPC what the user and the agent do. */

/** A file plays the secret storage that all windows of a desktop share; the other kind is a copy of its own. */
function secretsOf({ storage }: Start): ReturnType<typeof memorySecrets> {
  const secrets = memorySecrets();
  if (storage.kind === 'copy') {
    secrets.shared = false;
    for (const [key, value] of Object.entries(storage.values)) secrets.values.set(key, value);
    return secrets;
  }
  const { path } = storage;
  const read = (): Record<string, string> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  secrets.get = async (key) => read()[key];
  secrets.store = async (key, value) => writeFileSync(path, JSON.stringify({ ...read(), [key]: value }));
  secrets.delete = async (key) => {
    const { [key]: _, ...rest } = read();
    writeFileSync(path, JSON.stringify(rest));
  };
  return secrets;
}

let opened: Window | undefined;

async function perform(command: Command): Promise<unknown> {
  if (command.name === 'open') {
    const { start } = command;
    opened = await openWindow({ idp: start, folder: start.folder, secrets: secretsOf(start) });
    return opened.broker.leading;
  }
  if (!opened) throw new Error('not opened');
  const { session, broker, secrets } = opened;
  switch (command.name) {
    case 'signIn':
      return signInAs(opened, command.idp, command.user);
    case 'token':
      return (await tokenOf(session, command.request, { renews: command.renews }))?.token;
    case 'audience':
      return audienceOf(session, command.request);
    case 'state':
      return { leading: broker.leading, ...session.state };
    case 'stored':
      return Object.fromEntries(secrets.values);
    case 'signOut':
      return session.signOut(command.subject);
    case 'close':
      return opened.close();
  }
  return undefined;
}

process.on('message', (command: Command) => {
  const reply = (answer: Omit<Reply, 'id'>): void => void process.send?.({ id: command.id, ...answer });
  perform(command).then(
    (value) => reply({ value }),
    (error: unknown) => reply({ error: asPassportError(error).code }),
  );
});
