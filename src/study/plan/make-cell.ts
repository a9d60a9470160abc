import type { ModelSpec, SourceSpec, StudySpec } from '../spec/index.js';
import type { Computed } from './address.js';
import type { Arm } from './arm.js';
import type { Cell } from './cell.js';
import type { CellLabels } from './record.js';
import { workOf } from './work.js';

/** A model and a source. */
export interface CellPair {
  readonly model: ModelSpec;
  readonly source: SourceSpec;
  readonly computed: Computed;
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
  spec: StudySpec,
  { model, source, computed }: CellPair,
  arm: Arm,
  { kind, address, seed, index, measure = null, probes = 0, influence }: CellPlace,
): Cell {
  const { sampling, maxTokens, probeRounds, probeRepeats, costs } = spec;
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
  const settings = { sampling, maxTokens, probeRounds, probeRepeats, costs };
  const references = influence?.references.length ?? 0;
  const answered = influence?.effect === undefined ? 0 : references;
  const { rounds } = source;
  const { parameters } = size;
  const work = workOf({ kind, measure, arm, parameters, rounds, maxTokens, probes, references, answered });
  const task = influence === undefined ? {} : { influence };
  return {
    ...{ address, kind, labels, model, source, arm, measure, now: computed.now, settings, work },
    ...task,
  };
}
