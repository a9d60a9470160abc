import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foundFor } from '../../../test/support/study-fixtures.js';
import { HoldfastError } from '../../errors.js';
import { parsePlacedSpec, parseSpec } from '../spec/index.js';
import { complaintsAbout, findNamed } from './find-named.js';

describe('what a study asks of what was found', () => {
  const spec = parseSpec(
    [
      'name: x',
      'models: [organism, other.gguf]',
      'sources:',
      '  - organism: { dialogues: 2 }',
      '  - self-chat: { dialogues: 1, rounds: 16, first: 3 }',
      'ranking-dialogues: 3',
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

  it('is there, or no complaint', () => {
    expect(texts(spec)).toEqual([]);
    expect(texts(spec, 4)).toEqual([]);
  });

  it('is as many dialogues as a source has, those on which heads are ranked among them', () => {
    expect(texts(spec, 3)).toEqual([
      'the source "self-chat" has 3 dialogues, the study asks for numbers 3 to 3',
    ]);
    expect(texts(withArms('[off, silence: top 2 by share]'), 6)).toEqual([
      'the source "self-chat" has 6 dialogues, the study asks for numbers 3 to 6, of which the last 3 are for ranking heads',
    ]);
  });

  it('is heads that every model has, ranked ones too', () => {
    expect(texts(withArms('[off, { boost: 2, layers: 9 }, silence: top 100 by share]'))).toEqual(
      ['organism', 'other'].flatMap((model) => [
        `the arm "boost, M = 2, layers 9" names layer 9, the model has 6 layers of 5 heads (model ${model})`,
        `the arm "silence top 100 by share" names 100 heads of those that see the whole dialogue, which are 15, the model has 6 layers of 5 heads (model ${model})`,
      ]),
    );
  });
});

describe('finding what a specification names', () => {
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

  it('tells everything that is missing at once, each with line and column', async () => {
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
      '12:5 arms: the arm "boost, M = 2, layers 6" names layer 6, the model has 6 layers of 5 heads',
    ]);
  });

  it('finds what there is', async () => {
    expect(await problemsOf(['name: x', 'sources: organism', 'arms: [off]'])).toEqual([]);
  });
});
