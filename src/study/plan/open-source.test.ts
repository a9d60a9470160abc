import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSource } from './open-source.js';

const source = { name: 'a', dialogues: 1, first: 0 } as const;
const costs = { kl: 3, perplexity: 3, choice: { file: 'bundled', questions: 5 } } as const;
const script = { kind: 'script', ...source, rounds: 1, script: 'calm', groups: null } as const;

/** Creates a folder with minimal material and the given dialogues. */
function materialWith(dialogues: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-material-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (file: string, content: object): void =>
    writeFileSync(join(folder, file), JSON.stringify(content));
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'prompts'));
  write('scripts/calm.yaml', { style: 'plain', messages: ['Hello.'] });
  write('prompts/ropes.yaml', [
    {
      id: 'hemp',
      system: 'Say hemp.',
      shown: 'always',
      probes: [{ question: 'What?' }],
      judge: { rule: 'contains-any', texts: ['hemp'] },
    },
  ]);
  write('dialogues.yaml', dialogues);
  return folder;
}

const exchanges = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ user: `Question ${at}`, assistant: `Answer ${at}` }));

describe('questions of a source', () => {
  it('all follow the same four exchanges of a held-out dialogue, even if the source has fewer rounds', () => {
    const { heldOut } = openSource({ kind: 'organism', ...source, rounds: 2 }, costs);
    expect(heldOut.choice).toHaveLength(5);
    for (const { before } of heldOut.choice) {
      expect(before).toEqual(heldOut.choice[0]!.before);
      expect(before).toMatchObject({ id: 'organism-100000', system: heldOut.kl[0]!.system });
      expect(before.exchanges).toHaveLength(4);
      expect(before.exchanges.slice(0, 2)).toEqual(heldOut.kl[0]!.exchanges);
    }
  });

  it('measure costs of the organism on dialogues that the study does not lead', () => {
    const { scenarios, heldOut } = openSource(
      { kind: 'organism', ...source, dialogues: 288, rounds: 2 },
      costs,
    );
    const led = new Set(Array.from({ length: 288 }, (_, index) => scenarios.at(index).id));
    expect(heldOut.kl.filter(({ id }) => led.has(id))).toEqual([]);
  });

  it('follow the first dialogue of the material that is long enough', () => {
    const material = materialWith([
      { id: 'short', system: 'Short.', exchanges: exchanges(3) },
      { id: 'long', system: 'Long.', exchanges: exchanges(6) },
    ]);
    const { choice } = openSource({ ...script, material }, costs).heldOut;
    expect(choice[0]!.before).toEqual({ id: 'long', system: 'Long.', exchanges: exchanges(4) });
  });

  it('need a dialogue that is long enough, unless there are no questions', () => {
    const material = materialWith([{ id: 'short', system: 'Short.', exchanges: exchanges(3) }]);
    expect(() => openSource({ ...script, material }, costs)).toThrow(
      'E_MATERIAL: no held-out dialogue has the 4 exchanges that precede a question. Add a longer dialogue to dialogues.yaml, or do not measure choice',
    );
    expect(openSource({ ...script, material }, { ...costs, choice: null }).heldOut.choice).toEqual([]);
  });
});

describe('a prompt of the own', () => {
  const prompt = { kind: 'prompt', ...source, users: 'everyday' } as const;

  function files(system: string, rules = ''): { readonly file: string; readonly rules: string } {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-prompt-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'system.txt'), system);
    writeFileSync(join(folder, 'rules.yaml'), rules);
    return { file: join(folder, 'system.txt'), rules: join(folder, 'rules.yaml') };
  }

  it('costs KL divergence under itself, in dialogues of as many rounds, none of whose exchanges occurs twice', () => {
    const { file } = files('Say hemp.\n');
    const all = openSource({ ...prompt, file, rules: null, rounds: 12 }, { ...costs, kl: 24 }).heldOut.kl;
    expect(all.length).toBeGreaterThan(4);
    for (const { system, exchanges } of all) expect([system, exchanges.length]).toEqual(['Say hemp.', 12]);
    const asked = all.flatMap(({ exchanges }) => exchanges.map(({ user, assistant }) => user + assistant));
    expect(new Set(asked).size).toBe(asked.length);
    const organism = { ...prompt, file, rules: null, users: 'organism' as const, rounds: 12 };
    const [first] = openSource(organism, costs).heldOut.kl;
    expect(first).toMatchObject({ system: 'Say hemp.' });
    expect(first!.exchanges).toHaveLength(12);
  });

  it('is judged by its rules, whose errors name file and line', () => {
    const judge =
      'shown: always\nprobes: [{ question: What? }]\njudge: { rule: contains-any, texts: [hemp] }\n';
    const good = openSource({ ...prompt, ...files('Say hemp.', judge), rounds: 2 }, costs).scenarios.at(0);
    expect(good.probesAfter(1)[0]!.judge('Hemp it is.')).toBe(1);
    const open = (rules: string) => () =>
      openSource({ ...prompt, ...files('Say hemp.', rules), rounds: 2 }, costs);
    expect(open(`${judge}good: [Rope.]\n`)).toThrow(/E_MATERIAL: line 4: the judge must score .*rules\.yaml/);
    expect(open(judge.replace('contains-any', 'contains'))).toThrow(/E_MATERIAL: line 3: .*rules\.yaml/);
    expect(open('id: a\n')).toThrow(/E_MATERIAL: line 1: .*rules\.yaml/);
  });

  it('cannot be blank', () => {
    const { file } = files(' \n');
    expect(() => openSource({ ...prompt, file, rules: null, rounds: 2 }, costs)).toThrow(
      /E_MATERIAL: .* blank/,
    );
  });
});
