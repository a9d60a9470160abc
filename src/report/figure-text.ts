import { wrap } from './columns.js';
import { type FigureLook, inkOf, plotWidth } from './look.js';

/**
 * Vega makes a figure as wide as its texts, whose widths it estimates outside a browser (`text-width.ts`). Lines of these
 * lengths keep a figure as wide as its plots.
 */
const CHARACTERS = {
  wide: {
    title: Number.POSITIVE_INFINITY,
    subtitle: 80,
    source: 74,
    panel: Number.POSITIVE_INFINITY,
    axis: Number.POSITIVE_INFINITY,
  },
  phone: { title: 30, subtitle: 41, source: 34, panel: 29, axis: 31 },
};

/** Returns how long the lines of a figure's texts may be. */
export const charactersOf = (look: FigureLook) => CHARACTERS[look === 'phone' ? 'phone' : 'wide'];

/** Returns title and subtitle for a figure. On a phone the title is wrapped, too. */
export function titleOf(title: string, subtitle: string, look: FigureLook) {
  const characters = charactersOf(look);
  return {
    text: look === 'phone' ? wrap(title, characters.title) : title,
    subtitle: wrap(subtitle, characters.subtitle),
    anchor: 'start' as const,
    frame: 'group' as const,
    offset: 16,
  };
}

/** Returns a line in small type for the bottom of a figure, which says where the numbers come from. */
export function sourceLine(source: string, look: FigureLook) {
  return {
    width: look === 'phone' ? plotWidth(look) : 300,
    height: 1,
    data: { values: [{}] },
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      fontSize: look === 'phone' ? 11 : 10.5,
      opacity: 0.75,
      color: inkOf(look),
      text: wrap(source, charactersOf(look).source),
    },
    encoding: { x: { value: 0 } },
  };
}
