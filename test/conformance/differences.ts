import type { SuiteRevision } from './fixtureServer.ts';

/** A scenario that the suite judges differently when the gateway looks into what passes. */
export interface Difference {
  readonly revision: SuiteRevision;
  readonly scenario: string;
  /** All its checks through the gateway: `check id, name, status`. */
  readonly checks: readonly string[];
  readonly because: string;
}

/** Everything that the suite notices of the content policies. An entry that does not occur any more fails the test. */
export const differences: readonly Difference[] = [
  {
    revision: '2025-11-25',
    scenario: 'server-sse-polling',
    checks: [
      'outgoing-request, OutgoingRequest, INFO',
      'incoming-response, IncomingResponse, INFO',
      'server-sse-content-type, ServerSSEContentType, INFO',
    ],
    because:
      'Streams of a server that is not trusted are taken up by the gateway itself, so that every message is looked at: the client is not told how, and gets one answer, as JSON because nothing was said before it.',
  },
  {
    revision: '2025-11-25',
    scenario: 'server-sse-multiple-streams',
    checks: [
      'server-accepts-multiple-post-streams, ServerAcceptsMultiplePostStreams, SUCCESS',
      'server-sse-streams-functional, ServerSSEStreamsFunctional, INFO',
    ],
    because:
      'For the same reason the three calls at once are answered with JSON instead of streams; all three are answered.',
  },
];
