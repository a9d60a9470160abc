import { beforeAll, describe, expect, it } from 'vitest';
import type { Figure, Series } from './line-chart.js';
import { figureSvg } from './svg.js';

const line = (name: string, values: readonly number[]): Series => ({
  name,
  points: values.map((value, index) => ({ x: index + 1, value, low: value - 0.1, high: value + 0.1 })),
});

const figure: Figure = {
  title: 'Hold & more',
  subtitle: 'of 24 dialogues',
  x: 'round of the dialogue',
  panels: [
    {
      title: 'Stability, 0 to 1',
      domain: [0, 1],
      height: 200,
      series: [line('off', [0.9, 0.7, 0.5]), line('held', [0.9, 0.8, 0.51])],
    },
    {
      title: 'Share <of attention>',
      domain: [0, 0.5],
      height: 100,
      series: [line('off', [0.3, 0.2, 0.1]), line('held', [0.3, 0.25, 0.2])],
    },
  ],
  source: 'holdfast 0.1.0',
};

/** The texts of the figure. */
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]!);
/** The places of the marks of one kind, read from their own descriptions. */
const labelsOf = (svg: string, role: string): string[] =>
  [
    ...svg.matchAll(
      new RegExp(`aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="${role}"`, 'g'),
    ),
  ].map((m) => m[1]!);

describe('a figure as SVG', () => {
  let svg = '';
  beforeAll(async () => {
    svg = await figureSvg(figure, 'paper');
  });

  it('has a point for every value of every panel', () => {
    const points = labelsOf(svg, 'point').map((label) =>
      label.match(/x: (\d); value: ([\d.]+); series: (\w+)/)!.slice(1),
    );
    const expected = figure.panels.flatMap(({ series }) =>
      series.flatMap(({ name, points }) => points.map(({ x, value }) => [String(x), String(value), name])),
    );
    expect(points.sort()).toEqual(expected.sort());
  });

  it('draws larger values higher', () => {
    const places = [
      ...svg.matchAll(
        /aria-label="x: (\d); value: ([\d.]+); series: off"[^>]*transform="translate\(([\d.]+),([\d.]+)\)"/g,
      ),
    ];
    const [first, second, third] = places.slice(0, 3).map((m) => ({ x: Number(m[3]), y: Number(m[4]) }));
    expect(first!.x).toBeLessThan(second!.x);
    expect(second!.x).toBeLessThan(third!.x);
    expect(second!.y - first!.y).toBeCloseTo(40, 6); // 0.2 of 200 pixels
    expect(third!.y - second!.y).toBeCloseTo(40, 6);
  });

  it('has a band for the interval of every series', () => {
    expect(svg.match(/aria-roledescription="area mark"/g)).toHaveLength(4);
  });

  it('says what it shows, with units, and where the numbers come from', () => {
    const texts = textsOf(svg);
    for (const text of [
      'Hold &amp; more',
      'of 24 dialogues',
      'Stability, 0 to 1',
      'round of the dialogue',
      'holdfast 0.1.0',
    ]) {
      expect(texts).toContain(text);
    }
    expect(texts).toContain('Share &lt;of attention&gt;');
  });

  it('names each line at its end, without overlapping names', () => {
    const names = [...svg.matchAll(/translate\(([\d.]+),([\d.]+)\)"[^>]*>(off|held) (0\.\d\d)</g)].slice(
      0,
      2,
    );
    const heights = Object.fromEntries(names.map((m) => [m[3]!, Number(m[2])]));
    expect(names.map((m) => `${m[3]} ${m[4]}`).sort()).toEqual(['held 0.51', 'off 0.50']);
    expect(heights.off! - heights.held!).toBeGreaterThan(15);
  });

  it('has ticks at round numbers if x is continuous, and no marks on a line of many points', async () => {
    const values = Array.from({ length: 30 }, (_, index) => index / 60);
    const many = line('off', values);
    const points = many.points.map((point) => ({ ...point, x: 13 * point.x }));
    const along = { ...figure.panels[0]!, series: [{ ...many, points }] };
    const drawn = await figureSvg({ ...figure, continuous: true, panels: [along] }, 'paper');
    expect(labelsOf(drawn, 'point')).toEqual([]);
    expect(textsOf(drawn)).toEqual(expect.arrayContaining(['50', '100', '150', '350']));
  });

  it('has a white background, or the ink of the page', async () => {
    expect(svg).toContain('fill="white"');
    expect(svg).not.toContain('currentColor');
    const inPage = await figureSvg(figure, 'page');
    expect(inPage).not.toContain('fill="white"');
    expect(inPage).toContain('fill="currentColor"');
  });
});
