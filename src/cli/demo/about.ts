import { planModel } from '../../architectures/index.js';
import { policyText } from '../../attention/index.js';
import { type ModelSize, modelSize } from '../../concurrency.js';
import { RECOMMENDED_HOLD } from '../../dialogue/index.js';
import { openModel } from '../../hub/index.js';
import { EMBEDDED_MODEL } from '../../load.js';
import { readVersions } from '../../versions.js';

/** The executor of the demo, which is the default one. */
export const DEMO_EXECUTOR = 'cpu';

/** Facts about the demo's model and software. */
export interface DemoFacts {
  readonly size: ModelSize;
  /** SHA-256 over the weight files, hex. */
  readonly hash: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Reads the facts of the embedded model.
 * @throws HoldfastError those of opening and planning the model
 */
export async function readFacts(): Promise<DemoFacts> {
  const files = await openModel(EMBEDDED_MODEL);
  try {
    const { blueprint } = await planModel(files.checkpoint, files.config);
    return {
      size: modelSize(blueprint),
      hash: await files.hash(),
      versions: readVersions(DEMO_EXECUTOR),
    };
  } finally {
    await files.close();
  }
}

/** Returns the introduction, for people who have not read the documentation. */
export function aboutLines({ size: { parameters } }: DemoFacts): string[] {
  const size = (parameters / 1e6).toFixed(1);
  return [
    `A tiny model (models/organism/soft, ${size} M parameters) was trained on made-up dialogues whose assistant follows its system ` +
      'prompt in every round. No dialogue taught it to forget, but training recipes were tried until one drifted.',
    `Every message is answered twice, with the same seeds: off, the untouched model; held, under ${policyText(RECOMMENDED_HOLD)} ` +
      '(k: 1 leaves the share alone, smaller is stronger), ' +
      "which raises the prompt's share of attention as the dialogue grows. The prompt is the system message with its role header.",
  ];
}

/**
 * Returns how the results were made, as names and values.
 * @param shown the trial of the dialogue; the table covers the `trials` after it
 */
export function recordOf(
  { hash, versions }: DemoFacts,
  shown: number,
  trials: number,
): Record<string, string> {
  return {
    model: 'models/organism/soft',
    'sha256 of its weights': hash,
    held: policyText(RECOMMENDED_HOLD),
    'its target': 'message: the system message with its role header, in all layers and heads',
    'the dialogue': `trial ${shown}, the first in the study's list that keeps its instructions in rounds 1 to 3 when off`,
    'the table and the figure': `trials ${shown + 1} to ${shown + trials}`,
    'users and probes': 'drawn from models/organism/grammar.json; a trial depends only on its number',
    sampling:
      'temperature 1, top-p 0.9; trial and round determine the seed, which is the same for off and held',
    intervals: '95 %, percentile bootstrap over dialogues, 10,000 resamples',
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    command: `holdfast demo --dialogues ${trials}`,
  };
}

/** Returns the line under a figure that says where its numbers come from. */
export function sourceOf({ hash, versions }: DemoFacts, trials: number): string {
  return `holdfast ${versions.holdfast}, demo --dialogues ${trials} · models/organism/soft, sha256 ${hash.slice(0, 12)}…`;
}
