import { tellNotes } from '../../notes.js';

/** Compiling that takes longer is told. */
const LONG_MS = 1000;

/** Returns a receiver of the progress of compiling, which tells one note if it takes longer than a second. */
export function compileNote(
  nowMs: () => number = () => performance.now(),
): (done: number, total: number) => void {
  let startMs = 0;
  let isTold = false;
  return (done, total) => {
    if (done === 0) startMs = nowMs();
    const passedMs = nowMs() - startMs;
    if (isTold || passedMs < LONG_MS || done === total) return;
    isTold = true;
    tellNotes([
      `compiling programs for the GPU: ${done} of ${total} after ${(passedMs / 1000).toFixed(1)} s`,
    ]);
  };
}
