/** The window that led is gone, or leads no more: what was asked may be asked again elsewhere. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** The settings of the window that leads are a moment behind ours. */
export class UnknownProvider extends Error {
  override readonly name = 'UnknownProvider';
}
