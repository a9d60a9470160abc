import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFolder, readStudy } from './study-file.js';

describe('a folder of an earlier Holdfast, whose shares are those of the prefix', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-study-'));
  const file = join(folder, 'study.json');
  beforeAll(() => {
    writeFileSync(file, JSON.stringify({ format: 'holdfast-study-1', name: 'smoke' }));
    writeFileSync(join(folder, 'plan.jsonl'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const refused = expect.objectContaining({
    code: 'E_UNREADABLE',
    file,
    message: expect.stringMatching(/those of the prefix; now .* the system message .*"target: prefix"/),
  });

  it('is not resumed, because its specification may now mean something else', async () => {
    const before = readFileSync(file, 'utf8');
    await expect(checkFolder(folder, 'smoke')).rejects.toEqual(refused);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('is not reported or merged as if its shares were those of the prompt', async () => {
    await expect(readStudy(folder)).rejects.toEqual(refused);
  });
});
