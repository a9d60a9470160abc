import { describe, expect, it } from 'vitest';
import type { Series } from './line-chart.js';
import { textChart } from './text-chart.js';

const line = (name: string, values: readonly number[]): Series => ({
  name,
  points: values.map((value, index) => ({ x: index + 1, value, low: value, high: value })),
});

const chart = (...series: Series[]): string[] =>
  textChart({ title: 'Stability', x: 'round', domain: [0, 1], series });

describe('a chart in text', () => {
  it('has a mark for every value, at its height and above its x', () => {
    expect(chart(line('off', [1, 0.5, 0]))).toEqual([
      'Stability',
      '1.00 ┤o',
      '     ┤ ·',
      '0.80 ┤  ·',
      '     ┤   ·',
      '0.60 ┤    ·',
      '     ┤     o',
      '0.40 ┤      ·',
      '     ┤       ·',
      '0.20 ┤        ·',
      '     ┤         ·',
      '0.00 ┤          o',
      '     └───────────',
      '      1    2    3  round',
      '      o off',
    ]);
  });

  it('distinguishes two lines without colour, and marks where they meet', () => {
    const lines = chart(line('off', [1, 0]), line('held', [1, 1]));
    expect(lines[1]).toBe('1.00 ┤◆····■');
    expect(lines[11]).toBe('0.00 ┤     o');
    expect(lines.at(-1)).toBe('      o off   ■ held   ◆ both');
  });

  it('draws values outside the domain at its edge', () => {
    const lines = chart(line('off', [1.4, -0.2]));
    expect(lines[1]).toContain('o');
    expect(lines[11]).toContain('o');
  });

  it('passes every part of a series to paint, with its index', () => {
    const seen = new Set<string>();
    textChart(
      { title: '', x: '', domain: [0, 1], series: [line('a', [0, 1]), line('b', [1, 0])] },
      (text, series) => {
        seen.add(`${series} ${text}`);
        return text;
      },
    );
    expect([...seen].sort()).toEqual(['0 o', '0 o a', '0 ·', '1 ■', '1 ■ b', '1 ·'].sort());
  });
});
