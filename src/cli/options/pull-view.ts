import type { PulledFile, PullProgress } from '../../hub/index.js';
import { durationText } from '../../report/index.js';
import { columnsOf, type Output, printBytes, verbosity } from '../terminal/index.js';

/**
 * Shows a download: one line per finished file, and how far all files are: on a terminal in a line that is overwritten,
 * elsewhere in a line a minute.
 */
export interface PullView {
  onProgress(progress: PullProgress): void;
  onFile(file: PulledFile): void;
  onNote(text: string): void;
  end(): void;
}

const REDRAW_MS = 100;
const PAUSE_MS = 60_000;
/** Window over which the rate is averaged: long enough to be steady, short enough to be current. */
const RATE_WINDOW_MS = 5000;

/** Creates the view of a download. `now` is the clock in milliseconds. */
export function createPullView(output: Output, now: () => number = () => performance.now()): PullView {
  if (verbosity().quiet) return { onProgress() {}, onFile() {}, onNote() {}, end() {} };
  const live = output.isTerminal;
  const pauseMs = live ? REDRAW_MS : PAUSE_MS;
  // In a pipe, the first line comes after a pause, so that short downloads have none.
  let shownMs = live ? Number.NEGATIVE_INFINITY : now();
  let drawn = false;
  let samples: { readonly ms: number; readonly bytes: number }[] = [];
  const clear = (): void => {
    if (drawn) output.draw('');
    drawn = false;
    if (live) shownMs = Number.NEGATIVE_INFINITY;
  };
  const say = (text: string): void => {
    clear();
    output.lines([text]);
  };
  return {
    onProgress(progress) {
      const nowMs = now();
      const last = samples.at(-1);
      if (last !== undefined && progress.doneBytes < last.bytes) samples = [];
      samples = [
        ...samples.filter(({ ms }) => nowMs - ms < RATE_WINDOW_MS),
        { ms: nowMs, bytes: progress.doneBytes },
      ];
      if (nowMs - shownMs < pauseMs) return;
      shownMs = nowMs;
      const first = samples[0]!;
      const rate = nowMs > first.ms ? (1000 * (progress.doneBytes - first.bytes)) / (nowMs - first.ms) : null;
      if (live) output.draw(progressText(progress, rate, columnsOf(output)));
      else output.lines([progressText(progress, rate, Number.POSITIVE_INFINITY)]);
      drawn = live;
    },
    onFile({ path, bytes, arrival }) {
      // The next file may be there in part: what is on disk was not fetched now.
      samples = [];
      if (arrival !== 'found') say(`${arrival} ${path}, ${printBytes(bytes)}`);
    },
    onNote: (text) => say(`note: ${text}`),
    end: clear,
  };
}

/**
 * Returns `model.safetensors (2 of 3)  45 %  121 of 269 MiB  12.3 MiB/s  12 s left`: bytes and time of all files. A name
 * that is too long loses its middle.
 * @param rate bytes per second; null while unknown
 */
function progressText(
  { file, number, files, bytes, doneBytes }: PullProgress,
  rate: number | null,
  columns: number,
): string {
  const share = bytes === 0 ? 1 : doneBytes / bytes;
  const rest = [
    ...(files === 1 ? [] : [`(${number} of ${files})`]),
    `${Math.floor(100 * share)} %`.padStart(5),
    `${printBytes(doneBytes)} of ${printBytes(bytes)}`,
    ...(rate === null || rate <= 0
      ? []
      : [`${printBytes(Math.round(rate))}/s`, `${durationText((1000 * (bytes - doneBytes)) / rate)} left`]),
  ].join('  ');
  const space = Math.max(8, columns - rest.length - 2);
  const half = Math.floor((space - 1) / 2);
  const name = file.length <= space ? file : `${file.slice(0, half)}…${file.slice(-half)}`;
  return `${name}  ${rest}`;
}
