import { referenceText } from '../../influence/index.js';
import {
  byDecay,
  byShare,
  clusterWord,
  type DecaySummary,
  FEWEST_CLUSTERS,
  HALF_LIFE_COLUMNS,
  type HalfLife,
  type HeadKind,
  type HeadSummary,
  type InfluenceSummary,
  type Measured,
  type ReferenceSummary,
  type ShareColumn,
  type TurnPlace,
} from '../../measure/index.js';
import { textTable } from '../../report/index.js';
import { groupName, layerGroups } from '../shares/index.js';
import type { Measurement } from './files.js';

const BARS = '▁▂▃▄▅▆▇█';
/** Number of heads in each list. */
const LISTED = 5;
/** The other columns of the table by turns: their headings, and what they are. */
const OTHERS: readonly (readonly [string, ShareColumn])[] = [
  ['its words', 'system'],
  ['sink', 'sink'],
  ['prefix', 'prefix'],
  ['template', 'template'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['answer', 'answer'],
  ['random', 'random'],
];
const KINDS: readonly HeadKind[] = ['soft', 'blind', 'fixed', 'mixed'];

/** Returns a measurement for people, line by line. */
export function measureLines(measured: Measurement & { readonly files: readonly string[] }): string[] {
  const { summary, influence, complete, facts, files } = measured;
  const { dialogues, prompts, rows } = summary;
  return [
    `${facts.model.name}, ${facts.source}: ${count(dialogues, 'dialogue')}${prompts < dialogues ? ` of ${count(prompts, 'prompt')}` : ''}, ${count(rows, 'token')} of answers, policy ${facts.settings.policy}`,
    ...(complete ? [] : ['Interrupted: the numbers below cover the tokens measured so far.']),
    '',
    ...sharesLines(summary, facts.settings.policy !== 'off'),
    '',
    ...layerLines(summary),
    '',
    ...halfLifeLines(summary),
    '',
    ...borderLines(summary),
    '',
    ...headLines(summary),
    '',
    ...(influence === null ? [] : [...influenceLines(influence), '']),
    'Written',
    ...files.map((file) => `  ${file}`),
  ];
}

function influenceLines({ references, forwardedTokens, forwardPasses }: InfluenceSummary): string[] {
  const turns = [...new Set(references.flatMap((own) => own.turns.map(({ turn }) => turn)))];
  // Turns double, as the influence often halves; the summary has all of them.
  const shown = turns.filter(
    (turn, place) => place === turns.length - 1 || Number.isInteger(Math.log2(turn)),
  );
  const at = ({ turns: own }: ReferenceSummary, turn: number): Measured | null =>
    own.find((each) => each.turn === turn)?.influence ?? null;
  return [
    "Influence of the prompt: how far the next token's distribution is from that with another prompt (KL divergence, nats a token)",
    ...textTable({
      heading: ['beside', 'effect', 'mean', ...shown.map((turn) => `turn ${turn}`), 'half-life in turns'],
      rows: references.map((reference) => [
        referenceText(reference.name),
        reference.effect,
        numberText(reference.mean, 3),
        ...shown.map((turn) => numberText(at(reference, turn), 3)),
        halfLifeText(reference.halfLife, 1),
      ]),
      wordy: [0, 1],
    }),
    `It took ${forwardPasses.toLocaleString('en')} passes over ${forwardedTokens.toLocaleString('en')} tokens.`,
  ];
}

function sharesLines(summary: DecaySummary, acted: boolean): string[] {
  const { turns, headsInMeans, layers, headsPerLayer, clusters } = summary;
  const all = layers * headsPerLayer;
  const columns: readonly (readonly [string, ShareColumn])[] = [
    ['prompt', 'prompt'],
    ...(acted ? [['after', 'prompt_after'] as const] : []),
    ...OTHERS,
  ];
  const heads =
    headsInMeans === all ? `all ${all} heads` : `the ${headsInMeans} of ${all} heads that see furthest`;
  return [
    `Share of attention, mean over ${heads}`,
    clusters < FEWEST_CLUSTERS
      ? `No intervals: they need at least ${FEWEST_CLUSTERS} ${clusterWord(summary)}, and this measurement has ${clusters}`
      : `Brackets: 95 % intervals from a bootstrap over ${clusterWord(summary)}`,
    ...textTable({
      heading: ['turn', 'tokens', ...columns.map(([name]) => name)],
      rows: turns.map((place) => [
        String(place.turn),
        place.tokens.toFixed(0),
        ...columns.map(([, column]) =>
          column === 'prompt' || column === 'prompt_after'
            ? numberText(place.shares[column], 3)
            : (place.shares[column]?.value.toFixed(3) ?? '-'),
        ),
      ]),
    }),
  ];
}

/** Returns the prompt's share over the turns as one sparkline for each group of layers, all on one scale. */
function layerLines({ turns, layers }: DecaySummary): string[] {
  const groups = layerGroups(layers).map((group) => ({
    name: groupName(group),
    shares: turns.map((turn) => meanOf(turn, group)),
  }));
  const most = Math.max(0, ...groups.flatMap(({ shares }) => shares.filter((share) => share !== null)));
  return [
    `The prompt by layers, turn by turn, from ▁ (0) to █ (${most.toFixed(3)})`,
    ...textTable({
      heading: ['layers', ''.padEnd(turns.length), 'first', 'last'],
      rows: groups.map(({ name, shares }) => [
        name,
        sparkline(shares, most),
        shareText(shares[0]!),
        shareText(shares.at(-1)!),
      ]),
    }),
  ];
}

/** Returns the mean over the layers of a group that see the prompt; null if there are none. */
function meanOf(
  { layers }: TurnPlace,
  { first, end }: { readonly first: number; readonly end: number },
): number | null {
  const seen = layers.slice(first, end).filter((share) => share !== null);
  return seen.length === 0 ? null : seen.reduce((sum, share) => sum + share, 0) / seen.length;
}

const shareText = (share: number | null): string => share?.toFixed(3) ?? '-';

/**
 * Returns values as a row of bars; a blank for null.
 * @param most the value of the highest bar; the lowest bar is 0
 */
function sparkline(values: readonly (number | null)[], most: number): string {
  const bar = (value: number): string =>
    BARS[most === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))]!;
  return values.map((value) => (value === null ? ' ' : bar(value))).join('');
}

function halfLifeLines({ halfLives }: DecaySummary): string[] {
  return textTable({
    heading: ['Half-life', 'in turns', 'in tokens'],
    rows: HALF_LIFE_COLUMNS.map((column) => {
      const { turns, tokens } = halfLives[column];
      return [column, halfLifeText(turns, 1), halfLifeText(tokens, 0)];
    }),
  });
}

function halfLifeText(halfLife: HalfLife | null, digits: number): string {
  if (halfLife === null) return '-';
  const text = (value: number | 'never'): string => (value === 'never' ? 'never' : value.toFixed(digits));
  const { value, low, high } = halfLife;
  const said = value === 'never' ? 'does not fall' : text(value);
  return low === null || high === null ? said : `${said} [${text(low)}, ${text(high)}]`;
}

function borderLines({ turns, slopeWithinTurns, dropBetweenTurns }: DecaySummary): string[] {
  return [
    `Within an answer, the prompt's share changes by ${numberText(per(slopeWithinTurns, 100), 4)} per 100 tokens;`,
    dropBetweenTurns === null
      ? `${turns.length === 1 ? 'there is only one turn' : 'no two turns in a row see the prompt'}, so there is no change between turns.`
      : `from the end of an answer to the start of the next, it falls by ${numberText(dropBetweenTurns, 4)}.`,
  ];
}

function headLines({ heads: all, spread }: DecaySummary): string[] {
  const heads = all.filter(({ inMeans }) => inMeans);
  const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;
  const kinds = KINDS.map((kind) => `${heads.filter((head) => head.kind === kind).length} ${kind}`);
  const decaying = byDecay(heads);
  if (spread === null) return ['No head sees the prompt in any row: it is further back than every window.'];
  const lists: readonly (readonly [string, readonly HeadSummary[]])[] = [
    ['Largest share', byShare(heads).slice(0, LISTED)],
    ['Decays most', decaying.slice(0, LISTED)],
    ['Decays least', decaying.slice(-LISTED).reverse()],
  ];
  return [
    `Over all rows of these heads, the prompt's share has a median of ${spread.median.toFixed(3)} and a 90th percentile of ` +
      `${spread.ninetieth.toFixed(3)}; ${percent(spread.above)} are above 0.5, ${percent(spread.below)} below 0.001.`,
    `Kinds of heads: ${kinds.join(', ')} (at least half of the rows: soft, between 0.001 and 0.5; blind, below; fixed, above)`,
    `Decay is listed for the ${decaying.length} of ${heads.length} heads whose share in the first turn was at least half of the mean.`,
    ...lists.flatMap(([title, listed]) =>
      listed.length === 0
        ? []
        : [
            '',
            ...textTable({
              heading: [title, 'share', 'first turn', 'last turn', 'last / first', 'kind'],
              rows: listed.map(({ layer, head, spread, first, last, left, kind }) => [
                `layer ${layer} head ${head}`,
                shareText(spread?.mean ?? null),
                shareText(first),
                shareText(last),
                numberText(left, 2),
                kind ?? '-',
              ]),
            }),
          ],
    ),
  ];
}

const per = (measured: Measured | null, factor: number): Measured | null =>
  measured && {
    value: factor * measured.value,
    low: measured.low && factor * measured.low,
    high: measured.high && factor * measured.high,
  };

/** Returns, for example, `0.35 [0.34, 0.36]`; a dash for null. */
function numberText(measured: Measured | null, digits: number): string {
  if (measured === null) return '-';
  const text = (value: number): string => value.toFixed(digits).replace('-', '−');
  const { value, low, high } = measured;
  return low === null || high === null ? text(value) : `${text(value)} [${text(low)}, ${text(high)}]`;
}

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
