import { useEffect, useRef } from 'preact/hooks';
import { CELL_STATES, type CellState } from '../../../src/studio/study-protocol.js';
import { cellPixels } from '../draw/cells.js';
import { palette } from '../draw/palette.js';
import type { OpenStudy } from '../state/open-study.js';
import { cellRows } from './cell-rows.js';
import { ScrollTable } from './ScrollTable.js';

/** What computes which cells, and how far each is. */
export function CellRows({ shown }: { readonly shown: OpenStudy }) {
  return (
    <ScrollTable label="Cells">
      <thead>
        <tr>
          <th scope="col">model, source</th>
          <th scope="col" class="words">
            kind
          </th>
          <th scope="col" class="words">
            arm
          </th>
          <th scope="col" class="words">
            cells
          </th>
          {CELL_STATES.filter((state) => state !== 'missing').map((state) => (
            <th key={state} scope="col">
              {state}
            </th>
          ))}
          <th scope="col">missing</th>
        </tr>
      </thead>
      <tbody>
        {cellRows(shown).map(({ kind, model, source, arm, states }) => {
          const count = (of: CellState): number => states.filter((state) => state === of).length;
          return (
            <tr key={`${kind} ${model} ${source} ${arm}`}>
              <th scope="row">
                {model}, {source}
              </th>
              <td class="words">{kind}</td>
              <td class="words arm">{arm}</td>
              <td class="words">
                <CellStrip states={states} />
              </td>
              <td>{count('done')}</td>
              <td>{count('failed')}</td>
              <td>{count('damaged')}</td>
              <td>{count('missing')}</td>
            </tr>
          );
        })}
      </tbody>
    </ScrollTable>
  );
}

/** A pixel a cell. The counts beside it say the same. */
function CellStrip({ states }: { readonly states: readonly CellState[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { cells } = palette.value;
  useEffect(() => {
    const pixels = cellPixels(states, cells);
    canvas.current!.getContext('2d')!.putImageData(new ImageData(pixels, states.length, 1), 0, 0);
  }, [states, cells]);
  return (
    <span class="cell-strip" aria-hidden="true">
      <canvas ref={canvas} width={states.length} height={1} />
    </span>
  );
}
