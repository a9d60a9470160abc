import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foundFor } from '../../../test/support/study-fixtures.js';
import { HoldfastError } from '../../errors.js';
import { parsePlacedSpec, parseSpec } from '../spec/index.js';
import { complaintsAbout, findNamed } from './find-named.js';

describe('complaintsAbout', () => {
  const spec = parseSpec(
    [
      'name: x',
      'models: [organism, other.gguf]',
      'sources:',
      '  - organism: { dialogues: 2 }',
      '  - self-chat: { dialogues: 1, rounds: 16, first: 3 }',
      'calibrate: { dialogues: 3 }',
      'arms: [off, boost: 2]',
    ].join('\n'),
    'x.yaml',
  );
  const withArms = (arms: string) => ({
    ...spec,
    arms: parseSpec(`name: x\nsources: organism\narms: ${arms}`, 'x.yaml').arms,
  });
  const texts = (of: typeof spec, size: number | null = null) =>
    complaintsAbout(of, foundFor(of, size)).map(({ text }) => text);

  it('returns none if models and sources suffice', () => {
    expect(texts(spec)).toEqual([]);
    expect(texts(spec, 4)).toEqual([]);
  });

  it('names all layers and heads that do not exist, of the policy and of silence', () => {
    const one = {
      ...withArms(
        '[off, { boost: { strength: 2, layers: [0, 98, 99], heads: [70] }, silence: [[98, 0], [0, 80]] }]',
      ),
    };
    expect(texts({ ...one, models: one.models.slice(0, 1) })).toEqual([
      expect.stringMatching(
        /^the arm ".*" names layers 98, 99 and head 70, but the model has \d+ layers of \d+ heads/,
      ),
      expect.stringMatching(
        /^the arm ".*" names head 0 of layer 98 and head 80 of layer 0, but the model has/,
      ),
    ]);
  });

  it('complains about a source with too few dialogues, also for ranking', () => {
    expect(texts(spec, 3)).toEqual([
      'the source "self-chat" has only 3 dialogues (indices from 0), and the study uses indices 3 to 3',
    ]);
    const ranked = withArms('[off, silence: top 2 by share]');
    expect(texts(ranked, 7)).toEqual([]);
    expect(texts(ranked, 4)).toEqual([
      'the source "organism" has no 3 consecutive dialogues to calibrate on whose prompts are not tested: dialogue 1 has the prompt of the test dialogue 1',
    ]);
  });

  it('complains about heads that a model does not have, also ranked ones', () => {
    expect(texts(withArms('[off, { boost: 2, layers: 9 }, silence: top 100 by share]'))).toEqual(
      ['organism', 'other'].flatMap((model) => [
        `the arm "boost, M = 2, layers 9" names layer 9, but the model has 6 layers of 5 heads (model ${model})`,
        `the arm "silence top 100 by share" names 100 heads, but only 15 of the model's heads see the whole dialogue (model ${model})`,
      ]),
    );
  });
});

describe('findNamed', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-find-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const problemsOf = async (lines: readonly string[]): Promise<readonly string[]> => {
    const file = join(folder, 'study.yaml');
    try {
      await findNamed(parsePlacedSpec(lines.join('\n'), file), file);
      return [];
    } catch (error) {
      expect(error).toBeInstanceOf(HoldfastError);
      expect(error).toMatchObject({ code: 'E_SPEC', file });
      return (error as HoldfastError).problems;
    }
  };

  it('reports everything that is missing at once, each with line and column', async () => {
    await writeFile(join(folder, 'broken.jsonl'), '{"messages": []}\n');
    const problems = await problemsOf([
      'name: x',
      'models:',
      '  - organism',
      '  - missing.gguf',
      'sources:',
      '  - organism: { dialogues: 1 }',
      '  - replay: { file: nowhere.jsonl }',
      '  - { replay: { file: broken.jsonl, name: second } }',
      'costs: { choice: questions.csv }',
      'arms:',
      '  - off',
      '  - { boost: 2, layers: 6 }',
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^4:5 models: there is no such file.*missing\.gguf/),
      expect.stringMatching(/^7:5 sources: .*nowhere\.jsonl/),
      expect.stringMatching(/^8:5 sources: .*broken\.jsonl/),
      expect.stringMatching(/^9:1 costs: .*questions\.csv/),
      '12:5 arms: the arm "boost, M = 2, layers 6" names layer 6, but the model has 6 layers of 5 heads',
    ]);
  });

  it('finds models and sources that exist', async () => {
    expect(await problemsOf(['name: x', 'sources: organism', 'arms: [off]'])).toEqual([]);
  });
});
