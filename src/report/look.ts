import type { TopLevelSpec } from 'vega-lite';

/**
 * `paper`: dark ink on white, for a separate file. `page`: transparent, with the ink of the page around it. `phone`: the same
 * on a page 400 pixels wide, with no text smaller than 11 pixels.
 */
export type FigureLook = 'paper' | 'page' | 'phone';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** Returns the colour of text and lines. */
export function inkOf(look: FigureLook): string {
  return look === 'paper' ? '#1f2328' : 'currentColor';
}

/** Returns the width of a plot that takes all of its figure's width, in pixels. */
export const plotWidth = (look: FigureLook): number => (look === 'phone' ? 240 : 600);

/** Returns the fonts, lines and ink that all figures share. */
export function figureConfig(look: FigureLook): NonNullable<TopLevelSpec['config']> {
  const ink = inkOf(look);
  return {
    font: FONT,
    view: { stroke: null },
    title: {
      fontSize: look === 'phone' ? 15 : 17,
      subtitleFontSize: look === 'phone' ? 12 : 12.5,
      subtitlePadding: 5,
      color: ink,
      subtitleColor: ink,
    },
    axis: {
      labelColor: ink,
      titleColor: ink,
      tickColor: ink,
      domainColor: ink,
      labelFontSize: 11.5,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      gridColor: ink,
      gridOpacity: 0.13,
      domainOpacity: 0.5,
      tickOpacity: 0.5,
    },
    legend: { labelColor: ink, titleColor: ink, labelFontSize: 11 },
  };
}

/** Returns the fields that every figure starts with: schema, a description for screen readers, background. */
export function figureFrame(
  { title, subtitle }: { readonly title: string; readonly subtitle: string },
  look: FigureLook,
) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: `${title}. ${subtitle}`,
    background: look === 'paper' ? 'white' : 'transparent',
    padding: look === 'phone' ? 2 : 12,
  };
}

/** The title of one panel of a figure, in lines. */
export const panelTitle = (text: string | string[]) => ({
  text,
  anchor: 'start' as const,
  frame: 'group' as const,
  fontSize: 12.5,
  fontWeight: 600 as const,
  offset: 8,
});
