import { beforeAll, describe, expect, it } from 'vitest';
import { HEAT_COLOURS, type HeatMap } from './heat-map.js';
import { heatMapSvg } from './svg.js';

const map: HeatMap = {
  title: 'Heads & layers',
  subtitle: 'of 3 dialogues',
  x: 'head',
  y: 'layer',
  panels: [
    {
      title: 'Share, 0 to 1',
      domain: [0, 1],
      values: [
        [0, 0.5],
        [0.25, 1],
        [0.75, null],
      ],
    },
    {
      title: 'What is left of it',
      domain: [0, 2],
      values: [
        [2, 1],
        [1, 1],
        [0, 0.5],
      ],
    },
  ],
  absent: 'brown: nothing there',
  source: 'holdfast 0.1.0',
};

/** The lightness of OKLab (Ottosson 2020), 0…1. */
function lightness(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly value: number;
  readonly fill: string;
  readonly top: number;
}

/** Cells as drawn, read from their own descriptions. */
function cellsOf(svg: string): Cell[] {
  return [
    ...svg.matchAll(
      /aria-label="x: (\d+); y: (\d+); value: ([\d.]+)" role="graphics-symbol" aria-roledescription="rect mark" d="M[\d.]+,([\d.]+)[^"]*" fill="([^"]+)"/g,
    ),
  ].map(([, x, y, value, top, fill]) => ({
    x: Number(x),
    y: Number(y),
    value: Number(value),
    top: Number(top),
    fill: fill!,
  }));
}

const channels = (fill: string): number => {
  const [r, g, b] = [...fill.matchAll(/\d+/g)].map(Number) as [number, number, number];
  return lightness(`#${[r, g, b].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`);
};

describe('the scale', () => {
  it('falls in lightness by equal steps', () => {
    const steps = HEAT_COLOURS.slice(1).map(
      (colour, index) => lightness(HEAT_COLOURS[index]!) - lightness(colour),
    );
    for (const step of steps) expect(step).toBeCloseTo(0.068, 2);
  });
});

describe('a heat map as SVG', () => {
  let svg = '';
  let cells: Cell[] = [];
  beforeAll(async () => {
    svg = await heatMapSvg(map, 'paper');
    cells = cellsOf(svg);
  });

  it('has a cell for every value', () => {
    const drawn = cells.map(({ x, y, value }) => `${x} ${y} ${value}`).sort();
    const expected = map.panels.flatMap(({ values }) =>
      values.flatMap((row, y) => row.flatMap((value, x) => (value === null ? [] : [`${x} ${y} ${value}`]))),
    );
    expect(drawn).toEqual(expected.sort());
  });

  it('is darker for larger values, on the scale of each panel', () => {
    const first = cells.slice(0, 5).sort((a, b) => a.value - b.value);
    for (const [index, { fill }] of first.slice(1).entries()) {
      expect(channels(fill)).toBeLessThan(channels(first[index]!.fill));
    }
    const whole = cells.find(({ value }) => value === 2)!;
    expect(whole.fill).toBe(first.at(-1)!.fill);
  });

  it('has row 0 at the bottom', () => {
    const at = (y: number): number => cells.find((cell) => cell.x === 0 && cell.y === y)!.top;
    expect(at(0)).toBeGreaterThan(at(1));
    expect(at(1)).toBeGreaterThan(at(2));
  });

  it('says what it shows and where the numbers come from', () => {
    for (const text of [
      'Heads &amp; layers',
      'of 3 dialogues',
      'Share, 0 to 1',
      'head',
      'layer',
      'brown: nothing there · holdfast 0.1.0',
    ]) {
      expect(svg).toContain(`>${text}</text>`);
    }
  });

  it('is no wider for a long source', async () => {
    const widthOf = (drawn: string): number => Number(drawn.match(/<svg[^>]* width="(\d+)"/)![1]);
    const long = await heatMapSvg({ ...map, source: 'holdfast 0.1.0 · '.repeat(20) }, 'paper');
    expect(widthOf(long)).toBeLessThan(700);
  });
});
