import { answerScore, type Effect, type Influence, referenceText } from '../influence/index.js';
import { domainFromZero, type Figure, type Series } from '../report/index.js';
import { meanOf, type Score, totalOf } from '../statistics/index.js';
import {
  clustersOf,
  FEWEST_CLUSTERS,
  type HalfLife,
  type Measured,
  measure,
  measureHalfLife,
} from './estimates.js';
import type { FigureWords } from './figures.js';

/** The prompt's influence over a measurement's dialogues: means over dialogues, in nats a token. */
export interface InfluenceSummary {
  /** Dialogues whose influence was measured: those that ran to their end. */
  readonly dialogues: number;
  readonly clusters: number;
  readonly references: readonly ReferenceSummary[];
  /** Tokens and passes forwarded for it, over all dialogues. */
  readonly forwardedTokens: number;
  readonly forwardPasses: number;
}

/** The influence beside one reference. */
export interface ReferenceSummary {
  readonly name: string;
  readonly effect: Effect;
  /** The influence in every turn; turns count given exchanges. */
  readonly turns: readonly { readonly turn: number; readonly influence: Measured }[];
  /** The mean over all turns. */
  readonly mean: Measured | null;
  /** In turns; null if it cannot be estimated. */
  readonly halfLife: HalfLife | null;
}

/** The influence on one dialogue. */
export interface DialogueInfluence extends Omit<Influence, 'idle'> {
  readonly system: string;
  /** Given exchanges before the first measured turn. */
  readonly given: number;
}

/** Summarises the influence of a measurement; null if no dialogue ran to its end. */
export function summarizeInfluence(dialogues: readonly DialogueInfluence[]): InfluenceSummary | null {
  const [first] = dialogues;
  if (first === undefined) return null;
  const clusters = clustersOf(
    [...dialogues.keys()],
    dialogues.map(({ system }) => system),
  );
  const sum = (read: (influence: DialogueInfluence) => number): number =>
    dialogues.reduce((total, influence) => total + read(influence), 0);
  return {
    dialogues: dialogues.length,
    clusters: clusters.length,
    references: first.references.map(({ name, effect }, at): ReferenceSummary => {
      const scores = scoresByTurn(dialogues, at);
      const turns = [...scores].flatMap(([turn, own]) => {
        const influence = measure(clusters, meanOf(own));
        return influence === null ? [] : [{ turn, influence }];
      });
      // As for shares: fewer dialogues than half would reflect those dialogues rather than the turn.
      const points = [...scores]
        .filter(([, own]) => 2 * own.filter(({ count }) => count > 0).length >= dialogues.length)
        .map(([x, own]) => ({ x, y: meanOf(own) }));
      const all = dialogues.map((_, index) => totalOf([...scores.values()].map((own) => own[index]!)));
      const mean = measure(clusters, meanOf(all));
      const halfLife = points.length < 2 ? null : measureHalfLife(clusters, points);
      return { name, effect, turns, mean, halfLife };
    }),
    forwardedTokens: sum((influence) => influence.forwardedTokens),
    forwardPasses: sum((influence) => influence.forwardPasses),
  };
}

/** Returns each dialogue's nats a token by turn, beside a reference; an empty score where it has no such turn. */
function scoresByTurn(dialogues: readonly DialogueInfluence[], at: number): ReadonlyMap<number, Score[]> {
  const byTurn = new Map<number, Score[]>();
  for (const [index, { given, references }] of dialogues.entries()) {
    for (const influence of references[at]!.rounds) {
      if (influence.count === 0) continue;
      const turn = given + influence.round;
      const scores = byTurn.get(turn) ?? dialogues.map(() => ({ sum: 0, count: 0 }));
      scores[index] = answerScore(influence);
      byTurn.set(turn, scores);
    }
  }
  return new Map([...byTurn].sort(([a], [b]) => a - b));
}

/** References that a figure has room for. */
const MOST_DRAWN = 4;

/** Returns the influence turn by turn, beside each reference; null if there are too many for a figure. */
export function influenceFigure(
  { references, dialogues, clusters }: InfluenceSummary,
  { model, source }: FigureWords,
): Figure | null {
  if (references.length > MOST_DRAWN) return null;
  const series = references.map(
    ({ name, effect, turns }): Series => ({
      name: `${effect === 'total' ? 'total, ' : ''}beside ${referenceText(name)}`,
      points: turns.map(({ turn, influence: { value, low, high } }) => ({
        x: turn,
        ...{ value, low: low ?? value, high: high ?? value },
      })),
    }),
  );
  const bands = clusters < FEWEST_CLUSTERS ? '' : '; bands: 95 % intervals';
  return {
    title: "The prompt's influence, turn by turn",
    subtitle: `${model}; ${dialogues} ${dialogues === 1 ? 'dialogue' : 'dialogues'}`,
    x: 'turn',
    panels: [
      {
        title: `KL divergence of the next token's distribution, nats a token${bands}`,
        domain: domainFromZero(series.flatMap(({ points }) => points)),
        height: 220,
        series,
      },
    ],
    source,
  };
}
