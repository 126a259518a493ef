interface Theme {
  readonly hostTheme: 'light' | 'dark';
  readonly colorScheme: 'light' | 'dark';
  readonly forcedColors: 'none' | 'active';
  readonly background: string;
  /** What the editor hands to the page: VS Code's own variables, as it sets them on the page, and those of MCP Apps. */
  readonly variables: Readonly<Record<string, string>>;
}

export type ThemeName = 'light' | 'dark' | 'highContrast' | 'forcedColors' | 'bare';

/** Colors of VS Code's Light Modern, Dark Modern and High Contrast. */
export const themes: Readonly<Record<ThemeName, Theme>> = {
  light: {
    hostTheme: 'light',
    colorScheme: 'light',
    forcedColors: 'none',
    background: '#f8f8f8',
    variables: {
      '--color-background-primary': '#ffffff',
      '--color-background-secondary': '#f8f8f8',
      '--color-text-primary': '#3b3b3b',
      '--color-text-secondary': '#3b3b3b',
      '--color-text-danger': '#c72e0f',
      '--color-border-primary': '#e5e5e5',
      '--color-ring-primary': '#005fb8',
    },
  },
  dark: {
    hostTheme: 'dark',
    colorScheme: 'dark',
    forcedColors: 'none',
    background: '#181818',
    variables: {
      '--color-background-primary': '#1f1f1f',
      '--color-background-secondary': '#181818',
      '--color-text-primary': '#cccccc',
      '--color-text-secondary': '#9d9d9d',
      '--color-text-danger': '#f85149',
      '--color-border-primary': '#2b2b2b',
      '--color-ring-primary': '#0078d4',
    },
  },
  highContrast: {
    hostTheme: 'dark',
    colorScheme: 'dark',
    forcedColors: 'none',
    background: '#000000',
    variables: {
      '--color-background-primary': '#000000',
      '--color-background-secondary': '#000000',
      '--color-text-primary': '#ffffff',
      '--color-text-secondary': '#ffffff',
      '--color-text-danger': '#f48771',
      '--color-border-primary': '#6fc3df',
      '--color-ring-primary': '#f38518',
    },
  },
  forcedColors: { hostTheme: 'dark', colorScheme: 'dark', forcedColors: 'active', background: 'Canvas', variables: {} },
  /** An editor that says nothing of its colors. */
  bare: { hostTheme: 'light', colorScheme: 'light', forcedColors: 'none', background: '#ffffff', variables: {} },
};
