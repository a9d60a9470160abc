import { describe, expect, it } from 'vitest';
import { type FrontChart, frontChartSpec } from './front-chart.js';
import { heatMapSpec } from './heat-map.js';
import { specOf } from './line-chart.js';
import { type SmallMultiples, smallMultiplesSpec } from './small-multiples.js';
import { specSvg } from './svg.js';

const line = (name: string, values: readonly number[]) => ({
  name,
  points: values.map((value, at) => ({ x: at + 1, value, low: value - 0.1, high: value + 0.1 })),
});
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]!);
const labelsOf = (svg: string, role: string): string[] =>
  [
    ...svg.matchAll(
      new RegExp(`aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="${role}"`, 'g'),
    ),
  ].map((m) => m[1]!);
const widthOf = (svg: string): number => Number(svg.match(/<svg[^>]* width="(\d+)"/)![1]);

describe('small multiples', () => {
  const figure: SmallMultiples = {
    title: 'Stability',
    subtitle:
      'A subtitle with enough words that it would be wider than all of the plots together if it were not wrapped',
    x: 'round',
    y: 'stability',
    domain: [0, 1],
    panels: ['one', 'two', 'three', 'four'].map((title) => ({
      title,
      series: [line('off', [0.9, 0.5]), ...(title === 'four' ? [] : [line('held', [0.9, 0.8])])],
    })),
    source: 'holdfast',
  };

  it('draw every value of every panel, and a band for each series', async () => {
    const svg = await specSvg(smallMultiplesSpec(figure, 'paper'));
    expect(labelsOf(svg, 'point')).toHaveLength(14);
    expect(labelsOf(svg, 'area mark')).toHaveLength(7);
    for (const text of ['one', 'two', 'three', 'four', 'off', 'held', 'Stability', 'holdfast']) {
      expect(textsOf(svg), text).toContain(text);
    }
  });

  it('are no wider than their plots', async () => {
    expect(widthOf(await specSvg(smallMultiplesSpec(figure, 'paper')))).toBeLessThan(760);
  });

  it('show the end of a long title: two plots may differ only there', async () => {
    const panels = [0.9, 0.7].map((k) => ({
      title: `split-softmax, k = ${k}`,
      series: [line('off', [1, 0])],
    }));
    const svg = await specSvg(smallMultiplesSpec({ ...figure, panels }, 'paper'));
    expect(svg).toContain('>k = 0.9<');
    expect(svg).toContain('>k = 0.7<');
    expect(svg).not.toContain('…');
  });
});

it('a drawing has the same bytes, whatever was drawn before', async () => {
  const map = {
    ...{ title: '', subtitle: '', x: 'head', y: 'layer', absent: '', source: '' },
    panels: [{ title: 'share', domain: [0, 1] as const, values: [[0.1, 0.9]] }],
  };
  const first = await specSvg(heatMapSpec(map, 'paper'));
  expect(first).toMatch(/id="mark-0"/);
  expect(first).toMatch(/url\(#mark-0\)/);
  expect(await specSvg(heatMapSpec(map, 'paper'))).toBe(first);
});

describe('a front', () => {
  const around = (value: number) => ({ value, low: Math.max(0, value - 0.02), high: value + 0.02 });
  const chart: FrontChart = {
    title: 'Stability against cost',
    subtitle: '',
    x: 'cost',
    y: 'stability',
    marks: [
      {
        name: 'off',
        x: { value: 0, low: 0, high: 0 },
        y: around(0.4),
        onFront: true,
        membership: 'yes',
        isControl: false,
        isBaseline: true,
      },
      {
        name: 'held',
        x: around(0.1),
        y: around(0.7),
        onFront: true,
        membership: 'uncertain',
        isControl: false,
        isBaseline: false,
      },
      {
        name: 'dear',
        x: around(0.5),
        y: around(0.5),
        onFront: false,
        membership: 'no',
        isControl: false,
        isBaseline: false,
      },
    ],
    source: '',
  };

  it('has each arm by name, higher for more benefit and further right for more cost', async () => {
    const svg = await specSvg(frontChartSpec(chart, 'page'));
    const places = Object.fromEntries(
      [...svg.matchAll(/translate\(([-\d.]+),([-\d.]+)\)"[^>]*>(off|held|dear)</g)].map((m) => [
        m[3]!,
        { x: Number(m[1]), y: Number(m[2]) },
      ]),
    );
    expect(Object.keys(places).sort()).toEqual(['dear', 'held', 'off']);
    expect(places.held!.y).toBeLessThan(places.dear!.y);
    expect(places.dear!.x).toBeGreaterThan(places.held!.x);
    expect(svg).toContain('currentColor');
  });

  it('marks controls by shape, and points that are uncertain by a pale fill', async () => {
    const pointsOf = async (marks: FrontChart['marks']): Promise<string[]> => {
      const svg = await specSvg(frontChartSpec({ ...chart, marks }, 'paper'));
      return [...svg.matchAll(/aria-roledescription="point"[^>]*/g)].map(([mark]) => mark);
    };
    const [off, held, dear] = await pointsOf(chart.marks);
    expect(off).toMatch(/ fill="#/);
    expect(off).not.toContain('fill-opacity="0.3"');
    expect(held).toMatch(/ fill="#/);
    expect(held).toContain('fill-opacity="0.3"');
    expect(dear).not.toMatch(/ fill="#/);
    const shapeOf = (mark: string): string => mark.match(/ d="([^"]*)"/)![1]!;
    const control = { ...chart.marks[1]!, isControl: true };
    expect(shapeOf((await pointsOf([control]))[0]!)).not.toBe(shapeOf(held!));
  });

  it('marks the points on it by shape as well as by colour', async () => {
    const svg = await specSvg(frontChartSpec(chart, 'paper'));
    const shapes = [...svg.matchAll(/aria-roledescription="point"[^>]* d="([^"]*)"/g)].map((m) => m[1]!);
    expect(new Set(shapes).size).toBe(2);
  });
});

describe('steps', () => {
  const panel = { title: 'kept', domain: [0, 1] as const, height: 200, series: [line('off', [1, 0.5, 0.2])] };
  const figure = { title: '', subtitle: '', x: 'round', source: '' };
  const pathOf = (svg: string): string => svg.match(/aria-roledescription="line mark"[^>]* d="([^"]*)"/)![1]!;
  const cornersOf = (svg: string): number => pathOf(svg).match(/[MLHV]/g)!.length;

  it('keep a value until the next point, in one plot and in small ones', async () => {
    const drawn = async (steps: boolean): Promise<number[]> => [
      cornersOf(await specSvg(specOf({ ...figure, steps, panels: [panel] }, 'paper'))),
      cornersOf(
        await specSvg(
          smallMultiplesSpec({ ...figure, y: 'kept', domain: [0, 1], steps, panels: [panel] }, 'paper'),
        ),
      ),
    ];
    expect(await drawn(false)).toEqual([3, 3]);
    expect(await drawn(true)).toEqual([5, 5]);
  });
});
