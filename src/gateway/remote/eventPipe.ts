import { PassportError } from '../../core/errors.ts';
import { networkReason } from '../../core/networkReason.ts';
import type { Authorized } from './authorized.ts';
import { eventsOf } from './eventReader.ts';
import type { OpenPipe } from './pipe.ts';
import { messagesIn } from './rpc.ts';

/** Milliseconds for the first event, which says where to post. */
const FIRST_EVENT = 15_000;

/**
 * The HTTP+SSE transport of 2024-11-05: one event stream for everything that the server says, and a place of the same origin that
 * takes messages.
 */
export function eventPipe(auth: Authorized, url: string, params: Readonly<Record<string, string>>): OpenPipe {
  const unusable = (problem: string): PassportError => new PassportError('DP-MCP-ANSWER', { ...params, problem });

  /** @throws PassportError when it leads anywhere else: no address that a server names is trusted with a token */
  function placeIn(data: string): string {
    const place = URL.parse(data, url);
    if (place?.origin !== new URL(url).origin) throw unusable('it names a place of another origin for messages');
    return place.pathname + place.search;
  }

  return async ({ hear, ended }, signal) => {
    const life = new AbortController();
    const answer = await auth.run(AbortSignal.any([life.signal, signal]), (send) =>
      send({ method: 'GET', headers: { accept: 'text/event-stream' }, repeatable: true, lives: life.signal }),
    );
    if ('text' in answer) throw new PassportError('DP-MCP-STATUS', { ...params, status: String(answer.status) });
    const type = answer.headers['content-type'] ?? '';
    if (!type.startsWith('text/event-stream')) {
      answer.body.destroy();
      throw unusable('it is no event stream');
    }
    const events = eventsOf(answer.body);
    const patience = setTimeout(() => answer.body.destroy(), FIRST_EVENT);
    const first = await events.next().catch(() => undefined);
    clearTimeout(patience);
    if (!first || first.done) throw unusable('it names no place for messages');
    const place = placeIn(first.value.data);

    async function read(): Promise<void> {
      let reason: unknown;
      try {
        for (let event = await events.next(); !event.done; event = await events.next())
          for (const message of messagesIn(event.value.data) ?? []) hear(message);
      } catch (error) {
        reason = error;
      }
      ended(new PassportError('DP-MCP-LOST', { ...params, reason: networkReason(reason) }));
    }
    void read();

    return {
      async send(message, canceled) {
        const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
        const body = JSON.stringify(message);
        await auth.run(canceled, async (send) => {
          const posted = await send({ method: 'POST', headers, body, repeatable: false, path: place });
          if ('text' in posted) throw new PassportError('DP-MCP-STATUS', { ...params, status: String(posted.status) });
          posted.body.resume().on('error', () => undefined);
        });
      },
      close() {
        life.abort();
        answer.body.destroy();
        return Promise.resolve();
      },
    };
  };
}
