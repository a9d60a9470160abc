import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { showLive, tokensText } from './live-line.js';
import { createOutput } from './output.js';

function outputOf(isTTY: boolean): {
  readonly written: string[];
  readonly output: ReturnType<typeof createOutput>;
} {
  const written: string[] = [];
  return { written, output: createOutput({ isTTY, columns: 80, write: (text) => written.push(text) }) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a sign of life', () => {
  it('is one line on a terminal, which is removed at the end and while there is nothing to say', () => {
    const { written, output } = outputOf(true);
    let text: string | null = null;
    const live = showLive(output, () => text);
    vi.advanceTimersByTime(1000);
    expect(written).toEqual([]);
    text = 'working';
    vi.advanceTimersByTime(400);
    expect(written).toEqual(['\r\u001b[Kworking', '\r\u001b[Kworking']);
    text = null;
    vi.advanceTimersByTime(200);
    text = 'again';
    vi.advanceTimersByTime(200);
    live.end();
    vi.advanceTimersByTime(1000);
    expect(written.slice(2)).toEqual(['\r\u001b[K', '\r\u001b[Kagain', '\r\u001b[K']);
  });

  it('is a line a minute in a pipe', () => {
    const { written, output } = outputOf(false);
    let minutes = 0;
    const live = showLive(output, () => `${++minutes} min`);
    vi.advanceTimersByTime(150_000);
    live.end();
    vi.advanceTimersByTime(150_000);
    expect(written).toEqual(['1 min\n', '2 min\n']);
  });
});

it('tokens have a rate as soon as there are any', () => {
  expect(tokensText(0, 2048, 5000)).toBe('0 of 2048 tokens');
  expect(tokensText(512, 2048, 2000)).toBe('512 of 2048 tokens, 256 tokens/s');
});
