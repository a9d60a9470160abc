import { percent } from './format.js';
import { ScrollTable } from './ScrollTable.js';

/**
 * A share in every head as a table.
 * @param shares `[layers × heads]`; empty if there are none yet
 */
export function HeadTable({
  label,
  shares,
  layers,
  heads,
}: {
  readonly label: string;
  readonly shares: ArrayLike<number>;
  readonly layers: number;
  readonly heads: number;
}) {
  return (
    <ScrollTable label={label}>
      <thead>
        <tr>
          <th scope="col">layer</th>
          {Array.from({ length: heads }, (_, head) => (
            <th scope="col" key={head}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: layers }, (_, layer) => (
          <tr key={layer}>
            <th scope="row">{layer}</th>
            {Array.from({ length: heads }, (_, head) => (
              <td key={head}>{shares.length === 0 ? '' : percent(shares[layer * heads + head]!)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
