import { type CandidateRequest, type Candidates, weightOf } from '../candidates.js';
import type { Device } from './device.js';
import {
  DRAW_WORDS,
  type DrawKernel,
  LEVELS,
  MOST_CANDIDATES,
  PICKED_HEAD,
  partsOf,
} from './kernels/draw.js';
import { pick } from './kernels/pick.js';
import { rank } from './kernels/rank.js';
import { weigh } from './kernels/weigh.js';
import type { Recorder } from './recorder.js';
import { Step } from './step.js';

/** Tokens that are picked where the draw itself names no number: more are rarely within reach. */
const NUCLEUS = 256;
const WORD = 4;

/** The programs that pick candidates. */
export interface PickerPrograms {
  readonly weigh: Step;
  readonly rank: Step;
  readonly pick: Step;
}

export async function compilePicker(device: Device, kernel: DrawKernel): Promise<PickerPrograms> {
  return {
    weigh: await Step.compile(device, 'weigh', weigh(kernel)),
    rank: await Step.compile(device, 'rank', rank(kernel)),
    pick: await Step.compile(device, 'pick', pick(kernel)),
  };
}

/** Picks the candidates of a row on the device, so that a few kilobytes are read back instead of all logits. */
export class Picker {
  static readonly pickedWords = PICKED_HEAD + 2 * MOST_CANDIDATES;
  readonly picked: GPUBuffer;
  readonly #weights: GPUBuffer;
  readonly #levels: GPUBuffer;
  readonly #draw: GPUBuffer;

  constructor(
    private readonly device: Device,
    private readonly programs: PickerPrograms,
    private readonly vocabSize: number,
  ) {
    const parts = partsOf(vocabSize);
    this.picked = device.storage('the candidates', WORD * Picker.pickedWords);
    this.#weights = device.storage('the weights of logits', WORD * 4 * parts);
    this.#levels = device.storage('the levels of logits', WORD * parts * LEVELS);
    this.#draw = device.uniform(new Uint32Array(DRAW_WORDS));
  }

  /** Tells the device what is drawn. */
  write({ temperature, topK, least }: CandidateRequest): void {
    const inverse = Float32Array.of(temperature === 0 ? 0 : 1 / temperature);
    const wanted = temperature === 0 ? 1 : topK > 0 && topK < this.vocabSize ? topK : NUCLEUS;
    const words = new Uint32Array(DRAW_WORDS);
    words[0] = new Uint32Array(inverse.buffer)[0]!;
    words[1] = Math.min(Math.max(wanted, least), this.vocabSize);
    this.device.write(this.#draw, words);
  }

  record(recorder: Recorder, logits: GPUBuffer): void {
    const parts = partsOf(this.vocabSize);
    const [weights, levels, picked, draw] = [this.#weights, this.#levels, this.picked, this.#draw];
    recorder.run(this.programs.weigh, this, [logits, weights, draw], [parts]);
    recorder.run(this.programs.rank, this, [logits, weights, levels], [parts]);
    recorder.run(this.programs.pick, this, [logits, weights, levels, picked, draw], [parts]);
  }
}

/**
 * The candidates that the kernels picked.
 * @param floats as `pick` leaves them, ids and their number among them
 * @returns null where a draw can reach further than they go
 */
export function pickedCandidates(
  floats: Float32Array,
  request: CandidateRequest,
  vocabSize: number,
): Candidates | null {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const count = words[0]!;
  if (count > MOST_CANDIDATES) return null;
  const at = (index: number): number => PICKED_HEAD + 2 * index;
  const order = Array.from({ length: count }, (_, index) => at(index));
  order.sort((a, b) => floats[b + 1]! - floats[a + 1]! || words[a]! - words[b]!);
  const logits = Float32Array.from(order, (place) => floats[place + 1]!);
  const [best, own, cooled] = [floats[1]!, floats[2]!, floats[3]!];
  const candidates = { ids: order.map((place) => words[place]!), logits, normaliser: best + Math.log(own) };
  const { temperature, topK, topP, minP } = request;
  if (temperature === 0) return { ...candidates, total: 0 };
  const weights = Float64Array.from(logits, (logit) => weightOf(logit, best, temperature));
  const sum = (of: Float64Array): number => of.reduce((a, b) => a + b, 0);
  if (topK > 0 && topK < vocabSize) return { ...candidates, total: sum(weights.subarray(0, topK)) };
  const holdsNucleus = topP < 1 && sum(weights) >= topP * cooled;
  const holdsTail = minP > 0 && weights.at(-1)! < minP;
  return holdsNucleus || holdsTail || count === vocabSize ? { ...candidates, total: cooled } : null;
}
