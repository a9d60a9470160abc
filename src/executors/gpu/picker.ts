import {
  DRAW_WORDS,
  type DrawKernel,
  LEVELS,
  MOST_CANDIDATES,
  MOST_WANTED,
  PICKED_HEAD,
  partsOf,
} from '../../kernels/draw.js';
import { pick } from '../../kernels/pick.js';
import { rank } from '../../kernels/rank.js';
import { weigh } from '../../kernels/weigh.js';
import { type CandidateRequest, type Candidates, weightOf } from '../contract/index.js';
import type { Commands } from './commands.js';
import type { Device } from './device.js';
import type { CompileStep, Step } from './step.js';

const WORD = 4;
/** A top-p that no sum of weights reaches. */
const NO_NUCLEUS = 2;
/** Larger than any distance between logits. */
const NO_TAIL = 1e30;

/** The programs that pick candidates, in the order in which they run. */
export interface PickerPrograms {
  readonly weigh: Step;
  readonly rank: Step;
  readonly pick: Step;
}

/** Compiles the programs that pick candidates. */
export async function compilePicker(compile: CompileStep, kernel: DrawKernel): Promise<PickerPrograms> {
  const [weighing, ranking, picking] = await Promise.all([
    compile('weigh', weigh(kernel)),
    compile('rank', rank(kernel)),
    compile('pick', pick(kernel)),
  ]);
  return { weigh: weighing, rank: ranking, pick: picking };
}

/** Picks a row's candidates on the device, so that a few kilobytes are read back instead of all logits. */
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

  /**
   * Whether the device can pick a draw's candidates, as far as is known without the logits: there are at most
   * {@link MOST_WANTED}, and the inverse of the temperature is a finite f32.
   */
  canPick(request: CandidateRequest): boolean {
    return mostOf(request, this.vocabSize) <= MOST_WANTED && Number.isFinite(inverseOf(request.temperature));
  }

  /** Writes a draw's settings to the device. @param request one that it {@link canPick} */
  write(request: CandidateRequest): void {
    const { temperature, topP, minP, least } = request;
    const most = mostOf(request, this.vocabSize);
    const isCounted = isCount(request, this.vocabSize);
    const words = new Uint32Array(DRAW_WORDS);
    const floats = new Float32Array(words.buffer);
    floats[0] = inverseOf(temperature);
    words[1] = most;
    words[2] = Math.min(least, most);
    floats[3] = isCounted || topP === 1 ? NO_NUCLEUS : topP;
    floats[4] = isCounted || minP === 0 ? NO_TAIL : -Math.log(minP) * temperature;
    this.device.write(this.#draw, words);
  }

  record(commands: Commands, logits: GPUBuffer): void {
    const parts = partsOf(this.vocabSize);
    const [weights, levels, picked, draw] = [this.#weights, this.#levels, this.picked, this.#draw];
    commands.run(this.programs.weigh, this, [logits, weights, draw], [parts]);
    commands.run(this.programs.rank, this, [logits, weights, levels], [parts]);
    commands.run(this.programs.pick, this, [logits, weights, levels, picked, draw], [parts]);
  }
}

/** Whether the settings of a draw fix how many tokens it can reach. */
const isCount = ({ temperature, topK }: CandidateRequest, vocabSize: number): boolean =>
  temperature === 0 || (topK > 0 && topK < vocabSize);

/** Returns the maximum number of tokens to pick for a draw. */
function mostOf(request: CandidateRequest, vocabSize: number): number {
  return Math.min(Math.max(reachOf(request, vocabSize), request.least), vocabSize);
}

function reachOf(request: CandidateRequest, vocabSize: number): number {
  const { temperature, topK, topP, minP } = request;
  if (temperature === 0) return 1;
  if (isCount(request, vocabSize)) return topK;
  return topP < 1 || minP > 0 ? MOST_WANTED : vocabSize;
}

/** Returns 1 / temperature, the kernels' factor on logits, as f32; 0 at temperature 0. */
const inverseOf = (temperature: number): number => (temperature === 0 ? 0 : Math.fround(1 / temperature));

/** A tolerance: a distance is rounded before its level is computed. */
const HAIR = 1e-6;

/**
 * Returns the candidates that the kernels picked.
 * @param floats the words that `pick` wrote; some are integers
 * @returns null if a draw can reach further than these candidates, or the row's logits are not all finite
 */
export function pickedCandidates(
  floats: Float32Array,
  request: CandidateRequest,
  vocabSize: number,
): Candidates | null {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const count = words[0]!;
  const [best, own, cooled, reach] = [floats[1]!, floats[2]!, floats[3]!, floats[4]!];
  const normaliser = best + Math.log(own);
  if (count > MOST_CANDIDATES || !Number.isFinite(normaliser)) return null;
  const at = (index: number): number => PICKED_HEAD + 2 * index;
  const order = Array.from({ length: count }, (_, index) => at(index));
  order.sort((a, b) => floats[b + 1]! - floats[a + 1]! || words[a]! - words[b]!);
  const logits = Float32Array.from(order, (place) => floats[place + 1]!);
  const candidates = { ids: order.map((place) => words[place]!), logits, normaliser };
  const { temperature, topK, topP, minP } = request;
  if (temperature === 0) return { ...candidates, total: 0 };
  const weights = Float64Array.from(logits, (logit) => weightOf(logit, best, temperature));
  const sum = (of: Float64Array): number => of.reduce((a, b) => a + b, 0);
  if (topK > 0 && topK < vocabSize) return { ...candidates, total: sum(weights.subarray(0, topK)) };
  const holdsNucleus = topP < 1 && sum(weights) >= topP * cooled;
  const holdsTail = reach * (1 - HAIR) > -Math.log(minP) * temperature;
  return holdsNucleus || holdsTail || count === vocabSize ? { ...candidates, total: cooled } : null;
}
