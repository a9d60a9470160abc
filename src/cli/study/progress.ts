import type { Writable } from 'node:stream';
import { durationText } from '../../report/index.js';
import type { RunProgress } from '../../study/index.js';
import { drawOver } from '../terminal/index.js';

/** Where progress is shown: one line that is written over on a terminal, now and then a new one in a pipe. */
export interface ProgressLine {
  show(progress: RunProgress): void;
  /** Something that stays. */
  note(text: string): void;
  end(): void;
}

/** In a pipe: a line when so much was done since the last, or so long ago. */
const STEP = 0.1;
const PAUSE_MS = 30_000;

export function createProgressLine(
  stream: Writable & { readonly isTTY?: boolean; readonly columns?: number },
): ProgressLine {
  if (stream.isTTY === true) {
    let last = '';
    const draw = (text: string): void => drawOver(stream, text);
    return {
      show(progress) {
        last = progressText(progress);
        draw(last);
      },
      note(text) {
        draw('');
        stream.write(`${text}\n`);
        draw(last);
      },
      end: () => draw(''),
    };
  }
  let step = 0;
  let shownMs = 0;
  return {
    show(progress) {
      const { done, total, computed, elapsedMs } = progress;
      const reached = Math.floor(done / total / STEP);
      if (computed === 0) step = reached;
      if (computed === 0 || (reached <= step && elapsedMs - shownMs < PAUSE_MS)) return;
      step = reached;
      shownMs = elapsedMs;
      stream.write(`${progressText(progress)}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    end: () => {},
  };
}

/** `12 of 40 cells, 1 failed, 153 tokens/s, 2.1 % outside the executor, 4 min left` */
export function progressText(progress: RunProgress): string {
  const { done, total, failed, leftMs } = progress;
  return [
    `${done} of ${total} cells`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...speedTexts(progress),
    ...(leftMs === null || done === total ? [] : [`${durationText(leftMs)} left`]),
  ].join(', ');
}

/** What is known of how fast it is: nothing before the first cell. */
export function speedTexts({ decodedTokens, elapsedMs, outsideExecutor }: RunProgress): string[] {
  if (outsideExecutor === null) return [];
  return [
    `${Math.round(decodedTokens / (elapsedMs / 1000))} tokens/s`,
    `${(100 * outsideExecutor).toFixed(1)} % outside the executor`,
  ];
}
