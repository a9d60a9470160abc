import { afterEach, expect, it, vi } from 'vitest';
import { sendNotesTo, tellNotes } from './notes.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it('are warnings of the process by default, each told once, with control characters escaped', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  tellNotes(['a.gguf: one', 'a.gguf: two\u001b[2J']);
  tellNotes(['a.gguf: one', 'b.gguf: one']);
  expect(warned.mock.calls).toEqual([
    ['a.gguf: one', 'HoldfastNote'],
    ['a.gguf: two\\u001b[2J', 'HoldfastNote'],
    ['b.gguf: one', 'HoldfastNote'],
  ]);
});

it('go to the console where there is no process, escaped too', () => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.stubGlobal('process', undefined);
  tellNotes(['d.gguf: one\u001b[2J']);
  expect(warned.mock.calls).toEqual([['d.gguf: one\\u001b[2J']]);
});

it('go where a program sends them, each told once to each receiver', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const received: string[] = [];
  sendNotesTo((note) => received.push(note));
  tellNotes(['c.gguf: one', 'c.gguf: one']);
  expect(received).toEqual(['c.gguf: one']);
  const next: string[] = [];
  sendNotesTo((note) => next.push(note));
  tellNotes(['c.gguf: one', 'c.gguf: one']);
  expect(next).toEqual(['c.gguf: one']);
  expect(warned).not.toHaveBeenCalled();
});
