// Mantine in Hydrophone's colours. What is not Mantine's reads the same values as custom properties (theme.css).
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

const sea: MantineColorsTuple = [
  '#e6f6f8',
  '#d0ebef',
  '#a3d7df',
  '#72c1ce',
  '#4aaebf',
  '#2b9fb3',
  '#138499',
  '#0b7285',
  '#095d6d',
  '#064855',
];

const dark: MantineColorsTuple = [
  '#dbe3ea',
  '#c3ced8',
  '#9fadba',
  '#7d8b99',
  '#43505d',
  '#2f3a45',
  '#222c36',
  '#19212a',
  '#121920',
  '#0c1116',
];

export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: 7,
  colors: { sea, dark },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '600' },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1c2733',
    '--mantine-color-dimmed': '#566371',
    '--mantine-color-placeholder': '#66727f',
    '--mantine-color-default-border': '#cfd7df',
    '--mantine-color-error': '#c22f2f',
  },
  dark: {
    '--mantine-color-body': '#19212a',
    '--mantine-color-text': '#dbe3ea',
    '--mantine-color-dimmed': '#9aa8b5',
    '--mantine-color-placeholder': '#8593a1',
    '--mantine-color-default-border': '#36424e',
    '--mantine-color-error': '#ff8a80',
  },
});
