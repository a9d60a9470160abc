import type { ModelSpec, SourceSpec } from '../spec/index.js';
import type { Computed } from './address.js';
import type { Arm } from './arm.js';
import type { Cell } from './cell.js';
import type { CellLabels } from './record.js';
import { workOf } from './work.js';

/** A model and a source, and what all their cells share: a study may have two million, so a cell has no copy of it. */
export interface CellPair {
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly computed: Computed;
  readonly settings: Cell['settings'];
}

/** What differs between the cells of a model, a source and an arm. */
type CellPlace = Pick<Cell, 'kind' | 'address' | 'influence'> &
  Pick<CellLabels, 'seed' | 'index'> & {
    readonly measure?: Cell['measure'];
    /** Answers to probes. */
    readonly probes?: number;
  };

/** Returns a cell of a study, with its estimated work. */
export function makeCell(
  { model, source, computed, settings }: CellPair,
  arm: Arm,
  { kind, address, seed, index, measure = null, probes = 0, influence }: CellPlace,
): Cell {
  const { precision, size } = computed.facts;
  const labels = {
    model: model.name,
    executor: model.executor,
    precision,
    source: source.name,
    arm: arm.name,
    seed,
    index,
  };
  const references = influence?.references.length ?? 0;
  const answered = influence?.effect === undefined ? 0 : references;
  const { rounds } = source;
  const { maxTokens } = settings;
  const { parameters } = size;
  const work = workOf({ kind, measure, arm, parameters, rounds, maxTokens, probes, references, answered });
  const { now } = computed;
  return { address, kind, labels, model, source, arm, measure, now, settings, work, influence };
}
