import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../errors.js';
import { parseSpec } from './parse.js';
import type { StudySpec } from './spec.js';

const SMALLEST = 'name: small\nsources: organism\narms: [off]\n';

/** Parses the smallest specification with more lines below it, starting at line 4. */
const withLines = (lines: string): StudySpec => parseSpec(SMALLEST + lines, 'study.yaml');

function problemsOf(text: string): readonly string[] {
  try {
    parseSpec(text, 'folder/study.yaml');
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'E_SPEC') return error.problems;
    throw error;
  }
  return [];
}

describe('a specification', () => {
  it('has a default for every key that it omits', () => {
    expect(parseSpec(SMALLEST, 'study.yaml')).toEqual({
      name: 'small',
      question: null,
      now: null,
      models: [{ name: 'organism', path: 'organism', executor: 'cpu', precision: 'auto' }],
      sources: [{ kind: 'organism', name: 'organism', dialogues: 24, first: 0, rounds: 16 }],
      seeds: [0],
      sampling: { temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 },
      maxTokens: 400,
      probeRounds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
      probeRepeats: 1,
      arms: [
        {
          name: 'off',
          policy: 'off',
          schedule: null,
          target: { kind: 'message' },
          on: { kind: 'all' },
          silence: null,
          repeatEvery: null,
          guidance: null,
          noSystem: false,
        },
      ],
      costs: { kl: 24, perplexity: 24, choice: null },
      influence: null,
      calibrate: { dialogues: 8 },
      primary: null,
      early: [1, 3],
      late: [8, 16],
      contrasts: [],
      margin: null,
    });
  });

  it('may set every key', () => {
    const spec = withLines(
      [
        'question: Why?',
        'now: 2026-01-31T09:00',
        'seeds: [3, 1]',
        'sampling: { temperature: 0.5, top-k: 40, min-p: 0.1 }',
        'max-tokens: 96',
        'probes: [16, 2]',
        'probe-repeats: 3',
        'costs: { kl: 0, choice: { file: bundled, questions: 20 } }',
        'calibrate: { dialogues: 4 }',
        'analysis: { primary: last stability, early: [2, 2], late: [15, 16], margin: 0.05 }',
      ].join('\n'),
    );
    expect(spec).toMatchObject({
      question: 'Why?',
      now: '2026-01-31T09:00:00+00:00',
      seeds: [3, 1],
      sampling: { temperature: 0.5, topK: 40, topP: 0.9, minP: 0.1, repetitionPenalty: 1 },
      maxTokens: 96,
      probeRepeats: 3,
      probeRounds: [2, 16],
      costs: { kl: 0, perplexity: 24, choice: { file: 'bundled', questions: 20 } },
      calibrate: { dialogues: 4 },
      primary: 'last stability',
      margin: 0.05,
      early: [2, 2],
      late: [15, 16],
    });
  });

  it('names models by path, as a list, or as mappings', () => {
    const { models } = parseSpec(
      `${SMALLEST}models: [organism, /m/Tiny-1B, weights/Big.Q4_1.gguf, { path: organism, name: exact, executor: reference }]`,
      'experiments/study.yaml',
    );
    expect(models).toEqual([
      { name: 'organism', path: 'organism', executor: 'cpu', precision: 'auto' },
      { name: 'Tiny-1B', path: '/m/Tiny-1B', executor: 'cpu', precision: 'auto' },
      { name: 'Big.Q4_1', path: 'experiments/weights/Big.Q4_1.gguf', executor: 'cpu', precision: 'auto' },
      { name: 'exact', path: 'organism', executor: 'reference', precision: null },
    ]);
  });

  it('reads by what recipe and seed a model was trained', () => {
    const { models } = parseSpec(
      `${SMALLEST}models: [{ path: /m/soft-1, trained: { recipe: soft, seed: 1 } }]`,
      'study.yaml',
    );
    expect(models[0]!.trained).toEqual({ recipe: 'soft', seed: 1 });
  });

  it('takes a hub name as it is, unless a folder of that name exists', () => {
    const { models } = parseSpec(
      `${SMALLEST}models: [owner/Tiny-1B@v2, 'owner/Big:Q4_0', 'hf:a/b', fixtures/models]`,
      fileURLToPath(new URL('../../../test/study.yaml', import.meta.url)),
    );
    expect(models.map(({ name, path }) => [name, path])).toEqual([
      ['Tiny-1B@v2', 'owner/Tiny-1B@v2'],
      ['Big:Q4_0', 'owner/Big:Q4_0'],
      ['b', 'hf:a/b'],
      ['models', fileURLToPath(new URL('../../../test/fixtures/models', import.meta.url))],
    ]);
  });

  it('keeps the names of bundled material, which are no paths', () => {
    const materialOf = (written: string): unknown => {
      const [source] = parseSpec(
        `name: x\nsources: [self-chat: { material: ${written} }]\narms: [off]`,
        'a/x.yaml',
      ).sources;
      return source && 'material' in source && source.material;
    };
    expect(['bundled', 'realguardrails', './realguardrails'].map(materialOf)).toEqual([
      null,
      'realguardrails',
      'a/realguardrails',
    ]);
  });

  it('has sources of every kind, with paths relative to the file', () => {
    const { sources } = parseSpec(
      [
        'name: all',
        'sources:',
        '  - organism',
        '  - self-chat: { groups: persona, material: mine }',
        '  - script: { script: curious, rounds: 12 }',
        '  - primed: { script: curious, given: 2, first: 10 }',
        '  - replay: { file: logs/a.jsonl, name: logs }',
        '  - prompt: { file: own.txt, rules: own.yaml, users: organism }',
        'arms: [off]',
      ].join('\n'),
      'experiments/study.yaml',
    );
    const usual = { dialogues: 24, first: 0, rounds: 8 };
    const shipped = { material: null, groups: null };
    expect(sources).toEqual([
      { kind: 'organism', name: 'organism', ...usual, rounds: 16 },
      { kind: 'self-chat', name: 'self-chat', ...usual, material: 'experiments/mine', groups: ['persona'] },
      { kind: 'script', name: 'script curious', ...usual, rounds: 12, ...shipped, script: 'curious' },
      {
        kind: 'primed',
        name: 'primed curious',
        ...usual,
        first: 10,
        ...shipped,
        script: 'curious',
        given: 2,
      },
      { kind: 'replay', name: 'logs', ...usual, file: 'experiments/logs/a.jsonl' },
      {
        kind: 'prompt',
        name: 'prompt',
        ...usual,
        file: 'experiments/own.txt',
        rules: 'experiments/own.yaml',
        users: 'organism',
      },
    ]);
  });

  it.each<[rounds: number, early: readonly number[], late: readonly number[], line?: string]>([
    [1, [1, 1], [1, 1]],
    [2, [1, 1], [2, 2]],
    [3, [1, 1], [2, 3]],
    [4, [1, 2], [3, 4]],
    [8, [1, 3], [4, 8]],
    [8, [1, 6], [7, 8], 'analysis: { early: [1, 6] }'],
    [8, [1, 1], [2, 8], 'analysis: { late: [2, 8] }'],
  ])(
    'with %i rounds in its shortest source has early rounds %j and late rounds %j',
    (rounds, early, late, line = '') => {
      const text = `name: x\nsources: [organism: { rounds: ${rounds} }, self-chat]\narms: [off]\n${line}`;
      expect(parseSpec(text, 'x.yaml')).toMatchObject({ early, late, probeRounds: { length: 8 } });
    },
  );
});

describe('the analysis plan of a specification', () => {
  const planned = (analysis: string): StudySpec =>
    parseSpec(`name: x\nsources: organism\narms: [off, sustain, boost: 2, cap: 0.1]\n${analysis}`, 'x.yaml');

  it('compares every other arm with the first if it names no contrasts', () => {
    expect(planned('').contrasts).toEqual([
      { left: 'sustain', right: 'off' },
      { left: 'boost, M = 2', right: 'off' },
      { left: 'cap, κ = 0.1', right: 'off' },
    ]);
  });

  it('compares any arm with any other', () => {
    const { contrasts } = planned(
      'analysis:\n  contrasts:\n    sustain: off\n    boost, M = 2: [sustain, "cap, κ = 0.1"]\n',
    );
    expect(contrasts).toEqual([
      { left: 'sustain', right: 'off' },
      { left: 'boost, M = 2', right: 'sustain' },
      { left: 'boost, M = 2', right: 'cap, κ = 0.1' },
    ]);
  });

  it('names a pair once, whatever its order', () => {
    expect(() => planned('analysis: { contrasts: { sustain: off, off: sustain } }')).toThrow(
      /4:\d+ contrasts: "off" and "sustain" are compared twice/,
    );
  });
});

describe('the problems of a specification', () => {
  it('are reported all at once, each with line and column, in the order of the file', () => {
    const text = [
      'nmae: x',
      'sources:',
      '  - organism: { dialogs: 3, rounds: 0 }',
      '  - self-chta',
      'arms:',
      '  - split-softmax: { stregth: 0.7 }',
      '  - boost: { strength: 0.5 }',
      'sampling: { temperature: hot }',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      '1:1 nmae: unknown key; did you mean name?',
      '3:17 dialogs: unknown key; did you mean dialogues?',
      '3:37 rounds: expected a whole number from 1 to 1000, not 0',
      '4:5 self-chta: unknown source; did you mean self-chat?',
      '6:5 the policy split-softmax needs a strength or a schedule',
      '6:22 stregth: unknown key; did you mean strength?',
      '7:24 strength: boost takes M from 1 to 1000000, not 0.5',
      '8:26 temperature: expected a number, not "hot"',
    ]);
  });

  it('are one message, with their number and the file', () => {
    expect(() => parseSpec('arms: [off]\nname: x\nsources: a\nseeds: -1', 'a/study.yaml')).toThrow(
      'E_SPEC: 2 problems: 3:10 a: unknown source; known: organism, self-chat, script, primed, replay, prompt; 4:8 seeds: expected a whole number from 0 to 131071, not -1 (a/study.yaml)',
    );
    expect(() => parseSpec('a: [', 'study.yaml')).toThrow(/^E_SPEC: 1:5 Flow sequence .+ \(study\.yaml\)$/);
  });

  it.each([
    ['name: [a]', '4:7 name: expected text, not a list'],
    ...['two words', '../x', '.hidden', 'a/b', 'ä', 'x'.repeat(65)].map((name): [string, string] => [
      `name: ${name}`,
      '4:7 name: expected at most 64 letters, digits, "-", "_" and ".", not starting with "."',
    ]),
    ["question: ''", '4:11 question: expected text, not ""'],
    ...['2026-02-30', 'today', '31.01.2026', '"2026-01-31 09:00"'].map((now): [string, string] => [
      `now: ${now}`,
      `4:6 now: not a date or a date and time: "${now.replaceAll('"', '')}". Write 2026-01-31, 2026-01-31T09:00 or 2026-01-31T09:00:00, optionally with Z or an offset such as +02:00`,
    ]),
    ['now: 2026', '4:6 now: expected text, not 2026'],
    ['seeds: []', '4:8 seeds: expected a list with at least one item, not an empty list'],
    ['seeds: [1, 2, 1]', '4:8 seeds: 1 is listed twice'],
    ['seeds: 1.5', '4:8 seeds: expected a whole number from 0 to 131071, not 1.5'],
    ['seeds: "1"', '4:8 seeds: expected a whole number from 0 to 131071, not "1"'],
    ['max-tokens:', '4:12 max-tokens: expected a whole number from 1 to 100000, not an empty value'],
    ['max_tokens: 3', '4:1 max_tokens: unknown key; did you mean max-tokens?'],
    ['sampling: { top-p: 1.5 }', '4:20 top-p: topP takes a number above 0 and up to 1, not 1.5'],
    [
      'sampling: { seed: 1 }',
      '4:13 seed: unknown key; known: temperature, top-p, top-k, min-p, repetition-penalty',
    ],
    [
      'sampling: warm',
      '4:11 sampling: expected a mapping with temperature, top-p, top-k, min-p, repetition-penalty, not "warm"',
    ],
    ['probes: all', '4:9 probes: expected a whole number from 1 to 1000, not "all"'],
    ['probes: [1, 17]', '4:9 probes: round 17 is never reached: the longest source has 16'],
    [
      'analysis: late',
      '4:11 analysis: expected a mapping with primary, early, late, contrasts, margin, not "late"',
    ],
    ['analysis: { early: 3 }', '4:20 early: expected a list with at least one item, not 3'],
    ['analysis: { early: [3, 1] }', '4:20 early: expected the first and the last round, for example [1, 3]'],
    ['analysis: { late: [8, 20] }', '4:19 late: round 20 is never reached: the longest source has 16'],
    [
      'analysis:\n  early: [1, 8]\n  late: [8, 16]',
      '6:9 late: early rounds end with 8 and late rounds begin with 8: late rounds must begin later',
    ],
    [
      'probes: [1, 16]\nanalysis: { late: [8, 15] }',
      '5:19 late: no probe falls in the late rounds, 8 to 15, of the source "organism", which has 16',
    ],
    [
      'probes: [4, 16]',
      '4:9 probes: no probe falls in the early rounds, 1 to 3, of the source "organism", which has 16',
    ],
    [
      'analysis: { primary: stability }',
      '4:22 primary: expected one of early stability, late stability, last stability, early influence, late influence, last influence, not "stability"',
    ],
    ['analysis: { margin: 0 }', '4:21 margin: expected a number from 0.001 to 0.5, not 0'],
    [
      'analysis: { contrasts: [off] }',
      '4:24 contrasts: expected a mapping from an arm to the arms that it is compared with',
    ],
    ['analysis: { contrasts: { of: off } }', '4:30 contrasts: there is no arm "of"; did you mean "off"?'],
    ['analysis: { contrasts: { off: off } }', '4:31 contrasts: "off" is compared with itself'],
    [
      'analysis: { contrasts: { off: [] } }',
      '4:31 off: expected a list with at least one item, not an empty list',
    ],
    ['calibrate: 24', '4:12 calibrate: expected a mapping with dialogues, not 24'],
    ['costs: { kl: yes }', '4:14 kl: expected a whole number from 0 to 100000, not "yes"'],
    ['costs: { choice: { questions: 3 } }', '4:18 choice: file is missing'],
    ['models: []', '4:9 models: expected a list with at least one item, not an empty list'],
    ['models: { name: x }', '4:9 models: path is missing'],
    ['models: { path: x, trained: { recipe: soft } }', '4:29 trained: seed is missing'],
    [
      'models: [{ path: organism, executor: npu }]',
      '4:38 executor: expected one of cpu, onnx, gpu, ggml-vulkan, ggml-cuda, ggml-metal, reference, not "npu"',
    ],
    [
      'models: [{ path: a, executor: reference, precision: q8 }]',
      '4:10 precision: the reference executor takes no precision',
    ],
    ['models: [a/x, b/x]', '4:15 two models are named "x": rename one'],
    ['models: [a, { path: a, name: b }]', '4:13 the model "b" is the same as "a"'],
  ])('%s', (line, problem) => {
    const text = line.startsWith('name') ? `sources: organism\narms: [off]\n\n${line}` : SMALLEST + line;
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('include a source that is too short for the late rounds', () => {
    const text = 'name: x\nsources: [organism, self-chat]\narms: [off]\nanalysis: { late: [9, 16] }';
    expect(problemsOf(text)).toEqual([
      '4:19 late: no probe falls in the late rounds, 9 to 16, of the source "self-chat", which has 8',
    ]);
  });

  it('include names that a material folder does not have, but not a missing folder', () => {
    const naming = (material: string): string =>
      `name: x\nsources: [script: { material: ${material}, script: calm }]\narms: [off]`;
    const bundled = new URL('../../../experiments/material', import.meta.url).pathname;
    expect(problemsOf(naming(bundled))).toEqual([
      expect.stringMatching(/^2:\d+ script: the material has no "calm"; known: chatty, /),
    ]);
    expect(problemsOf(naming('nowhere'))).toEqual([]);
  });

  it('include missing keys', () => {
    expect(problemsOf('question: Why?')).toEqual([
      '1:1 name is missing',
      '1:1 sources is missing',
      '1:1 arms is missing',
    ]);
  });

  it.each([
    ['[]', '1:10 sources: expected a list with at least one item, not an empty list'],
    ['[organism, organism]', '1:21 the source "organism" is listed twice'],
    [
      '[3]',
      '1:11 sources: expected one of organism, self-chat, script, primed, replay, prompt, with its options as a mapping below it',
    ],
    ['[primed: { given: 0, script: curious }]', '1:28 given: expected a whole number from 1 to 100, not 0'],
    ['[primed]', '1:11 sources: script is missing'],
    ['[replay: {}]', '1:19 replay: file is missing'],
    ['[prompt: { rules: a }]', '1:19 prompt: file is missing'],
    ['[organism: { groups: persona }]', '1:23 groups: unknown key; known: name, dialogues, first, rounds'],
    ['[script: { script: curios }]', '1:29 script: the material has no "curios"; did you mean curious?'],
    [
      '[self-chat: { groups: [persona, patern] }]',
      '1:42 groups: the material has no "patern"; did you mean pattern?',
    ],
    [
      '[primed: { script: curious, groups: feelings }]',
      '1:46 groups: the material has no "feelings"; known: language, memory, multiple-choice, pattern, persona, refusal, task, tool-format',
    ],
  ])('sources: %s', (sources, problem) => {
    expect(problemsOf(`sources: ${sources}\nname: x\narms: [off]`)).toEqual([problem]);
  });
});

describe('a damaged specification', () => {
  const whole = readFileSync(new URL('../../../experiments/heads.yaml', import.meta.url), 'utf8');
  const pieces = [
    '[',
    ']',
    '{',
    '}',
    ': ',
    '- ',
    '"',
    '&a ',
    '*a',
    '!x ',
    '#',
    '|',
    '\n',
    '  ',
    '\t',
    '-1',
    '~',
    '? ',
  ];

  it('is either read or rejected with E_SPEC', () => {
    const damage = fc.record({ at: fc.nat(whole.length), cut: fc.nat(12), put: fc.constantFrom(...pieces) });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const text = damages.reduce(
          (before, { at, cut, put }) => before.slice(0, at) + put + before.slice(at + cut),
          whole,
        );
        for (const problem of problemsOf(text)) expect(problem).toMatch(/^\d+:\d+ \S/);
      }),
      { numRuns: 150 },
    );
  });
});
