import { type Figure, type FigureLook, specOf } from './line-chart.js';

/** The figure drawn, as SVG. */
export async function figureSvg(figure: Figure, look: FigureLook): Promise<string> {
  // Only now: whoever draws nothing does not wait for the libraries that do.
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(specOf(figure, look)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
