import { wrap } from './columns.js';
import { type FigureLook, inkOf } from './look.js';

/**
 * Vega knows no widths of characters outside of a browser, takes them for wider than they are, and makes room for that:
 * lines are broken such that a figure is as wide as its plots.
 */
const SUBTITLE_CHARACTERS = 62;
const SOURCE_CHARACTERS = 74;

/** Title and subtitle of a figure about 600 pixels wide. */
export function titleOf(title: string, subtitle: string) {
  return {
    text: title,
    subtitle: wrap(subtitle, SUBTITLE_CHARACTERS),
    anchor: 'start' as const,
    frame: 'group' as const,
    offset: 16,
  };
}

/** Where the numbers come from, in small letters under a figure. */
export function sourceLine(source: string, look: FigureLook) {
  return {
    width: 300,
    height: 1,
    data: { values: [{}] },
    mark: {
      type: 'text' as const,
      align: 'left' as const,
      fontSize: 10.5,
      opacity: 0.75,
      color: inkOf(look),
      text: wrap(source, SOURCE_CHARACTERS),
    },
    encoding: { x: { value: 0 } },
  };
}
