import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HoldfastError } from '../../src/errors.js';
import {
  type Cell,
  expand,
  openSource,
  openStudy,
  parseSpec,
  type RankingRecord,
  rankingCells,
  type SourceSpec,
  type StudySpec,
} from '../../src/study/index.js';
import { calibrationStudy, testIndices } from '../../src/study/plan/calibration.js';
import { FACTS, foundFor } from '../support/study-fixtures.js';
import { NOW } from '../support/text-fixtures.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { layers, heads } = FACTS.grid;

/** Expands a study. In its rankings, each head has a slightly smaller share than the head before. */
function expanded(spec: StudySpec) {
  const found = foundFor(spec);
  const rankings = rankingCells(spec, found, NOW).map(
    ({ labels }): RankingRecord => ({
      ...labels,
      kind: 'ranking',
      scenario: '',
      system: '',
      heads: spec.probeRounds.map((round) =>
        Array.from({ length: layers * heads }, (_, head) => 1 / (round + head)),
      ),
    }),
  );
  return [...expand(spec, found, NOW, rankings)];
}

describe('experiments', () => {
  const files = readdirSync(`${root}experiments`).filter((file) => file.endsWith('.yaml'));

  it('are these files', () => {
    expect(files.toSorted()).toEqual([
      'clean-cache.yaml',
      'control-qwen.yaml',
      'controls.yaml',
      'decay.yaml',
      'heads.yaml',
      'influence-qwen.yaml',
      'influence-smollm2-primed.yaml',
      'influence.yaml',
      'interventions.yaml',
      'real-decay.yaml',
      'real-interventions.yaml',
      'recommended.yaml',
      'replication-organism.yaml',
      'replication-pilot-qwen.yaml',
      'replication-pilot-smollm2.yaml',
      'replication-qwen-1.5b.yaml',
      'replication-qwen.yaml',
      'replication-smollm2-primed.yaml',
      'replication-smollm2.yaml',
      'schedules.yaml',
      'smoke.yaml',
      'target-shares.yaml',
    ]);
  });

  it.each(files)(
    '%s is named after its study and expands to every dialogue under every arm that leads them',
    (file) => {
      const spec = parseSpec(readFileSync(`${root}experiments/${file}`, 'utf8'), `experiments/${file}`);
      expect(`${spec.name}.yaml`).toBe(file);
      expect(spec.question).toMatch(/\?$/);
      expect(spec.arms[0]!.name).toBe('off');
      const cells = expanded(spec);
      const dialogues = spec.sources.reduce((sum, source) => sum + source.dialogues, 0);
      const led = spec.arms.filter(({ measure }) => measure?.includes('dialogues') ?? true);
      expect(cells.filter(({ kind }) => kind === 'dialogue')).toHaveLength(
        dialogues * spec.models.length * spec.seeds.length * led.length,
      );
    },
  );
});

describe('the calibration dialogues of experiments', () => {
  const kindOf = (source: SourceSpec): string =>
    JSON.stringify([
      source.kind,
      ('material' in source && source.material) || 'bundled',
      ('prompts' in source && source.prompts) || 'all',
    ]);
  const specs = readdirSync(`${root}experiments`)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => parseSpec(readFileSync(`${root}experiments/${file}`, 'utf8'), `experiments/${file}`));

  it('are tested by none of them, and share no prompt with their own test', () => {
    for (const spec of specs) {
      for (const source of spec.sources) {
        const { scenarios } = openSource(source, { kl: 0, perplexity: 0, choice: null });
        const [calibration] = calibrationStudy(spec, new Map([[source.name, scenarios]])).sources;
        const indices = testIndices(calibration!);
        const prompts = new Set(indices.map((index) => scenarios.at(index).system));
        for (const index of testIndices(source)) {
          expect(prompts.has(scenarios.at(index).system), `${spec.name} ${index}`).toBe(false);
        }
        // Dialogue 17 of one material, or of one choice of its prompts, is not that of another.
        const alike = specs.flatMap(({ sources }) =>
          sources.filter((other) => kindOf(other) === kindOf(source)),
        );
        for (const index of alike.flatMap(testIndices)) expect(indices, spec.name).not.toContain(index);
      }
    }
  });
});

describe('docs/guide/study-spec.md', () => {
  const page = readFileSync(`${root}docs/guide/study-spec.md`, 'utf8');
  const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml!);

  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(6);
  });

  it.each(examples.map((example, at) => [at + 1, example] as const))(
    'shows a valid study, or a part of one, in example %i',
    (_, example) => {
      const missing = ['name: example', 'sources: organism', 'arms: [off]'].filter(
        (line) => !new RegExp(`^${line.split(':', 1)[0]}:`, 'm').test(example),
      );
      const spec = parseSpec(`${example}${missing.join('\n')}`, 'example.yaml');
      expect(expanded(spec).length).toBeGreaterThan(0);
    },
  );

  /** Returns the keys listed in the error for a number in place of a mapping. */
  function keysNamedBy(text: string): readonly string[] {
    try {
      parseSpec(text, 'x.yaml');
    } catch (error) {
      const message = error instanceof HoldfastError ? error.message : '';
      return /expected a mapping with (.*), not (?:7|a list) /.exec(message)?.[1]?.split(', ') ?? [];
    }
    return [];
  }

  it.each([
    ['a study', '7', 12],
    ['sampling', 'sampling: 7', 5],
    ['a model', 'models: [[7]]', 4],
    ['costs', 'costs: 7', 3],
    ['an arm', 'arms: [7]', 11],
    ...['organism', 'self-chat', 'script', 'primed', 'replay', 'prompt'].map(
      (kind): [string, string, number] => [`the source ${kind}`, `sources: [${kind}: 7]`, 4],
    ),
  ])('has every key of %s', (_, text, atLeast) => {
    const keys = keysNamedBy(text);
    expect(keys.length).toBeGreaterThanOrEqual(atLeast);
    for (const key of keys) expect(page, key).toContain(`\`${key}\``);
  });
});

describe('a study on its calibration dialogues', () => {
  it('runs every arm there, and ranks heads as the study itself does', async () => {
    const [study, calibration] = await Promise.all(
      [false, true].map((calibrates) => openStudy('heads', {}, {}, { calibrates })),
    );
    expect(calibration!.spec.name).toBe('heads-calibration');
    const indicesOf = (cells: readonly Cell[]) => [...new Set(cells.map(({ labels }) => labels.index))];
    const rankings = study!.cellsAt(NOW).rankings;
    expect(calibration!.cellsAt(NOW).rankings).toEqual(
      rankings.map((cell) => ({ ...cell, source: expect.anything() })),
    );
    const [source] = calibration!.spec.sources;
    expect(testIndices(source!)).toEqual(indicesOf(rankings));
    expect(testIndices(source!).some((index) => testIndices(study!.spec.sources[0]!).includes(index))).toBe(
      false,
    );
  });

  it('is refused if the source has no such dialogues', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-calibration-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'study.yaml');
    writeFileSync(file, 'name: x\nsources: [script: { script: curious, dialogues: 125 }]\narms: [off]\n');
    await expect(openStudy(file, {}, {}, { calibrates: true })).rejects.toThrow(
      /E_SPEC: 2:\d+ sources: the source "script curious" has no 8 consecutive dialogues to calibrate on/,
    );
    expect((await openStudy(file, {}, {})).spec.name).toBe('x');
  });
});

describe('a bundled study', () => {
  it('is opened by its name; an unknown name lists the bundled studies', async () => {
    const { spec, file } = await openStudy('smoke', {}, {});
    expect([spec.name, file]).toEqual(['smoke', 'smoke']);
    await expect(openStudy('smok', {}, {})).rejects.toThrow(/E_NOT_FOUND.*controls, decay.*smoke/);
    // Its model is not included, so opening gets as far as the model.
    await expect(openStudy('replication-smollm2', {}, {})).rejects.toThrow(/^E_SPEC.*models: .*SmolLM2/s);
  });
});
