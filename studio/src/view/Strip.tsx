import { useMemo } from 'preact/hooks';
import { type Column, GROUPS, type TokenTrace } from '../../../src/studio/protocol.js';
import { GROUP_NAMES } from '../draw/palette.js';
import { pin, pinned, pointed, useChosenToken } from '../state/selection.js';
import { percent, visible } from './format.js';
import { ScrollTable } from './ScrollTable.js';
import { TokenStrip } from './TokenStrip.js';

/** The shares of an answer's tokens as a strip; a table has the same numbers. */
export function Strip({
  round,
  column,
  tokens,
}: {
  readonly round: number;
  readonly column: Column;
  readonly tokens: readonly TokenTrace[];
}) {
  const shares = useMemo(() => tokens.map((token) => token.shares), [tokens]);
  const chosen = useChosenToken(round, column).value;
  const at = chosen === null ? null : Math.min(chosen, tokens.length - 1);
  const placeOf = (token: number) => ({ round, column, token });
  return (
    <TokenStrip
      shares={shares}
      at={at}
      label={`Where each token of this ${column} answer listened`}
      valueText={at === null ? 'no token chosen' : describe(tokens[at]!)}
      point={(token) => {
        pointed.value = token === null ? null : placeOf(token);
      }}
      keep={(token) => {
        if (token === null) pinned.value = null;
        else pin(placeOf(token));
      }}
    />
  );
}

/** Returns what a screen reader says of a token. */
function describe({ text, shares }: TokenTrace): string {
  const parts = GROUPS.map((group, index) => `${GROUP_NAMES[group]} ${percent(shares[index]!)}`);
  return `${visible(text)}: ${parts.join(', ')}`;
}

/** The numbers of a strip as a table. */
export function StripTable({ tokens }: { readonly tokens: readonly TokenTrace[] }) {
  return (
    <ScrollTable label="Shares of each token">
      <thead>
        <tr>
          <th scope="col">token</th>
          {GROUPS.map((group) => (
            <th scope="col" key={group}>
              {GROUP_NAMES[group]}
            </th>
          ))}
          <th scope="col">probability</th>
        </tr>
      </thead>
      <tbody>
        {tokens.map(({ text, shares, probability }, index) => (
          <tr key={index}>
            <th scope="row">{visible(text)}</th>
            {shares.map((share, group) => (
              <td key={GROUPS[group]}>{percent(share)}</td>
            ))}
            <td>{probability === null ? '–' : percent(probability)}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  );
}
