import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createProgressLine } from '../../src/cli/running/progress.js';
import { createOutput } from '../../src/cli/terminal/output.js';
import type { RunProgress } from '../../src/study/index.js';

function streamOf(terminal: object) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, terminal), written };
}

const progressAt = (done: number, elapsedMs = done * 100): RunProgress => ({
  total: 40,
  done,
  computed: done,
  failed: done > 30 ? 1 : 0,
  elapsedMs,
  decodedTokens: done * 20,
  outsideExecutor: done === 0 ? null : 0.021,
  leftMs: done === 0 ? null : (40 - done) * 6000,
});

it('on a terminal, redraws one line and puts what went wrong above it', () => {
  const { stream, written } = streamOf({ isTTY: true, columns: 100 });
  const line = createProgressLine(createOutput(stream));
  line.show(progressAt(0));
  line.show(progressAt(12));
  line.warn('damaged: something');
  line.end();
  const last = '12 of 40 cells, 200 tokens/s, 3 min left';
  expect(written.join('')).toBe(
    `\r\u001b[K0 of 40 cells\r\u001b[K${last}\r\u001b[Kdamaged: something\n\r\u001b[K${last}\r\u001b[K`,
  );
});

it('in a pipe, writes a line for every tenth of the cells and after half a minute of silence', () => {
  const { stream, written } = streamOf({});
  const line = createProgressLine(createOutput(stream));
  for (const done of [0, 1, 3, 4, 5, 7, 8]) line.show(progressAt(done));
  line.show(progressAt(9, 40_000));
  line.show(progressAt(10, 45_000));
  expect(written.map((text) => text.split(' ', 1)[0])).toEqual(['4', '8', '9']);
  line.show(progressAt(40));
  expect(written.at(-1)).toBe('40 of 40 cells, 1 failed, 200 tokens/s\n');
});
