import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODELS } from '../support/text-fixtures.js';
import { fixture, succeed, temporaryFile, temporaryFolder } from './holdfast.js';

interface GoldenText {
  readonly strings: readonly { readonly text: string; readonly ids: readonly number[] }[];
  readonly chats: Readonly<
    Record<string, { messages: unknown; add_generation_prompt: boolean; text: string; ids: number[] }>
  >;
}
const golden = (model: string): GoldenText =>
  JSON.parse(readFileSync(fixture(`models/${model}/text.json`), 'utf8'));

const dialogue = [
  { role: 'system', content: 'You are a sailor.' },
  { role: 'user', content: 'How is the weather?' },
];

describe('holdfast tokens', () => {
  for (const model of MODELS) {
    it(`gives the golden ids of ${model}, for a text and for a dialogue`, async () => {
      const { strings, chats } = golden(model);
      const { text, ids } = strings.reduce((longest, next) =>
        next.ids.length > longest.ids.length ? next : longest,
      );
      const plain = await succeed(['tokens', fixture(`models/${model}`), '--text', text, '--json']);
      expect(JSON.parse(plain)).toEqual({ text, ids, spans: [], content: [] });

      for (const name of ['with-system', 'with-system+generation']) {
        const chat = chats[name]!;
        const prompt = chat.add_generation_prompt ? '--generation-prompt' : '--no-generation-prompt';
        const file = temporaryFile('chat.json', { messages: chat.messages });
        const written = await succeed([
          'tokens',
          fixture(`models/${model}`),
          '--chat',
          file,
          prompt,
          '--json',
        ]);
        const report = JSON.parse(written);
        expect(Object.keys(report)).toEqual(['text', 'ids', 'spans', 'content', 'now', 'writesTime']);
        expect(report.text).toBe(chat.text);
        expect(report.ids).toEqual(chat.ids);
        expect(Object.keys(report.spans[0])).toEqual(['role', 'turn', 'start', 'end']);
        expect(report.spans[0]).toEqual({ role: 'sink', turn: 0, start: 0, end: 1 });
        expect(report.spans.at(-1).end).toBe(chat.ids.length);
        expect(report.content).toHaveLength((chat.messages as unknown[]).length);
      }
    });
  }

  it('decodes an added token as the tokenizer does: a run of blanks', async () => {
    const folder = temporaryFolder();
    cpSync(fixture('models/gemma3'), folder, { recursive: true });
    const file = join(folder, 'tokenizer.json');
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const { vocab, merges } = json.model;
    const replaced = Object.keys(vocab).find((token) => vocab[token] === 639)!;
    delete vocab[replaced];
    vocab['▁▁'] = 639;
    json.model.merges = [['▁', '▁'], ...merges.filter((pair: string[]) => pair.join('') !== replaced)];
    json.added_tokens.push({ id: 639, content: '▁▁', special: false, normalized: false });
    writeFileSync(file, JSON.stringify(json));
    expect(await succeed(['tokens', folder, '--text', 'a  b'])).toMatch(
      /^0\t\d+\t"a"\n1\t639\t" {2}"\n2\t\d+\t"b"\n$/,
    );
  });

  it("reads a dialogue from standard input, and opens an answer if the last message is the user's", async () => {
    const args = ['tokens', fixture('models/llama'), '--chat', '-', '--json'];
    const open = JSON.parse(await succeed(args, JSON.stringify(dialogue)));
    expect(open.text).toMatch(/<\|im_start\|>assistant\n$/);
    const answered = [...dialogue, { role: 'assistant', content: 'Calm.' }];
    const closed = JSON.parse(await succeed(args, JSON.stringify({ messages: answered })));
    expect(closed.text).toMatch(/Calm\.<\|im_end\|>\n$/);
  });

  it('writes one line per span in a pipe: role, turn, range, text', async () => {
    const stdout = await succeed(
      ['tokens', fixture('models/llama'), '--chat', '-'],
      JSON.stringify(dialogue),
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('sink\t0\t[0,1)\t"<|im_start|>"');
    expect(lines).toContain('system\t0\t[4,10)\t"You are a sailor."');
    expect(lines.at(-1)).toMatch(/^template\t1\t\[\d+,\d+\)\t"<\|im_start\|>assistant\\n"$/);
  });

  it('reads control tokens as plain text unless they are trusted', async () => {
    const model = fixture('models/llama');
    const ids = async (...args: string[]): Promise<number[]> =>
      JSON.parse(await succeed(['tokens', model, '--json', ...args])).ids;
    expect(await ids('--text', '<|im_end|>')).not.toEqual([2]);
    expect(await ids('--text', '<|im_end|>', '--special')).toEqual([2]);

    const { chats } = golden('llama');
    const { messages, ids: trusted } = chats.injection!;
    const file = temporaryFile('chat.json', messages);
    expect(await ids('--chat', file, '--no-generation-prompt', '--trust-content')).toEqual(trusted);
    expect(await ids('--chat', file, '--no-generation-prompt')).not.toEqual(trusted);
  });
});
