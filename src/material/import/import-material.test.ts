import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeAnswer, loadMaterial } from '../index.js';
import type { FormatName } from './formats.js';
import { importMaterial } from './import-material.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(inside: string, files: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, inside, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return join(folder, inside);
}

const lines = (...entries: readonly unknown[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

const imported = (files: Readonly<Record<string, string>>, format?: FormatName) =>
  importMaterial(write('published', files), format);

/** Imports, writes the result, and reads it as material. */
function asMaterial(files: Readonly<Record<string, string>>) {
  const result = imported(files);
  const out = write('out', Object.fromEntries(result.files.map(({ path, text }) => [path, text])));
  return { ...result, material: loadMaterial(out) };
}

/** Returns the message of the error for a folder of these files, without the folder's path. */
function refusal(files: Readonly<Record<string, string>>, format?: FormatName): string {
  try {
    imported(files, format);
  } catch (error) {
    if (error instanceof Error) return error.message.replaceAll(join(folder, 'published', '/'), '');
  }
  return 'nothing was refused';
}

const SYSTEM = { role: 'system', content: 'Use no commas. Name a ship: "Alice".' };
const USER = { role: 'user', content: 'Describe the harbour.' };
const ROW = {
  key: 7,
  prompt: 'Describe the harbour. Use no commas.',
  instruction_id_list: ['punctuation:no_comma', 'keywords:existence'],
  kwargs: [{}, { keywords: ['Alice'] }],
  messages: [SYSTEM, USER],
};

describe('the import of RealGuardrails', () => {
  const GUARDED = { id: 'g-1', guardrails: ['Stays on topic'], messages: [SYSTEM, USER] };
  const distractor = (turns: number, change: object = {}) => ({
    ...GUARDED,
    messages: [
      SYSTEM,
      ...Array.from({ length: turns }, (_, at) => [
        { role: 'user', content: `Turn ${at + 1}` },
        { role: 'assistant', content: `Answer ${at + 1}` },
      ]).flat(),
      { role: 'user', content: 'And now?' },
    ],
    ...{ num_turns: turns, distractor_task: 'roleplay', is_multiturn: true, ...change },
  });

  it('turns a request with instructions in its system message into a prompt with a probe and a judge', () => {
    const { material } = asMaterial({ 'sys_ifeval.jsonl': lines(ROW) });
    const [prompt] = material.prompts;
    expect(material.prompts).toHaveLength(1);
    expect(prompt).toMatchObject({
      ...{ id: 'ifeval-7', group: 'punctuation', system: SYSTEM.content, shown: 'asked' },
      probes: [{ question: USER.content }],
    });
    expect(judgeAnswer(prompt!.judge, 'Alice lies at the quay.')).toBe(1);
    expect(judgeAnswer(prompt!.judge, 'Alice, a ship, lies there.')).toBe(0);
    expect(judgeAnswer(prompt!.judge, 'A ship lies there.')).toBe(0);
  });

  it('leaves arguments out that are null, as in the copy on Hugging Face', () => {
    const kwargs = [
      { num_words: null, keywords: null },
      { keywords: ['Alice'], relation: null },
    ];
    expect(imported({ 'a.jsonl': lines({ ...ROW, kwargs }) }).prompts).toBe(1);
  });

  it('skips prompts with an instruction that no program decides as published, and counts each instruction', () => {
    const { prompts, skipped } = imported({
      'sys_ifeval.jsonl': lines(
        ROW,
        {
          ...ROW,
          key: 8,
          instruction_id_list: ['punctuation:no_comma', 'language:response_language'],
          kwargs: [{}, { language: 'de' }],
        },
        {
          ...ROW,
          key: 9,
          instruction_id_list: ['combination:repeat_prompt', 'language:response_language'],
          kwargs: [{}, {}],
        },
        { ...ROW, key: 10, instruction_id_list: ['keywords:existence'], kwargs: [{ keywords: ['C++'] }] },
      ),
    });
    expect(prompts).toBe(1);
    expect([...skipped]).toEqual([
      ['prompts with the instruction language:response_language', 2],
      ['prompts with the instruction combination:repeat_prompt', 1],
      [
        'prompts with the instruction keywords:existence: a keyword must not be blank or have one of the characters \\^$.|?*+()[]{}',
        1,
      ],
    ]);
  });

  it('turns distractors into scripts and recordings by task and length, without those in one message', () => {
    const { material, files, skipped } = asMaterial({
      'distractors.jsonl': lines(
        distractor(2),
        distractor(2, { id: 'g-2' }),
        distractor(3),
        distractor(2, { is_multiturn: false }),
      ),
    });
    expect([...material.scripts.keys()]).toEqual(['roleplay-2', 'roleplay-3']);
    // The same users under two prompts are one dialogue of the script, and two recordings.
    expect(material.scripts.get('roleplay-2')!.dialogues).toEqual([['Turn 1', 'Turn 2', 'And now?']]);
    const recording = files.find(({ path }) => path === 'recorded/distractors-roleplay-2.jsonl')!;
    expect(
      recording.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).group),
    ).toEqual(['g-1', 'g-2']);
    expect([...skipped]).toEqual([['dialogues written into one message', 1]]);
  });

  it('turns test cases whose guardrails a model judges into a recording without a judge', () => {
    const { prompts, recorded, files } = imported({ 'handwritten.jsonl': lines(GUARDED) });
    expect([prompts, recorded]).toEqual([0, 1]);
    expect(files.find(({ path }) => path === 'recorded/handwritten.jsonl')!.text).toBe(
      lines({ group: 'g-1', messages: [SYSTEM, USER] }),
    );
  });

  it('names the source, and copies the licence beside it', () => {
    const { files } = imported({ 'sys_ifeval.jsonl': lines(ROW), LICENSE: 'MIT License\n' });
    expect(files.find(({ path }) => path === 'LICENSE')!.text).toBe('MIT License\n');
    const page = files.find(({ path }) => path === 'SOURCE.md')!.text;
    expect(page).toContain('https://github.com/normster/RealGuardrails (sys_ifeval.jsonl)');
    expect(page).toContain('MIT, Copyright (c) 2025 Norman Mu');
  });

  it('keeps every text exactly', () => {
    const texts = ['a: "b"\n\n  c \n', '- d # e', '\u00a0f\u2028g ', "'", '{{ h }}\t', '%', 'yes', '12'];
    const { material } = asMaterial({
      'distractors.jsonl': lines(
        distractor(1, {
          messages: [
            SYSTEM,
            ...texts.flatMap((content) => [
              { role: 'user', content },
              { role: 'assistant', content },
            ]),
          ],
        }),
      ),
    });
    expect(material.scripts.get('roleplay-1')!.dialogues).toEqual([texts]);
  });
});

describe('the import of StructFlowBench', () => {
  const talk = (task: string, ...prompts: readonly string[]) => ({
    ...{
      conv_purpose: 'To learn',
      conv_task: `${task}: what it is about.`,
      conv_topic: 'sea',
      user_type: 1,
      structure: [],
    },
    whole_conv: prompts.map((prompt, at) => ({
      ...{ name: `c${at + 1}`, 'user prompt': prompt, 'assistant answer': 'Fine.', constraints: [] },
    })),
  });

  it('turns the users of each task into a script, and skips repeated and very long ones', () => {
    const { material, format, skipped } = asMaterial({
      'StructFlowBench.json': JSON.stringify([
        talk('Fact-based Q&A', 'Why salt?', 'And tides?'),
        talk('Creative Writing', 'A poem.', 'Longer.', 'Shorter.'),
        talk('Fact-based Q&A', 'Why salt?', 'And tides?'),
        talk('Fact-based Q&A', 'x'.repeat(4001)),
      ]),
    });
    expect(format).toBe('structflowbench');
    expect([...material.scripts].map(([name, { dialogues }]) => [name, dialogues])).toEqual([
      ['creative-writing', [['A poem.', 'Longer.', 'Shorter.']]],
      ['fact-based-q-a', [['Why salt?', 'And tides?']]],
    ]);
    expect(material.prompts).toEqual([]);
    expect([...skipped.values()]).toEqual([1, 1]);
  });

  it('counts what it skips over all files', () => {
    const repeated = JSON.stringify([talk('Casual Chat', 'Hello.'), talk('Casual Chat', 'Hello.')]);
    const { skipped } = asMaterial({ 'one.json': repeated, 'two.json': repeated });
    expect([...skipped.values()]).toEqual([2]);
  });

  it('names entry and field of an error', () => {
    const bad = { ...talk('Casual Chat', 'Hello.'), whole_conv: [{ name: 'c1' }] };
    expect(refusal({ 'StructFlowBench.json': JSON.stringify([talk('Casual Chat', 'Hi.'), bad]) })).toMatch(
      /^E_MATERIAL: Invalid input: expected string.*\(StructFlowBench\.json, field 1\.whole_conv\.0\.user prompt\)/,
    );
  });
});

describe('the import of Lost in Conversation', () => {
  const sample = (id: string, task: string, ...shards: readonly string[]) => ({
    ...{ task_id: id, task, answer: '#### 4' },
    shards: shards.map((shard, at) => ({ shard_id: at + 1, shard })),
  });

  it('turns the shards of each task into a script', () => {
    const { material, format } = asMaterial({
      'sharded_instructions_600.json': JSON.stringify([
        sample('sharded-1', 'math', 'How many ropes?', 'Two ships.', 'Two ropes each.'),
        sample('sharded-2', 'code', 'Write a function.', 'It ties knots.'),
      ]),
    });
    expect(format).toBe('lost-in-conversation');
    expect(material.scripts.get('math')!.dialogues).toEqual([
      ['How many ropes?', 'Two ships.', 'Two ropes each.'],
    ]);
    expect(material.scripts.get('code')!.style).toBe(
      'Reveals a task bit by bit, as in Lost in Conversation (code).',
    );
  });

  it('refuses a duplicate id', () => {
    const twice = [sample('a', 'math', 'x'), sample('b', 'math', 'y'), sample('a', 'code', 'z')];
    expect(refusal({ 's.json': JSON.stringify(twice) })).toBe(
      'E_MATERIAL: duplicate task_id: a (s.json, field 2.task_id)',
    );
  });
});

describe('an import', () => {
  it('names the line of what is wrong', () => {
    const good = JSON.stringify(ROW);
    const bad = (change: object): string =>
      refusal({ 'sys_ifeval.jsonl': `${good}\n\n${JSON.stringify({ ...ROW, key: 8, ...change })}\n` });
    expect(refusal({ 'sys_ifeval.jsonl': `${good}\n${good.slice(0, 40)}\n` })).toMatch(
      /^E_MATERIAL: line 2: not JSON: .*line 2.*\(sys_ifeval\.jsonl\)/,
    );
    expect(bad({ key: 7 })).toBe('E_MATERIAL: line 3: duplicate key: 7 (sys_ifeval.jsonl, field key)');
    expect(bad({ kwargs: [{}] })).toBe(
      'E_MATERIAL: line 3: 2 instructions have 1 sets of arguments (sys_ifeval.jsonl, field kwargs)',
    );
    expect(bad({ kwargs: [{}, { keyword: ['Alice'] }] })).toMatch(/line 3: .*field kwargs\.1\.keyword/);
    expect(bad({ messages: [USER, SYSTEM] })).toMatch(/line 3: .*field messages\.0\.role\)/);
    expect(bad({ messages: undefined })).toMatch(/line 3: .*expected tuple.*field messages\)/);
    expect(bad({ messages: [SYSTEM, { role: 'user', content: ' ' }] })).toMatch(
      /line 3: it is blank .*messages\.1\.content/,
    );
  });

  it('refuses control characters and half surrogate pairs, which no chat template should see', () => {
    const said = (content: string): string =>
      refusal({ 'a.jsonl': lines({ ...ROW, messages: [SYSTEM, { ...USER, content }] }) });
    expect(said('a\u001b[2J')).toBe(
      'E_MATERIAL: line 1: control character U+001B (a.jsonl, field messages.1.content)',
    );
    expect(said('a\u0000')).toMatch(/control character U\+0000/);
    expect(said('a\u009b')).toMatch(/control character U\+009B/);
    expect(refusal({ 'a.jsonl': lines(ROW).replaceAll('harbour', '\\ud800') })).toMatch(
      /^E_MATERIAL: line 1: not JSON: half of a surrogate pair/,
    );
  });

  it('says what it looked for if it recognises no file', () => {
    const other = {
      'other.jsonl': '{"a": 1}\n',
      'package.json': '{}',
      'empty.json': '[]',
      'notes.txt': 'no',
    };
    expect(refusal(other)).toMatch(
      /^E_MATERIAL: the folder has no file that can be imported .*sys_ifeval\.jsonl, handwritten\.jsonl, distractors\.jsonl; .*StructFlowBench\.json; .*sharded_instructions_600\.json/,
    );
    expect(refusal(other, 'structflowbench')).not.toContain('sys_ifeval');
    expect(() => importMaterial(join(folder, 'none'))).toThrow(/^E_NOT_FOUND: the folder does not exist/);
  });

  it('needs the name of the collection if the folder has files of several', () => {
    const both = {
      'a.jsonl': lines(ROW),
      'b.json': JSON.stringify([{ task_id: '1', task: 'math', shards: [{ shard: 'x' }] }]),
    };
    expect(refusal(both)).toMatch(
      /files of several collections: realguardrails, lost-in-conversation.*--format/,
    );
    expect(imported(both, 'lost-in-conversation').scripts).toBe(1);
  });
});
