/** Who can end the trouble: the agent by calling differently, the user, an administrator of the other side, or nobody but time. */
export type Mender = 'agent' | 'user' | 'administrator' | 'nobody';

export interface ErrorEntry {
  /** One sentence for the user and the model. `{name}` is replaced by the parameter of that name. */
  readonly sentence: string;
  readonly cause: string;
  readonly fix: string;
  readonly who: Mender;
  /** Whether the same call may succeed later without anyone doing anything. */
  readonly retry: boolean;
}
