import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IFEVAL_NAMES } from './ifeval-rule.js';
import { loadMaterial } from './index.js';
import { ruleKinds } from './rule.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-material-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** Returns the message of the error for a folder of these files, with the folder's path removed. */
function refusal(files: Readonly<Record<string, string | Uint8Array>>): string {
  write(files);
  try {
    loadMaterial(folder);
  } catch (error) {
    if (error instanceof Error) return error.message.replaceAll(join(folder, '/'), '');
  }
  return 'nothing was refused';
}

const PROMPT = `- id: shout
  system: Write in capitals.
  shown: always
  probes:
    - question: Why?
  judge: { rule: case, is: upper }
`;

describe('loadMaterial', () => {
  it("reads a user's folder, with or without its optional parts", () => {
    write({
      'prompts/house.yaml': PROMPT,
      'scripts/one.yaml': 'style: short\nmessages: [Hello., Why?]\n',
      'README.md': 'not material',
    });
    const { prompts, scripts, openers, texts, dialogues } = loadMaterial(folder);
    expect(prompts).toEqual([
      {
        ...{ id: 'shout', group: 'house', system: 'Write in capitals.', shown: 'always' },
        ...{ probes: [{ question: 'Why?' }], judge: { rule: 'case', is: 'upper' } },
        ...{ given: [], good: [], bad: [] },
      },
    ]);
    expect(scripts.get('one')).toEqual({ name: 'one', style: 'short', dialogues: [['Hello.', 'Why?']] });
    expect([openers, texts, dialogues]).toEqual([[], [], []]);
  });

  it('reads a script with several dialogues', () => {
    write({ 'scripts/two.yaml': 'style: short\ndialogues: [[Hello.], [Hi., Why?]]\n' });
    expect(loadMaterial(folder).scripts.get('two')!.dialogues).toEqual([['Hello.'], ['Hi.', 'Why?']]);
  });

  it('reports the line and field of an error', () => {
    const file = 'prompts/house.yaml';
    expect(refusal({ [file]: PROMPT.replace('shown: always', 'shown: never') })).toMatch(
      /^E_MATERIAL: line 3: Invalid option: .*\(prompts\/house\.yaml, field 0\.shown\)/,
    );
    expect(refusal({ [file]: PROMPT.replace('judge:', 'jugde:') })).toMatch(
      /^E_MATERIAL: line 1: Invalid input: .*field 0\.judge\)/,
    );
    expect(refusal({ [file]: `${PROMPT}  colour: red\n` })).toMatch(
      /^E_MATERIAL: line 7: unknown key: colour \(prompts\/house\.yaml, field 0\.colour\)/,
    );
    expect(refusal({ [file]: PROMPT.replace('is: upper', 'is: upper, also: 1') })).toMatch(
      /^E_MATERIAL: line 6: unknown key: also \(.*field 0\.judge\.also\)/,
    );
    expect(refusal({ [file]: PROMPT.replace('rule: case', 'rule: caps') })).toMatch(
      /^E_MATERIAL: line 6: .*field 0\.judge\.rule\)/,
    );
    expect(refusal({ [file]: PROMPT.replace('question: Why?', 'question: 42') })).toMatch(
      /^E_MATERIAL: line 5: .*expected string.*field 0\.probes\.0\.question\)/,
    );
  });

  it('refuses a judge that scores the answers of its own prompt wrongly', () => {
    const file = 'prompts/house.yaml';
    expect(refusal({ [file]: `${PROMPT}  good:\n    - YES\n    - Yes\n` })).toBe(
      'E_MATERIAL: line 9: the judge must score this answer at least 0.99: it scored 0 (prompts/house.yaml, field 0.good.1). Correct the answer or the judge',
    );
    expect(refusal({ [file]: `${PROMPT}  bad: [no, NO]\n` })).toMatch(
      /line 7: .*at most 0\.5: .*0\.bad\.1\)/,
    );
    expect(refusal({ [file]: `${PROMPT}  given:\n    - user: Hi\n      assistant: Hi\n` })).toMatch(
      /line 9: .*at least 0\.99: .*field 0\.given\.0\.assistant\)/,
    );
  });

  it('refuses two prompts, texts or dialogues with the same id, across files', () => {
    expect(refusal({ 'prompts/a.yaml': PROMPT, 'prompts/b.yaml': PROMPT })).toBe(
      'E_MATERIAL: line 1: duplicate id: shout (prompts/b.yaml, field 0.id)',
    );
    const text = '- { id: a, kind: b, text: c }\n';
    rmSync(join(folder, 'prompts'), { recursive: true });
    expect(refusal({ 'texts.yaml': text + text })).toMatch(/line 2: duplicate id: a \(texts\.yaml/);
  });

  it('refuses invalid YAML, duplicate keys, aliases and files that are too large', () => {
    expect(refusal({ 'openers.yaml': '- a\n- "b\n' })).toMatch(/^E_MATERIAL: line \d: not YAML: /);
    expect(refusal({ 'openers.yaml': '' })).toMatch(/^E_MATERIAL: .*expected array.*\(openers\.yaml/);
    expect(refusal({ 'openers.yaml': '- &a x\n- *a\n' })).toMatch(/^E_MATERIAL: aliases are not supported/);
    expect(refusal({ 'openers.yaml': new Uint8Array([0x2d, 0x20, 0xff, 0xfe]) })).toBe(
      'E_UNREADABLE: the text is not UTF-8: invalid byte 0xff (openers.yaml, byte 2). Save it as UTF-8',
    );
    expect(refusal({ 'openers.yaml': '- a\n- "\\ud800"\n' })).toBe(
      'E_MATERIAL: line 2: half of a surrogate pair (openers.yaml, field 1)',
    );
    rmSync(join(folder, 'openers.yaml'));
    expect(refusal({ 'scripts/a.yaml': 'style: a\nstyle: b\nmessages: [c]\n' })).toMatch(
      /^E_MATERIAL: line 2: not YAML: Map keys must be unique/,
    );
    expect(refusal({ 'scripts/a.yaml': 'style: a\nmessages: []\n' })).toMatch(/line 2: Too small/);
    for (const said of ['', 'messages: [c]\ndialogues: [[d]]\n']) {
      expect(refusal({ 'scripts/a.yaml': `style: a\n${said}` })).toMatch(
        /^E_MATERIAL: line 1: give messages, or dialogues with messages \(scripts\/a\.yaml\)/,
      );
    }
    expect(refusal({ 'scripts/a.yaml': `style: ${'a'.repeat(17 * 2 ** 20)}\n` })).toMatch(
      /larger than 16777216 bytes/,
    );
  });

  it('refuses a folder that does not exist', () => {
    expect(() => loadMaterial(join(folder, 'none'))).toThrow(
      /^E_NOT_FOUND: the folder of material does not exist/,
    );
  });
});

describe('docs/guide/material.md', () => {
  const guide = readFileSync(new URL('../../docs/guide/material.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';

  it('shows a valid prompt, and the exact error for an invalid one', () => {
    write({ 'prompts/house.yaml': example });
    expect(loadMaterial(folder).prompts[0]?.id).toBe('house-night-shift');
    const wrong = example.replace('He sleeps well.', 'He does. Sleep well.');
    expect(guide).toContain(
      refusal({ 'prompts/house.yaml': wrong }).replace('prompts/', 'my-material/prompts/'),
    );
  });

  it('names every rule and every instruction of IFEval', () => {
    for (const kind of ruleKinds()) expect(guide).toContain(`\`${kind}\``);
    for (const name of IFEVAL_NAMES) expect(guide).toContain(`\`${name}\``);
  });
});
