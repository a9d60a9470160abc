import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadChoices, loadMaterial } from './index.js';

/** The bundled material. Loading it checks that every judge scores its own examples correctly. */
const material = loadMaterial();
const GROUPS = [
  'language',
  'memory',
  'multiple-choice',
  'pattern',
  'persona',
  'refusal',
  'task',
  'tool-format',
];
const wordsOf = (text: string): number => text.trim().split(/\s+/).length;

describe('the prompts', () => {
  it('number 128, sixteen in each of eight groups', () => {
    const counts = GROUPS.map((group) => material.prompts.filter((prompt) => prompt.group === group).length);
    expect(counts).toEqual(GROUPS.map(() => 16));
    expect(material.prompts).toHaveLength(128);
  });

  it.each(material.prompts)(
    '$id is short, has probes, three good and bad answers, and three given ones',
    (prompt) => {
      expect(wordsOf(prompt.system)).toBeGreaterThanOrEqual(12);
      expect(wordsOf(prompt.system)).toBeLessThanOrEqual(40);
      expect(prompt.probes.length).toBeGreaterThanOrEqual(3);
      expect(prompt.good.length).toBeGreaterThanOrEqual(3);
      expect(prompt.bad.length).toBeGreaterThanOrEqual(3);
      expect(prompt.given).toHaveLength(3);
    },
  );

  it('are all different', () => {
    expect(new Set(material.prompts.map(({ system }) => system)).size).toBe(128);
  });
});

describe('the larger set', () => {
  const { prompts, scripts, openers } = loadMaterial('bundled-208');
  const added = prompts.slice(material.prompts.length);
  const wordsIn = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  /** Returns the words that two texts share, of all that they have (Jaccard). */
  const overlap = (one: string, other: string): number => {
    const [left, right] = [wordsIn(one), wordsIn(other)];
    const shared = [...left].filter((word) => right.has(word)).length;
    return shared / (left.size + right.size - shared);
  };

  it('has the prompts of `bundled` and ten more in each of the eight groups', () => {
    expect(prompts.slice(0, material.prompts.length)).toEqual(material.prompts);
    expect(GROUPS.map((group) => added.filter((prompt) => prompt.group === group).length)).toEqual(
      GROUPS.map(() => 10),
    );
    expect(prompts).toHaveLength(208);
    expect([scripts, openers]).toEqual([material.scripts, material.openers]);
  });

  it.each(added)('$id is short, has three probes, good and bad answers, and given ones', (prompt) => {
    expect(wordsOf(prompt.system)).toBeGreaterThanOrEqual(12);
    expect(wordsOf(prompt.system)).toBeLessThanOrEqual(40);
    for (const part of [prompt.probes, prompt.good, prompt.bad, prompt.given]) {
      expect(part.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('has no near duplicates: an added prompt shares less than two fifths of its words with any other', () => {
    for (const [at, { id, system }] of prompts.entries()) {
      if (at < material.prompts.length) continue;
      for (const other of prompts.slice(0, at)) {
        expect(overlap(system, other.system), `${id}, ${other.id}`).toBeLessThan(0.4);
      }
    }
  });

  it('asks no added question that another prompt asks', () => {
    const asked = prompts.flatMap(({ id, probes }) => probes.map(({ question }) => ({ id, question })));
    const old = material.prompts.flatMap(({ probes }) => probes).length;
    for (const [at, { id, question }] of asked.entries()) {
      if (at < old) continue;
      for (const other of asked.slice(0, at)) {
        expect(overlap(question, other.question), `${id}, ${other.id}: ${question}`).toBeLessThan(0.8);
      }
    }
  });
});

describe('the openers and scripts', () => {
  it('include at least 60 openers, all different', () => {
    expect(material.openers.length).toBeGreaterThanOrEqual(60);
    expect(new Set(material.openers).size).toBe(material.openers.length);
  });

  it('include at least eight scripts of at least sixteen messages, at least three with pressure', () => {
    const scripts = [...material.scripts.values()];
    expect(scripts.length).toBeGreaterThanOrEqual(8);
    for (const { name, dialogues } of scripts) {
      for (const said of dialogues) expect(said.length, name).toBeGreaterThanOrEqual(16);
    }
    expect(scripts.filter(({ name }) => name.startsWith('pressure-')).length).toBeGreaterThanOrEqual(3);
  });
});

describe('the held-out material', () => {
  it('has at least 24 texts of 60 to 120 words', () => {
    expect(material.texts.length).toBeGreaterThanOrEqual(24);
    for (const { id, text } of material.texts) {
      expect(wordsOf(text), id).toBeGreaterThanOrEqual(60);
      expect(wordsOf(text), id).toBeLessThanOrEqual(120);
    }
  });

  it('has at least 24 dialogues of three to five exchanges', () => {
    expect(material.dialogues.length).toBeGreaterThanOrEqual(24);
    for (const { id, exchanges } of material.dialogues) {
      expect(exchanges.length, id).toBeGreaterThanOrEqual(3);
      expect(exchanges.length, id).toBeLessThanOrEqual(5);
    }
  });

  it('has 100 questions with four different choices, each letter being right equally often', () => {
    const questions = loadChoices();
    expect(new Set(questions.map(({ question }) => question)).size).toBe(100);
    for (const letter of [0, 1, 2, 3]) {
      expect(questions.filter(({ answer }) => answer === letter)).toHaveLength(25);
    }
    for (const { choices } of questions) expect(new Set(choices).size).toBe(4);
  });
});

describe('the prompts of RealGuardrails', () => {
  const { prompts, scripts, dialogues, texts } = loadMaterial('realguardrails');

  it("are those of sys_ifeval.jsonl whose instructions the rule ifeval decides, in IFEval's groups", () => {
    expect(prompts).toHaveLength(347);
    expect([...new Set(prompts.map(({ group }) => group))]).toEqual([
      'combination',
      'detectable-content',
      'detectable-format',
      'keywords',
      'length-constraints',
      'punctuation',
      'startend',
    ]);
    for (const { judge } of prompts) {
      const rules = judge.rule === 'all' ? judge.of : [judge];
      expect(rules.every(({ rule }) => rule === 'ifeval')).toBe(true);
    }
  });

  it('come with the users of its distractors, and with the held-out items of the bundled material', () => {
    for (const [name, rounds] of [
      ['roleplay-5', 6],
      ['roleplay-10', 11],
      ['roleplay-20', 21],
    ] as const) {
      const said = scripts.get(name)!.dialogues;
      expect(said, name).toHaveLength(42);
      for (const messages of said) expect(messages, name).toHaveLength(rounds);
    }
    expect(scripts.has('curious')).toBe(true);
    expect([dialogues, texts]).toEqual([material.dialogues, material.texts]);
  });

  it('lie beside their licence, and are small', () => {
    const folder = fileURLToPath(new URL('../../experiments/realguardrails', import.meta.url));
    expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toMatch(
      /^MIT License\n\nCopyright \(c\) 2025 Norman Mu\n/,
    );
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    expect(bytes).toBeLessThan(1.5e6);
  });
});
