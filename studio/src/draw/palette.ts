import { signal } from '@preact/signals';
import { GROUPS, type Group } from '../../../src/studio/protocol.js';
import type { CellState } from '../../../src/studio/study-protocol.js';
import { parseColour, type Rgb } from './colour.js';

/** The colours of the style sheet that canvases draw with. */
export interface Palette {
  readonly groups: Readonly<Record<Group, Rgb>>;
  readonly surface: Rgb;
  /** The cells of studies. */
  readonly cells: Readonly<Record<CellState, Rgb>>;
}

/** What the page calls each group. */
export const GROUP_NAMES: Readonly<Record<Group, string>> = {
  prompt: 'prompt’s words',
  sink: 'first token (sink)',
  earlier: 'earlier turns',
  message: 'last message',
  template: 'template',
  answer: 'the answer itself',
};

/** The palette of the colour scheme in use; it changes with the scheme. */
export const palette = signal<Palette>(readPalette());

const schemes = matchMedia('(prefers-color-scheme: dark)');
schemes.addEventListener('change', () => {
  palette.value = readPalette();
});

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): Rgb => parseColour(style.getPropertyValue(name));
  return {
    groups: Object.fromEntries(GROUPS.map((group) => [group, colour(`--group-${group}`)])) as Record<
      Group,
      Rgb
    >,
    surface: colour('--surface'),
    cells: {
      ...{ missing: colour('--line'), done: colour('--held') },
      ...{ failed: colour('--danger'), damaged: colour('--line-strong') },
    },
  };
}
