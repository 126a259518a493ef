import type { HostContext } from './host.ts';

/** Takes over what the editor says of colors and fonts; the style sheet has a value for everything that it leaves out. */
export function applyTheme({ theme, styles }: HostContext): void {
  const root = document.documentElement;
  if (theme === 'light' || theme === 'dark') root.dataset['theme'] = theme;
  for (const [name, value] of Object.entries(styles?.variables ?? {})) {
    if (name.startsWith('--') && typeof value === 'string') root.style.setProperty(name, value);
  }
}
