import { beforeAll } from 'vitest';
import type { Policy, TokenRange } from '../../src/attention/index.js';
import type { Executor, Intervention } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { expectClose, shapeName, spread } from './compare.js';
import { type GoldenModel, golden, goldenFamily, openFamily, pickRows } from './fixtures.js';
import {
  type CreateExecutor,
  createAndClose,
  type Extras,
  type Joined,
  LOGITS,
  runChunks,
  SHARES,
} from './runs.js';

/** A family's executor and goldens, and comparisons between them. */
export class Subject {
  readonly layers: number;
  readonly heads: number;

  private constructor(
    readonly executor: Executor,
    readonly model: GoldenModel,
    readonly tensor: (name: string) => Promise<Float32Array>,
  ) {
    this.layers = executor.blueprint.layers.length;
    this.heads = executor.blueprint.layers[0]!.attention.heads;
  }

  static async open(family: FamilyName, create: CreateExecutor): Promise<Subject> {
    const executor = await createAndClose(create, openFamily(family));
    return new Subject(executor, golden(family), await goldenFamily(family));
  }

  readonly run = (
    tokens: readonly number[],
    chunks: readonly number[],
    extras: Extras = {},
  ): Promise<Joined> => runChunks(this.executor, this.executor.open(512), tokens, chunks, extras);

  /** Returns a policy with one strength on all heads. */
  readonly intervene = (target: readonly TokenRange[], policy: Policy, strength: number): Intervention => ({
    target,
    policy,
    strength: new Float32Array(this.layers * this.heads).fill(strength),
  });

  readonly expectLogits = (
    actual: Float32Array,
    expected: Float32Array,
    what: string,
    tolerance = LOGITS,
  ): void => {
    const { vocabSize } = this.executor.blueprint;
    const name = shapeName([
      ['row', actual.length / vocabSize],
      ['token', vocabSize],
    ]);
    expectClose(actual, expected, tolerance * spread(expected), `${what} logits`, name);
  };

  /** @param actual the logits of all rows; the recorded ones are compared */
  readonly expectGoldenLogits = async (actual: Float32Array, name: string, what: string): Promise<void> => {
    const { ids, rows } = this.model;
    const recorded = pickRows(actual, rows, ids.length, this.executor.blueprint.vocabSize);
    this.expectLogits(recorded, await this.tensor(name), what);
  };

  readonly expectShares = (
    actual: Float32Array,
    expected: Float32Array,
    what: string,
    tolerance = SHARES,
  ): void => {
    const name = shapeName([
      ['layer', this.layers],
      ['head', this.heads],
      ['row', actual.length / this.layers / this.heads],
    ]);
    expectClose(actual, expected, tolerance, `${what} shares`, name);
  };
}

/** Opens a subject for the tests of a group. Each test calls the function returned. */
export function subjectOf(family: FamilyName, create: CreateExecutor): () => Subject {
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(family, create);
    return () => subject.executor.dispose();
  });
  return () => subject;
}
