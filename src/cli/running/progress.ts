import { durationText } from '../../report/index.js';
import type { RunProgress } from '../../study/index.js';
import { type Output, verbosity } from '../terminal/index.js';

/** Shows the progress of a run: one line that is overwritten on a terminal, an occasional new line in a pipe. */
export interface ProgressLine {
  show(progress: RunProgress): void;
  /** Writes a line that stays, of what went wrong: also if the command is to be quiet. */
  warn(text: string): void;
  end(): void;
}

/** In a pipe, a new line is written after this fraction of the cells, or after this pause. */
const STEP = 0.1;
const PAUSE_MS = 30_000;

/** Creates the progress line of a run. */
export function createProgressLine(output: Output): ProgressLine {
  if (verbosity().quiet) return { show() {}, warn: (text) => output.lines([text]), end() {} };
  if (output.isTerminal) {
    let last = '';
    const { draw } = output;
    return {
      show(progress) {
        last = progressText(progress);
        draw(last);
      },
      warn(text) {
        draw('');
        output.lines([text]);
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
      output.lines([progressText(progress)]);
    },
    warn: (text) => output.lines([text]),
    end: () => {},
  };
}

/** Returns `12 of 40 cells, 1 failed, 153 tokens/s, 4 min left`. */
function progressText(progress: RunProgress): string {
  const { done, total, failed, leftMs } = progress;
  return [
    `${done} of ${total} cells`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...speedTexts(progress),
    ...(leftMs === null || done === total ? [] : [`${durationText(leftMs)} left`]),
  ].join(', ');
}

/** Returns the speed and, for developers, the time spent outside the executor. Empty before the first cell is computed. */
export function speedTexts({ decodedTokens, elapsedMs, outsideExecutor }: RunProgress): string[] {
  if (outsideExecutor === null) return [];
  return [
    `${Math.round(decodedTokens / (elapsedMs / 1000))} tokens/s`,
    ...(verbosity().debug ? [`${(100 * outsideExecutor).toFixed(1)} % outside the executor`] : []),
  ];
}
