import { basename, join } from 'node:path';
import type { SavedDialogue, SavedSettings } from '../../dialogue/index.js';
import type { ShareError } from '../../executors/index.js';
import { writeWhole } from '../../files/index.js';
import {
  type DecaySummary,
  headMap,
  type InfluenceSummary,
  influenceFigure,
  tokenFigure,
  turnFigure,
} from '../../measure/index.js';
import { heatMapSpec, specOf, specSvg } from '../../report/index.js';
import type { Moment } from '../../text/index.js';

/** The facts that a measurement depends on, besides its dialogues. */
export interface MeasureFacts {
  readonly source: string;
  readonly model: SavedDialogue['model'];
  readonly settings: SavedSettings;
  readonly contextLength: number;
  /** The date and time that the template writes if it writes one. */
  readonly now: Moment;
  readonly versions: Readonly<Record<string, string>>;
}

/** A finished or interrupted measurement. */
export interface Measurement {
  readonly summary: DecaySummary;
  /** The prompt's influence; null if it was not measured. */
  readonly influence: InfluenceSummary | null;
  /** Whether every dialogue ran to its end. */
  readonly complete: boolean;
  readonly facts: MeasureFacts;
  /** How far shares may be from those of the same weights in f32; null where this is not known. */
  readonly shareError: ShareError | null;
}

/** Files of a measurement besides its figures. */
export const MEASURE_FILES = {
  shares: 'shares.parquet',
  dialogues: 'dialogues.jsonl',
  summary: 'summary.json',
} as const;

/**
 * Writes the summary and the figures.
 * @returns the paths of all files of the measurement
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function writeMeasured(
  out: string,
  { summary, influence, complete, facts, shareError }: Measurement,
): Promise<readonly string[]> {
  const paths = Object.values(MEASURE_FILES).map((name) => join(out, name));
  const write = async (name: string, text: string): Promise<void> => {
    await writeWhole(join(out, name), [new TextEncoder().encode(text)]);
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await write(
    MEASURE_FILES.summary,
    json({
      ...{ format: 'holdfast-decay-2', ...facts, shareError, complete, ...summary },
      ...(influence && { influence }),
    }),
  );
  const words = { model: basename(facts.model.name), source: sourceLine(facts) };
  const drawn = influence && influenceFigure(influence, words);
  const specs = {
    'share-by-token': specOf(tokenFigure(summary, words), 'paper'),
    'share-by-turn': specOf(turnFigure(summary, words), 'paper'),
    heads: heatMapSpec(headMap(summary, words), 'paper'),
    ...(drawn && { influence: specOf(drawn, 'paper') }),
  };
  for (const [name, spec] of Object.entries(specs)) {
    await write(`${name}.vl.json`, json(spec));
    await write(`${name}.svg`, await specSvg(spec));
    paths.push(join(out, `${name}.svg`), join(out, `${name}.vl.json`));
  }
  return paths;
}

/** Returns the line under a figure that says where its numbers come from. */
function sourceLine({ versions, source, model, settings }: MeasureFacts): string {
  const name = basename(model.name);
  return `holdfast ${versions.holdfast} measure, ${source}, policy ${settings.policy} · ${name}, sha256 ${model.hash.slice(0, 12)}…`;
}
