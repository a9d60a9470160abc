import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFolder, readStudy } from './study-file.js';

describe.each([
  ['holdfast-study-1', /those of the prefix; now .* the system message .*"target: prefix"/],
  ['holdfast-study-2', /target:SHARE took the mean over all heads.*over the heads that see furthest.*--out/],
])('a folder of an earlier Holdfast, %s', (format, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-study-'));
  const file = join(folder, 'study.json');
  beforeAll(() => {
    writeFileSync(file, JSON.stringify({ format, name: 'smoke' }));
    writeFileSync(join(folder, 'plan.jsonl'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const refused = expect.objectContaining({
    code: 'E_UNREADABLE',
    file,
    message: expect.stringMatching(message),
  });

  it('is not resumed, because its specification may now mean something else', async () => {
    const before = readFileSync(file, 'utf8');
    await expect(checkFolder(folder, 'smoke')).rejects.toEqual(refused);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('is not reported or merged as if its shares meant what they mean now', async () => {
    await expect(readStudy(folder)).rejects.toEqual(refused);
  });
});
