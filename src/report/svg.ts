import type { TopLevelSpec } from 'vega-lite';
import { type HeatMap, heatMapSpec } from './heat-map.js';
import { type Figure, specOf } from './line-chart.js';
import type { FigureLook } from './look.js';

/** The figure drawn, as SVG. */
export function figureSvg(figure: Figure, look: FigureLook): Promise<string> {
  return specSvg(specOf(figure, look));
}

/** The map drawn, as SVG. */
export function heatMapSvg(map: HeatMap, look: FigureLook): Promise<string> {
  return specSvg(heatMapSpec(map, look));
}

/** Any Vega-Lite specification drawn, as SVG. */
export async function specSvg(spec: TopLevelSpec): Promise<string> {
  // Only now: whoever draws nothing does not wait for the libraries that do.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
