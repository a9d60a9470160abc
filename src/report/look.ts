import type { TopLevelSpec } from 'vega-lite';

/** `paper` is white with dark ink, for a file of its own; `page` takes its ink from the page around it. */
export type FigureLook = 'paper' | 'page';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export function inkOf(look: FigureLook): string {
  return look === 'paper' ? '#1f2328' : 'currentColor';
}

/** Type, lines and ink that all figures have in common. */
export function figureConfig(look: FigureLook): NonNullable<TopLevelSpec['config']> {
  const ink = inkOf(look);
  return {
    font: FONT,
    view: { stroke: null },
    title: {
      fontSize: 17,
      subtitleFontSize: 12.5,
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

/** What all figures begin with: what they are, for programs and for people who cannot see them, and what they stand on. */
export function figureFrame(
  { title, subtitle }: { readonly title: string; readonly subtitle: string },
  look: FigureLook,
) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: `${title}. ${subtitle}`,
    background: look === 'paper' ? 'white' : 'transparent',
    padding: 12,
  };
}
