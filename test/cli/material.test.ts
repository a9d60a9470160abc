import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadMaterial } from '../../src/material/index.js';
import { holdfast, temporaryFolder } from './holdfast.js';

const ROW = JSON.stringify({
  key: 7,
  instruction_id_list: ['punctuation:no_comma'],
  kwargs: [{}],
  messages: [
    { role: 'system', content: 'Use no commas.' },
    { role: 'user', content: 'Describe the harbour.' },
  ],
});
const SKIPPED = ROW.replace('7', '8').replace('punctuation:no_comma', 'language:response_language');

function published(...rows: readonly string[]): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'sys_ifeval.jsonl'), rows.join('\n'));
  return folder;
}

describe('material import', () => {
  it('writes a folder of material, and says what it read and what it left out', async () => {
    const out = join(temporaryFolder(), 'new', 'guardrails');
    const imported = await holdfast(['material', 'import', published(ROW, SKIPPED), '--out', out]);
    expect(imported.stderr).toBe('note: the folder has no file LICENSE to copy\n');
    expect(imported.stdout.split('\n')).toEqual([
      'realguardrails: read sys_ifeval.jsonl',
      `${out}: prompts judged by program: 1, scripts: 0, recorded dialogues: 0`,
      'left out: prompts with the instruction language:response_language: 1',
      '',
    ]);
    expect(loadMaterial(out).prompts.map(({ id }) => id)).toEqual(['ifeval-7']);
    expect(readFileSync(join(out, 'SOURCE.md'), 'utf8')).toContain('MIT, Copyright (c) 2025 Norman Mu');
  });

  it('overwrites nothing', async () => {
    const out = temporaryFolder();
    const { code, stderr } = await holdfast(['material', 'import', published(ROW), '--out', out]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: E_UNWRITABLE: the folder exists/)]);
  });

  it('writes nothing if the data is malformed, and names the line', async () => {
    const out = join(temporaryFolder(), 'out');
    const { code, stderr } = await holdfast(['material', 'import', published(ROW, '{'), '--out', out]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: E_MATERIAL: line 2: not JSON: .*sys_ifeval\.jsonl/),
    ]);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses an unknown collection', async () => {
    const { code, stderr } = await holdfast([
      'material',
      'import',
      '.',
      '--out',
      'x',
      '--format',
      'sysbench',
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/realguardrails, structflowbench, lost-in-conversation/);
  });
});
