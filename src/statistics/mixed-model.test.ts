import { describe, expect, it } from 'vitest';
import { drawEach, drawNormal } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { studentCritical } from './distributions.js';
import { nestedMean } from './mixed-model.js';

describe('the mean of nested values', () => {
  it("is statsmodels', with its standard error and variances", () => {
    for (const { rows, mean, error, variances } of figures.nested) {
      const values = rows.map(([prompt, dialogue, value]) => ({ value, groups: [prompt, dialogue] }));
      const found = nestedMean(values);
      const prompts = new Set(rows.map(([prompt]) => prompt)).size;
      // statsmodels stops its search earlier: its likelihood is lower in the seventh digit.
      expect(found.mean.value).toBeCloseTo(mean, 5);
      expect((found.mean.high - mean) / studentCritical(0.05, prompts - 1)).toBeCloseTo(error, 4);
      for (const [at, variance] of variances.entries()) expect(found.variances[at]).toBeCloseTo(variance, 4);
    }
  });

  it('is that of the analysis of variance where the design is balanced', () => {
    const random = createRandom(5);
    const [prompts, dialogues] = [20, 4];
    const cells = drawEach(prompts, () => {
      const own = drawNormal(random);
      return drawEach(dialogues, () => own + 0.5 * drawNormal(random));
    });
    const means = cells.map((cell) => cell.reduce((a, b) => a + b) / dialogues);
    const mean = means.reduce((a, b) => a + b) / prompts;
    const within = cells.flatMap((cell, at) => cell.map((value) => (value - means[at]!) ** 2));
    const residual = within.reduce((a, b) => a + b) / (prompts * (dialogues - 1));
    const between = means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (prompts - 1);
    const found = nestedMean(
      cells.flatMap((cell, prompt) => cell.map((value) => ({ value, groups: [prompt] }))),
    );
    expect(found.mean.value).toBeCloseTo(mean, 10);
    expect(found.mean.high - mean).toBeCloseTo(studentCritical(0.05, 19) * Math.sqrt(between / prompts), 6);
    expect(found.variances[1]).toBeCloseTo(residual, 6);
    expect(found.variances[0]).toBeCloseTo(between - residual / dialogues, 6);
  });

  it('is that of the two-way analysis of variance where a balanced factor crosses the groups', () => {
    const random = createRandom(11);
    const [prompts, seeds] = [30, 4];
    const ofSeed = drawEach(seeds, () => 0.7 * drawNormal(random));
    const values = drawEach(prompts, (prompt) => {
      const own = drawNormal(random);
      return drawEach(seeds, (seed) => ({
        value: own + ofSeed[seed]! + 0.5 * drawNormal(random),
        groups: [prompt],
        crossed: seed,
      }));
    }).flat();
    const meanOf = (some: typeof values): number =>
      some.reduce((sum, { value }) => sum + value, 0) / some.length;
    const mean = meanOf(values);
    const byPrompt = drawEach(prompts, (prompt) =>
      meanOf(values.filter(({ groups }) => groups[0] === prompt)),
    );
    const bySeed = drawEach(seeds, (seed) => meanOf(values.filter(({ crossed }) => crossed === seed)));
    const squares = (means: readonly number[]): number =>
      means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (means.length - 1);
    const [ofPrompts, ofSeeds] = [seeds * squares(byPrompt), prompts * squares(bySeed)];
    const residual =
      values.reduce(
        (sum, { value, groups, crossed }) =>
          sum + (value - byPrompt[groups[0]!]! - bySeed[crossed]! + mean) ** 2,
        0,
      ) /
      ((prompts - 1) * (seeds - 1));
    const found = nestedMean(values);
    expect(found.mean.value).toBeCloseTo(mean, 8);
    expect(found.variances[0]).toBeCloseTo((ofPrompts - residual) / seeds, 5);
    expect(found.variances[1]).toBeCloseTo(residual, 5);
    expect(found.crossedVariance).toBeCloseTo((ofSeeds - residual) / prompts, 5);
    // The seeds are fewer than the prompts, so they are the degrees of freedom.
    const error = Math.sqrt((ofPrompts + ofSeeds - residual) / (prompts * seeds));
    expect((found.mean.high - mean) / studentCritical(0.05, seeds - 1)).toBeCloseTo(error, 5);
  });

  it('is that of the groups where their values do not vary', () => {
    const random = createRandom(9);
    const own = drawEach(15, () => drawNormal(random));
    const copies = own.flatMap((value, prompt) =>
      drawEach(1 + (prompt % 4), () => ({ value, groups: [prompt] })),
    );
    const { mean, variances } = nestedMean(copies);
    const middle = own.reduce((a, b) => a + b) / 15;
    const variance = own.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 14;
    expect(mean.value).toBeCloseTo(middle, 12);
    expect(mean.high - middle).toBeCloseTo(studentCritical(0.05, 14) * Math.sqrt(variance / 15), 9);
    expect(variances).toEqual([expect.closeTo(variance, 12), 0]);
  });

  it('has no variance between groups that differ less than chance', () => {
    const values = drawEach(10, (prompt) => [-1, 1].map((value) => ({ value, groups: [prompt] }))).flat();
    expect(nestedMean(values).variances).toEqual([0, expect.closeTo(20 / 19, 9)]);
  });
});
