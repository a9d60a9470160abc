import type { PulledFile, PullProgress } from '../../hub/index.js';
import { durationText } from '../../report/index.js';
import { columnsOf, type Output } from './output.js';
import { printBytes } from './print-bytes.js';

/** Shows a download: one line per finished file, and on a terminal a progress line while a file is being fetched. */
export interface PullView {
  onProgress(progress: PullProgress): void;
  onFile(file: PulledFile): void;
  onNote(text: string): void;
  end(): void;
}

const REDRAW_MS = 100;
/** Window over which the rate is averaged: long enough to be steady, short enough to be current. */
const RATE_WINDOW_MS = 5000;

/** Creates the view of a download. `now` is the clock in milliseconds. */
export function createPullView(output: Output, now: () => number = () => performance.now()): PullView {
  const live = output.isTerminal;
  let drawnMs = Number.NEGATIVE_INFINITY;
  let samples: { readonly ms: number; readonly bytes: number }[] = [];
  const clear = (): void => {
    if (live && drawnMs !== Number.NEGATIVE_INFINITY) output.draw('');
    drawnMs = Number.NEGATIVE_INFINITY;
  };
  const say = (text: string): void => {
    clear();
    output.lines([text]);
  };
  return {
    onProgress(progress) {
      if (!live) return;
      const nowMs = now();
      const last = samples.at(-1);
      if (last !== undefined && progress.doneBytes < last.bytes) samples = [];
      samples = [
        ...samples.filter(({ ms }) => nowMs - ms < RATE_WINDOW_MS),
        { ms: nowMs, bytes: progress.doneBytes },
      ];
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const first = samples[0]!;
      const rate = nowMs > first.ms ? (1000 * (progress.doneBytes - first.bytes)) / (nowMs - first.ms) : null;
      output.draw(progressText(progress, rate, columnsOf(output)));
    },
    onFile({ path, bytes, arrival }) {
      samples = [];
      if (arrival !== 'found') say(`${arrival} ${path}, ${printBytes(bytes)}`);
    },
    onNote: (text) => say(`note: ${text}`),
    end: clear,
  };
}

/**
 * Returns `model.safetensors  45 %  121 of 269 MiB  12.3 MiB/s  12 s left`. A name that is too long loses its middle.
 * @param rate bytes per second; null while unknown
 */
function progressText(
  { file, fileBytes, doneBytes }: PullProgress,
  rate: number | null,
  columns: number,
): string {
  const share = fileBytes === 0 ? 1 : doneBytes / fileBytes;
  const rest = [
    `${Math.floor(100 * share)} %`.padStart(5),
    `${printBytes(doneBytes)} of ${printBytes(fileBytes)}`,
    ...(rate === null || rate <= 0
      ? []
      : [
          `${printBytes(Math.round(rate))}/s`,
          `${durationText((1000 * (fileBytes - doneBytes)) / rate)} left`,
        ]),
  ].join('  ');
  const space = Math.max(8, columns - rest.length - 2);
  const half = Math.floor((space - 1) / 2);
  const name = file.length <= space ? file : `${file.slice(0, half)}…${file.slice(-half)}`;
  return `${name}  ${rest}`;
}
