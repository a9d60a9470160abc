import { expect, it } from 'vitest';
import { sendNotesTo } from '../../notes.js';
import { compileNote } from './compile-note.js';

/** Returns the notes of compiling five programs, of so many milliseconds each. */
function notesOf(eachMs: number): string[] {
  const notes: string[] = [];
  sendNotesTo((note) => notes.push(note));
  // The clock does not begin at 0.
  let nowMs = 5000;
  const report = compileNote(() => nowMs);
  for (let done = 0; done <= 5; done++) {
    report(done, 5);
    nowMs += eachMs;
  }
  return notes;
}

it('is told once if compiling takes longer than a second', () => {
  expect(notesOf(600)).toEqual(['compiling programs for the GPU: 2 of 5 after 1.2 s']);
  expect(notesOf(3000)).toEqual(['compiling programs for the GPU: 1 of 5 after 3.0 s']);
});

it('is not told if compiling takes less, or is done', () => {
  expect(notesOf(190)).toEqual([]);
  expect(notesOf(240)).toEqual([]);
});
