import { basename, join } from 'node:path';
import type { SavedDialogue, SavedSettings } from '../../dialogue/index.js';
import { writeWhole } from '../../files/index.js';
import { type DecaySummary, headMap, tokenFigure, turnFigure } from '../../measure/index.js';
import { heatMapSpec, specOf, specSvg } from '../../report/index.js';

/** What a measurement depends on, besides what was said. */
export interface MeasureFacts {
  readonly source: string;
  readonly model: SavedDialogue['model'];
  readonly settings: SavedSettings;
  readonly contextLength: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Measurement {
  readonly summary: DecaySummary;
  /** Whether every dialogue came to its end. */
  readonly complete: boolean;
  readonly facts: MeasureFacts;
}

/** Files of a measurement; each figure is written beside its specification. */
export const MEASURE_FILES = {
  shares: 'shares.parquet',
  dialogues: 'dialogues.jsonl',
  summary: 'summary.json',
} as const;

/**
 * Writes what was summed up.
 * @returns paths of all files of the measurement
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function writeMeasured(
  out: string,
  { summary, complete, facts }: Measurement,
): Promise<readonly string[]> {
  const paths = Object.values(MEASURE_FILES).map((name) => join(out, name));
  const write = async (name: string, text: string): Promise<void> => {
    await writeWhole(join(out, name), [new TextEncoder().encode(text)]);
  };
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await write(MEASURE_FILES.summary, json({ format: 'holdfast-decay-1', ...facts, complete, ...summary }));
  const words = { model: basename(facts.model.name), source: sourceLine(facts) };
  const specs = {
    'share-by-token': specOf(tokenFigure(summary, words), 'paper'),
    'share-by-turn': specOf(turnFigure(summary, words), 'paper'),
    heads: heatMapSpec(headMap(summary, words), 'paper'),
  };
  for (const [name, spec] of Object.entries(specs)) {
    await write(`${name}.vl.json`, json(spec));
    await write(`${name}.svg`, await specSvg(spec));
    paths.push(join(out, `${name}.svg`), join(out, `${name}.vl.json`));
  }
  return paths;
}

/** One line that a figure carries with it. */
function sourceLine({ versions, source, model, settings }: MeasureFacts): string {
  const name = basename(model.name);
  return `holdfast ${versions.holdfast} measure, ${source}, policy ${settings.policy} · ${name}, sha256 ${model.hash.slice(0, 12)}…`;
}
