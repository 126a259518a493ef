import type { Connection } from '../../core/connection.ts';
import type { Credential } from '../../core/credential.ts';
import type { FarLink } from '../../core/diagnosis.ts';
import type { PassportError } from '../../core/errors.ts';
import type { Known } from '../../core/knownRefusals.ts';
import type { Clock, Fetch } from '../../core/ports.ts';
import type { Redactor } from '../../core/redact.ts';
import type { Translate } from '../../core/told.ts';
import type { FlowHost } from '../../identity/flows/flow.ts';
import type { Session } from '../../identity/session.ts';
import type { Confirmations } from '../confirmations.ts';
import type { ConnectionSecrets } from '../connectionSecrets.ts';
import type { Credentials } from '../credentials.ts';
import type { GatewayProcess } from '../gatewayProcess.ts';
import type { OverviewModel } from '../overview.ts';
import type { Sessions } from '../sessions.ts';
import type { Settings } from '../settings.ts';
import type { ConnectionTables } from '../slots.ts';

/** The parts of the extension whose work is looked at. */
export interface DoctorDeps extends ConnectionTables {
  readonly sessions: Pick<Sessions, 'get'>;
  readonly credentials: Pick<Credentials, 'get' | 'peek'>;
  readonly connectionSecrets: Pick<ConnectionSecrets, 'facts' | 'get'>;
  readonly confirmations: Pick<Confirmations, 'check'>;
  readonly overview: Pick<OverviewModel, 'isRestricted'>;
  readonly gateway: Pick<GatewayProcess, 'diagnose'>;
  readonly settings: () => Settings;
  readonly hasClientSecret: (provider: string) => Promise<boolean>;
  /** Why the last sign-in by the user failed, if it did and none has succeeded since. */
  readonly signInFailure: (session: Session) => PassportError | undefined;
  readonly host: FlowHost;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly redactor: Pick<Redactor, 'redact'>;
  /** Causes and fixes are for the user. Default: as they are written. */
  readonly translated?: Translate;
}

/** What links find out for those after them. */
export interface Notes {
  /** Milliseconds by which the provider's clock is ahead, where it told the time. */
  ahead?: number | undefined;
  /** By slot. */
  readonly credentials: Map<string, Credential>;
  /** A token that was granted and is not what was asked for. */
  wrongClaim?: PassportError | undefined;
  /** Named in fixes. */
  readonly known: Record<string, string>;
  /** Names that people are known by. */
  readonly people: Set<string>;
}

export interface CheckContext {
  readonly connection: Connection;
  /** Of the connection's identity provider; absent where it needs no sign-in. */
  readonly session: Session | undefined;
  readonly deps: DoctorDeps;
  readonly notes: Notes;
  /** What the gateway sees: asked once for all links. */
  readonly far: () => Promise<readonly FarLink[]>;
  readonly signal: AbortSignal;
}

/** What a link was found to be. */
export type Finding =
  | { readonly state: 'ok'; readonly facts: readonly string[] }
  | {
      readonly state: 'broken';
      readonly facts: readonly string[];
      readonly error: PassportError;
      /** What is known beside the notes, such as another host. */
      readonly known?: Known | undefined;
    }
  | { readonly state: 'notChecked'; readonly facts: readonly string[]; readonly reason: string };

/** One link of a chain. */
export interface DoctorLink {
  readonly id: string;
  /** What is checked, in a few words. */
  readonly title: string;
  /** Seconds that it may take. */
  readonly seconds: number;
  /** Judges without asking the user anything. What it throws as a PassportError is what broke it. */
  check(context: CheckContext): Promise<Finding>;
}

export function ok(...facts: readonly string[]): Finding {
  return { state: 'ok', facts };
}

export function broken(error: PassportError, known?: Known): Finding {
  return { state: 'broken', facts: [], error, known };
}

export function notChecked(reason: string): Finding {
  return { state: 'notChecked', facts: [], reason };
}

export const NO_SIGN_IN = 'The connection needs no sign-in.';
