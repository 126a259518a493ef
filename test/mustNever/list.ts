/** One entry of the list, and what shows today that it does not happen. */
export interface Never {
  readonly what: string;
  /** File to how titles in it begin. */
  readonly shownBy: Readonly<Record<string, readonly string[]>>;
  /** Why no test is needed yet for a part of it. */
  readonly notYet?: string;
}

const here = (file: string, number: number): Never['shownBy'] => ({ [`test/mustNever/${file}`]: [`${number}: `] });

/** What must never happen, whatever the other side does: what systems of this kind have failed at. Titles of tests begin with the number. */
export const mustNever: Readonly<Record<number, Never>> = {
  1: {
    what: 'A token goes to another host or account than the one that it was issued for.',
    shownBy: {
      ...here('tokens.lab.test.ts', 1),
      'test/gateway/remote/databaseGatewayNever.lab.test.ts': ['A18: connections of the same name in two places'],
      'test/gateway/remote/relay.lab.test.ts': ['a redirect is not followed, and the token goes nowhere'],
      'test/gateway/remote/spcs.lab.test.ts': [
        'C14: an address in the place of a cursor',
        'C14: a place for messages on another host',
      ],
    },
  },
  2: {
    what: 'A connection falls back to a shared identity without a word.',
    shownBy: {
      ...here('people.lab.test.ts', 2),
      'test/gateway/remote/databaseGatewayNever.lab.test.ts': [
        'A19: nothing that reaches the server',
        'A20: without a sign-in',
      ],
    },
  },
  3: {
    what: 'A token is in a URL, a log, an argument or a result of a tool, the text of an error, a crash dump, or telemetry.',
    shownBy: {
      ...here('tokens.lab.test.ts', 3),
      'test/core/bareError.test.ts': [
        'A bare error has the class and the code of the first one, and nothing else of it',
      ],
      'test/gateway/process.test.ts': [
        'no token is in the environment, the arguments, the output or any message',
        'SIGUSR1 opens no debugger',
      ],
    },
  },
  4: {
    what: 'A duplicate, empty or oversized token is accepted.',
    shownBy: {
      ...here('tokens.lab.test.ts', 4),
      'test/gateway/remote/databaseGatewayNever.lab.test.ts': ['A21: a header that comes twice'],
    },
  },
  5: {
    what: 'The token of one request is visible in another.',
    shownBy: {
      ...here('people.lab.test.ts', 5),
      'test/gateway/twoUsers.lab.test.ts': ['two users interleaved 200 times'],
      'test/gateway/remote/isolation.lab.test.ts': ['500 interleaved calls of two users at three servers'],
    },
  },
  6: {
    what: 'A failed authentication is tried again more than once, or a failed authorization at all.',
    shownBy: {
      ...here('repetition.lab.test.ts', 6),
      'test/gateway/remote/snowflakeRefusals.lab.test.ts': [
        'B11: a missing grant is answered once',
        'B12: a refused token is renewed once',
      ],
    },
  },
  7: {
    what: 'SQL is executed again after a failure that leaves open whether it ran.',
    shownBy: {
      ...here('repetition.lab.test.ts', 7),
      'test/gateway/pool.test.ts': ['a statement whose session is lost is not sent again'],
      'test/gateway/remote/failures.lab.test.ts': ['a stream that is cut before its answer is not sent again'],
    },
  },
  8: {
    what: 'A token source that gives nothing is taken for one that needs no authentication.',
    shownBy: here('tokens.lab.test.ts', 8),
  },
  9: {
    what: 'A loopback port is open to everybody, answers other origins (CORS), or listens on all interfaces.',
    shownBy: {
      'test/gateway/http.test.ts': [
        'a request without the caller key, or with another one, is answered by a bare 404',
        'a request for another host is refused',
        'a request that names an origin is refused',
        'a preflight gets no permission',
        'on TCP it listens on 127.0.0.1 and on no other address of the machine',
        'the socket is for its owner alone',
      ],
      'test/identity/flows/loopback.test.ts': [
        'listens on the literal loopback address and on no other of the machine',
        'only its own authorities are answered',
      ],
    },
  },
  10: {
    what: 'A cached schema or result of another identity is served.',
    shownBy: {
      'test/gateway/pool.test.ts': [
        'sixty-four parallel calls of two users never meet in one session',
        'another host, role or user means another session',
      ],
      'test/gateway/remote/databaseGatewayNever.lab.test.ts': ['A22: what the server told one person'],
      'test/gateway/remote/signedOut.lab.test.ts': ['one user never sees the list of another'],
    },
    notYet: 'Of databases neither schemas nor results are cached; what outlives a call is its session.',
  },
  11: {
    what: 'A rotated refresh token is lost, or used by two windows at once.',
    shownBy: {
      ...here('repetition.lab.test.ts', 11),
      'test/identity/windows/windows.lab.test.ts': [
        'F2, F16: all wake at once',
        'F6: the window that refreshes is killed in the middle of it',
      ],
    },
  },
  12: {
    what: 'Inbound headers that nobody knows are forwarded.',
    shownBy: {
      'test/gateway/remote/relay.lab.test.ts': ['of the headers of the editor none goes on but those of the protocol'],
      'test/gateway/remote/databaseGatewayNever.lab.test.ts': ['A21: what the editor sends in the place of a token'],
    },
  },
  13: {
    what: 'Database sessions stay open after the sign-out.',
    shownBy: {
      ...here('repetition.lab.test.ts', 13),
      'test/gateway/pool.test.ts': ['ending cancels what runs', 'a token that arrives after the sign-out'],
    },
  },
  14: {
    what: 'The user is advised to open a network policy to 0.0.0.0/0.',
    shownBy: here('list.test.ts', 14),
  },
  15: {
    what: 'A service identity is named as if it were the user.',
    shownBy: here('people.lab.test.ts', 15),
  },
};
