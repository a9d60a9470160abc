import { describe, expect, it } from 'vitest';
import { createPullView, type PullView } from '../../src/cli/options/pull-view.js';
import { createOutput } from '../../src/cli/terminal/output.js';

/** A view with a manual clock, and its output. */
function watched(
  isTTY: boolean,
  columns = 80,
): { view: PullView; written: string[]; at: (ms: number) => void } {
  const written: string[] = [];
  let nowMs = 0;
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  const view = createPullView(createOutput(stream), () => nowMs);
  const at = (ms: number): void => {
    nowMs = ms;
  };
  return { view, written, at };
}

const MIB = 1024 ** 2;
const progress = (doneBytes: number, file = 'model.safetensors') => ({
  ...{ file, number: 1, files: 1 },
  bytes: 100 * MIB,
  doneBytes,
});

describe('a download on a terminal', () => {
  it('is one line that is overwritten, with its rate and the remaining time', () => {
    const { view, written, at } = watched(true);
    view.onProgress(progress(0));
    at(1000);
    view.onProgress(progress(10 * MIB));
    expect(written.at(-1)).toBe(
      '\r\u001b[Kmodel.safetensors   10 %  10.0 MiB of 100 MiB  10.0 MiB/s  9 s left',
    );
    at(1050);
    view.onProgress(progress(11 * MIB));
    expect(written, 'not drawn again so soon').toHaveLength(2);
  });

  it('of several files has the bytes and the time that are left for all of them', () => {
    const { view, written, at } = watched(true);
    const second = { file: 'b.safetensors', number: 2, files: 3, bytes: 300 * MIB };
    // What an earlier download had left of the second file was not fetched now.
    view.onFile({ path: 'a.safetensors', bytes: 100 * MIB, arrival: 'fetched' });
    view.onProgress({ ...second, doneBytes: 140 * MIB });
    at(1000);
    view.onProgress({ ...second, doneBytes: 150 * MIB });
    expect(written.at(-1)).toBe(
      '\r\u001b[Kb.safetensors  (2 of 3)   50 %  150 MiB of 300 MiB  10.0 MiB/s  15 s left',
    );
  });

  it('shows the rate of the last seconds', () => {
    const { view, written, at } = watched(true);
    view.onProgress(progress(0));
    at(20_000);
    view.onProgress(progress(20 * MIB));
    at(21_000);
    view.onProgress(progress(40 * MIB));
    expect(written.at(-1)).toContain('20.0 MiB/s  3 s left');
  });

  it('fits into the width, whatever the file is called', () => {
    const { view, written, at } = watched(true, 90);
    view.onProgress(progress(0, 'a'.repeat(200)));
    at(1000);
    view.onProgress(progress(MIB, `begin-${'a'.repeat(200)}-end.gguf`));
    const line = written.at(-1)!.replace('\r\u001b[K', '');
    expect(line.length).toBeLessThan(90);
    expect(line).toMatch(/^begin-a*…a*-end\.gguf {2}/);
  });

  it('assumes 80 columns for a terminal of unknown width', () => {
    const { view, written } = watched(true, 0);
    view.onProgress(progress(MIB));
    expect(written[0]).toBe('\r\u001b[Kmodel.safetensors    1 %  1.00 MiB of 100 MiB');
  });

  it('leaves a line for every downloaded file', () => {
    const { view, written } = watched(true);
    view.onProgress(progress(MIB));
    view.onFile({ path: 'model.safetensors', bytes: 100 * MIB, arrival: 'resumed' });
    expect(written.slice(1)).toEqual(['\r\u001b[K', 'resumed model.safetensors, 100 MiB\n']);
  });
});

it('writes a line a minute in a pipe', () => {
  const { view, written, at } = watched(false);
  for (let second = 0; second <= 150; second++) {
    at(1000 * second);
    view.onProgress({ ...progress(0), bytes: 1000 * MIB, doneBytes: second * MIB });
  }
  expect(written).toEqual([
    'model.safetensors    6 %  60.0 MiB of 1000 MiB  1.00 MiB/s  16 min left\n',
    'model.safetensors   12 %  120 MiB of 1000 MiB  1.00 MiB/s  15 min left\n',
  ]);
});

it('writes one line per downloaded file in a pipe, and nothing for files that were already there', () => {
  const { view, written } = watched(false);
  view.onProgress(progress(MIB));
  view.onFile({ path: 'config.json', bytes: 861, arrival: 'found' });
  view.onFile({ path: 'model.safetensors', bytes: 100 * MIB, arrival: 'fetched' });
  view.onNote('the hub is busy');
  view.end();
  expect(written).toEqual(['fetched model.safetensors, 100 MiB\n', 'note: the hub is busy\n']);
});
