import { describe, expect, it } from 'vitest';
import { frontChartSpec } from './front-chart.js';
import { heatMapSpec } from './heat-map.js';
import { type Series, specOf } from './line-chart.js';
import type { FigureLook } from './look.js';
import { smallMultiplesSpec } from './small-multiples.js';
import { pageFigure, specSvg } from './svg.js';

/** The room for a figure on a page 400 pixels wide. */
const ROOM_PX = 360;
const SMALLEST_PX = 11;

const estimate = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const line = (name: string): Series => ({
  name,
  points: Array.from({ length: 16 }, (_, at) => ({ x: at + 1, ...estimate(0.9 - at / 40) })),
});
const series = [line('off'), line('split-softmax, from 1 down to 0.6 by 0.04 a turn'), line('by chance')];
const words = {
  title: 'How the stability of dialogues falls with their length',
  subtitle: 'Bands are 95 % intervals from a bootstrap over prompts; fewer than 5 prompts have none',
  source:
    'recommended · SmolLM2-135M-Instruct.Q4_1 · 96 dialogues of 96 prompts · holdfast 0.1.0, node 20.20.2',
};
const panels = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    title: at === 0 ? 'multiple-choice' : `split-softmax, k = 0.${at}, target prefix`,
    series,
  }));
const share = { ...words, x: 'tokens of context', y: "prompt's share", domain: [0, 1] as const };
const title = 'Mean over rows and the heads that see furthest; bands: 95 % intervals over prompts';
const heat = {
  domain: [0, 1] as const,
  values: Array.from({ length: 30 }, () => Array<number>(24).fill(0.3)),
};

const FIGURES: Readonly<Record<string, (look: FigureLook) => ReturnType<typeof specOf>>> = {
  'a line chart': (look) =>
    specOf({ ...words, x: 'round', panels: [{ title, domain: [0, 1], height: 200, series }] }, look),
  'a few small plots': (look) => smallMultiplesSpec({ ...share, panels: panels(3) }, look),
  'many small plots': (look) => smallMultiplesSpec({ ...share, panels: panels(16) }, look),
  'a heat map': (look) =>
    heatMapSpec(
      { ...words, x: 'head', y: 'layer', absent: '', panels: [heat, heat].map((own) => ({ title, ...own })) },
      look,
    ),
  'a front': (look) =>
    frontChartSpec(
      {
        ...words,
        x: 'KL divergence from the untouched model, nats a token (square-root scale)',
        y: 'stability in rounds 8–16',
        marks: [0.2, 0.5, 0.8].map((at) => ({
          ...{
            name: `split-softmax k=${at}`,
            x: { value: at, low: at - 0.1, high: at + 0.1 },
            y: estimate(at),
          },
          ...{ onFront: true, membership: 'yes' as const, isControl: false, isBaseline: at === 0.2 },
        })),
      },
      look,
    ),
};

describe.each(Object.entries(FIGURES))('%s on a phone', (_, figure) => {
  it('is as wide as the page, with no text smaller than 11 pixels', async () => {
    const svg = await specSvg(figure('phone'));
    const width = Number(/^<svg[^>]* width="([\d.]+)"/.exec(svg)![1]);
    expect(width).toBeLessThanOrEqual(ROOM_PX);
    expect(width, 'with axes and words').toBeGreaterThanOrEqual(0.9 * ROOM_PX);
    const plots = [...svg.matchAll(/class="background"[^>]* d="M[\d.,]+h([\d.]+)/g)].map(([, each]) =>
      Number(each),
    );
    expect(Math.max(...plots), 'a plot without its axis').toBeGreaterThanOrEqual(0.65 * ROOM_PX);
    const sizes = [...svg.matchAll(/font-size="([\d.]+)px"/g)].map(([, size]) => Number(size));
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(SMALLEST_PX);
    expect(svg, 'no text is cut').not.toContain('…');
  });
});

describe('a figure of a page', () => {
  it('is drawn twice, each no narrower than drawn and with ids of its own', async () => {
    const { markup } = await pageFigure((look) => specSvg(FIGURES['a heat map']!(look)), 'heads');
    const boxes = [...markup.matchAll(/class="wide on-(\w+)"[^>]*><svg style="min-width: ([\d.]+)px"/g)];
    expect(boxes.map(([, look]) => look)).toEqual(['page', 'phone']);
    expect(Number(boxes[0]![2])).toBeGreaterThan(Number(boxes[1]![2]));
    const ids = [...markup.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(1);
  });
});

it('a subtitle is broken where the plots end, and makes no figure wider', async () => {
  const drawn = (subtitle: string) =>
    specSvg(
      specOf(
        {
          ...words,
          ...{ subtitle, source: 'demo', x: 'round' },
          panels: [{ title, domain: [0, 1], height: 200, series: [line('off')] }],
        },
        'paper',
      ),
    );
  const svg = await drawn(words.subtitle);
  const lines = [...svg.matchAll(/>([^<]+)</g)].map(([, text]) => text!);
  expect(lines).toContain('Bands are 95 % intervals from a bootstrap over prompts; fewer than 5 prompts');
  const widthOf = (text: string): number => Number(/\bwidth="(\d+)"/.exec(text)![1]);
  expect(widthOf(svg)).toBe(widthOf(await drawn('Bands')));
});
