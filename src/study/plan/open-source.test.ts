import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSource } from './open-source.js';

const source = { name: 'a', dialogues: 1, first: 0 } as const;
const costs = { kl: 3, perplexity: 3, choice: { file: 'bundled', questions: 5 } } as const;
const script = { kind: 'script', ...source, rounds: 1, script: 'calm', groups: null } as const;

/** A folder of the least material, and these dialogues. */
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
  it('are asked behind four exchanges of its held-out dialogues, however few rounds it has, the same for all', () => {
    const { heldOut } = openSource({ kind: 'organism', ...source, rounds: 2 }, costs);
    expect(heldOut.choice).toHaveLength(5);
    for (const { before } of heldOut.choice) {
      expect(before).toEqual(heldOut.choice[0]!.before);
      expect(before).toMatchObject({ id: 'organism-0', system: heldOut.kl[0]!.system });
      expect(before.exchanges).toHaveLength(4);
      expect(before.exchanges.slice(0, 2)).toEqual(heldOut.kl[0]!.exchanges);
    }
  });

  it('are asked behind the first dialogue of the material that is long enough', () => {
    const material = materialWith([
      { id: 'short', system: 'Short.', exchanges: exchanges(3) },
      { id: 'long', system: 'Long.', exchanges: exchanges(6) },
    ]);
    const { choice } = openSource({ ...script, material }, costs).heldOut;
    expect(choice[0]!.before).toEqual({ id: 'long', system: 'Long.', exchanges: exchanges(4) });
  });

  it('cannot be asked where no dialogue is, and need none where none is asked', () => {
    const material = materialWith([{ id: 'short', system: 'Short.', exchanges: exchanges(3) }]);
    expect(() => openSource({ ...script, material }, costs)).toThrow(
      'E_MATERIAL: questions are asked behind 4 exchanges, and no held-out dialogue has as many. Put a longer one into dialogues.yaml, or measure no choice',
    );
    expect(openSource({ ...script, material }, { ...costs, choice: null }).heldOut.choice).toEqual([]);
  });
});
