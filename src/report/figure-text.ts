import { wrap } from './columns.js';
import { type FigureLook, inkOf } from './look.js';

/**
 * Outside a browser Vega cannot measure text. It overestimates the width and makes the figure wider. Lines of these
 * lengths keep a figure as wide as its plots.
 */
const SUBTITLE_CHARACTERS = 62;
const SOURCE_CHARACTERS = 74;

/** Returns title and subtitle for a figure about 600 pixels wide. */
export function titleOf(title: string, subtitle: string) {
  return {
    text: title,
    subtitle: wrap(subtitle, SUBTITLE_CHARACTERS),
    anchor: 'start' as const,
    frame: 'group' as const,
    offset: 16,
  };
}

/** Returns a line in small type for the bottom of a figure, which says where the numbers come from. */
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
