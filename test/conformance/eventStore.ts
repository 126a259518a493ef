import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

interface Kept {
  readonly stream: string;
  readonly message: JSONRPCMessage;
}

/** Keeps every event of one session, so that a client can take up a stream where it broke off. */
export function eventStore(): EventStore {
  const events: Kept[] = [];
  const at = (id: string): Kept | undefined => events[Number(id) - 1];
  return {
    storeEvent(stream, message) {
      events.push({ stream, message });
      return Promise.resolve(String(events.length));
    },
    getStreamIdForEventId: (id) => Promise.resolve(at(id)?.stream),
    async replayEventsAfter(last, { send }) {
      const stream = at(last)?.stream ?? '';
      for (const [index, event] of events.entries()) {
        // An event without a method or an answer only says where its stream stands.
        const speaks = 'method' in event.message || 'id' in event.message;
        if (index >= Number(last) && event.stream === stream && speaks) await send(String(index + 1), event.message);
      }
      return stream;
    },
  };
}
