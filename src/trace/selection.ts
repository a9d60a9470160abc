import { HoldfastError } from '../errors.js';

/** The tensors that a caller wants in a trace. */
export interface TensorWishes {
  /**
   * The names of the tensors to return: `ids`, `logits`, `target.share_before`, `target.share_after`, `span.shares`,
   * `attention` or `attention.LAYER`, `hidden` or `hidden.INDEX`, `generated`. Default: every tensor of the run, but of
   * the last three only those requested below.
   */
  readonly tensors?: readonly string[];
  /** Whether logits are wanted where `tensors` names none; default: true. */
  readonly logits?: boolean;
  /** Layers whose attention rows are wanted. */
  readonly attention?: 'all' | readonly number[];
  /** Whether all hidden states are wanted. */
  readonly hidden?: boolean;
  /** Number of tokens to generate after the input. */
  readonly generate?: number;
}

/** The properties of a run that limit which tensors it can have. */
export interface RunFacts {
  readonly layers: number;
  readonly hasTarget: boolean;
  readonly hasSpans: boolean;
}

/** The tensors that are computed and returned. */
export interface Selection {
  readonly ids: boolean;
  readonly logits: boolean;
  readonly shareBefore: boolean;
  readonly shareAfter: boolean;
  readonly spanShares: boolean;
  /** Layers, ascending. */
  readonly attention: readonly number[];
  /** Indices, ascending: 0 is the input of layer 0, `layers` the state after the final norm. */
  readonly hidden: readonly number[];
  readonly generated: boolean;
}

const PLAIN_NAMES = [
  'ids',
  'logits',
  'target.share_before',
  'target.share_after',
  'span.shares',
  'generated',
];

/**
 * Returns the tensors that a run computes.
 * @throws HoldfastError `E_USAGE` for a tensor that does not exist or that this run cannot have
 */
export function selectTensors(wishes: TensorWishes, facts: RunFacts): Selection {
  const { layers } = facts;
  const everyLayer = Array.from({ length: layers }, (_, layer) => layer);
  const everyHidden = Array.from({ length: layers + 1 }, (_, index) => index);
  const askedLayers =
    wishes.attention === undefined || wishes.attention === 'all'
      ? everyLayer
      : checkLayers(wishes.attention, layers);

  if (wishes.tensors === undefined) {
    return {
      ids: true,
      logits: wishes.logits !== false,
      shareBefore: facts.hasTarget,
      shareAfter: facts.hasTarget,
      spanShares: facts.hasSpans,
      attention: wishes.attention === undefined ? [] : askedLayers,
      hidden: wishes.hidden === true ? everyHidden : [],
      generated: wishes.generate !== undefined,
    };
  }

  const names = new Set(wishes.tensors);
  for (const name of names) checkName(name, wishes, facts);
  return {
    ids: names.has('ids'),
    logits: names.has('logits'),
    shareBefore: names.has('target.share_before'),
    shareAfter: names.has('target.share_after'),
    spanShares: names.has('span.shares'),
    attention: everyLayer.filter(
      (layer) => names.has(`attention.${layer}`) || (names.has('attention') && askedLayers.includes(layer)),
    ),
    hidden: everyHidden.filter((index) => names.has(`hidden.${index}`) || names.has('hidden')),
    generated: names.has('generated'),
  };
}

function checkName(name: string, wishes: TensorWishes, { layers, hasTarget, hasSpans }: RunFacts): void {
  const [, kind, index] = /^(attention|hidden)(?:\.(0|[1-9]\d*))?$/.exec(name) ?? [];
  if (kind === undefined && !PLAIN_NAMES.includes(name)) {
    throw usage(
      `"${name}" is not a tensor of a trace`,
      `Known: ${PLAIN_NAMES.join(', ')}, attention, attention.LAYER, hidden, hidden.INDEX`,
    );
  }
  const last = kind === 'hidden' ? layers : layers - 1;
  if (index !== undefined && Number(index) > last) {
    throw usage(`there is no tensor ${name}: the last is ${kind}.${last}`);
  }
  if (name.startsWith('target.') && !hasTarget)
    throw usage(`the tensor ${name} needs a target`, 'Name one with --target');
  if (name === 'span.shares' && !hasSpans) {
    throw usage(
      'the tensor span.shares needs a dialogue: plain tokens have no spans',
      'Give one with --chat',
    );
  }
  if (name === 'generated' && wishes.generate === undefined) {
    throw usage('the tensor generated needs the number of tokens to generate', 'Give it with --generate');
  }
}

/** Returns the layers in ascending order, each once. */
function checkLayers(asked: readonly number[], layers: number): readonly number[] {
  for (const layer of asked) {
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
      throw usage(
        `there is no layer ${layer} to take attention from: the model has layers 0 to ${layers - 1}`,
      );
    }
  }
  return [...new Set(asked)].sort((a, b) => a - b);
}

const usage = (what: string, hint?: string): HoldfastError =>
  new HoldfastError('E_USAGE', what, hint === undefined ? {} : { hint });
