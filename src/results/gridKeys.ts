/** Where the focus of a grid is: lines count from the header, columns from the left. */
export interface GridPlace {
  readonly line: number;
  readonly column: number;
}

export interface GridSize {
  readonly lines: number;
  readonly columns: number;
  /** Lines that are seen at once. */
  readonly page: number;
}

interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

/** The moves of the ARIA Authoring Practices Guide's data grid. Undefined for a key that moves nothing. */
export function moved({ line, column }: GridPlace, press: Press, size: GridSize): GridPlace | undefined {
  const whole = press.ctrlKey || press.metaKey;
  const to = (nextLine: number, nextColumn: number): GridPlace => ({
    line: Math.max(0, Math.min(size.lines - 1, nextLine)),
    column: Math.max(0, Math.min(size.columns - 1, nextColumn)),
  });
  switch (press.key) {
    case 'ArrowUp':
      return to(whole ? 0 : line - 1, column);
    case 'ArrowDown':
      return to(whole ? size.lines : line + 1, column);
    case 'ArrowLeft':
      return to(line, whole ? 0 : column - 1);
    case 'ArrowRight':
      return to(line, whole ? size.columns : column + 1);
    case 'Home':
      return to(whole ? 0 : line, 0);
    case 'End':
      return to(whole ? size.lines : line, size.columns);
    case 'PageUp':
      return to(line - size.page, column);
    case 'PageDown':
      return to(line + size.page, column);
    default:
      return undefined;
  }
}
