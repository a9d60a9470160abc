import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DATED_TEMPLATE, modelWithTemplate, onDay } from '../support/dated-model.js';
import {
  type Environment,
  expectFailure,
  fixture,
  holdfast,
  holdfastProcess,
  type Outcome,
  temporaryFile,
  temporaryFolder,
} from './holdfast.js';

const LLAMA = fixture('models/llama');
const CHAT = ['--system', 'Hold fast.', '--temperature', '0', '--max-tokens', '6', '--threads', '1'];
const NOW = '2026-01-31T09:00:00+02:00';
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** Runs a command that must succeed, as a process of its own if a clock or a time zone is given. */
async function run(args: readonly string[], stdin = '', clock?: Environment): Promise<Outcome> {
  const outcome = await (clock === undefined ? holdfast(args, stdin) : holdfastProcess(args, stdin, clock));
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

/** Returns a model that writes the date, and a file for its dialogue. */
function dated(): { readonly model: string; readonly file: string } {
  return { model: modelWithTemplate(DATED_TEMPLATE), file: join(temporaryFolder(), 'dialogue.json') };
}

describe('a saved dialogue', () => {
  it('is replayed, continued and shown at its own moment, on any day and in any time zone', async () => {
    const { model, file } = dated();
    await run(['chat', model, ...CHAT], `one\n/save ${file}\n`, onDay(0, 'Pacific/Auckland'));
    const { now } = json(file);
    expect(now).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+1[23]:00$/);
    for (const env of [onDay(1, 'Pacific/Honolulu'), onDay(400)]) {
      const { stderr } = await run(['chat', model, '--load', file], `two\n/save ${file}\n`, env);
      expect(stderr).toMatch(/dialogue\.json: \d answers? replayed, token for token as saved/);
      expect(json(file).now).toBe(now);
    }
    const { stdout, stderr } = await run(['tokens', model, '--chat', file, '--json'], '', onDay(1));
    expect(JSON.parse(stdout)).toMatchObject({ now, writesTime: true });
    expect(JSON.parse(stdout).text).toContain(`Today: ${now.slice(8, 10)} `);
    expect(stderr).toBe('');
  });

  it('does not take another moment', async () => {
    const { model, file } = dated();
    await run(['chat', model, ...CHAT, '--now', NOW], `one\n/save ${file}\n`);
    expect(json(file).now).toBe(NOW);
    const other =
      /E_USAGE: the dialogue records the moment 2026-01-31T09:00:00\+02:00, and another was given: 2026-01-30T/;
    for (const args of [
      ['chat', model, '--load', file],
      ['tokens', model, '--chat', file],
      ['trace', model, '--chat', file, '--out', `${file}.safetensors`],
    ]) {
      expectFailure(await holdfast([...args, '--now', '2026-01-30']), 2, other);
    }
    const same = await run(['chat', model, '--load', file, '--now', NOW]);
    expect(same.stderr).toContain('token for token as saved');
  });

  it('without a moment claims no identity, unless its moment is given or its prompts have no date', async () => {
    const { model, file } = dated();
    await run(['chat', model, ...CHAT, '--now', NOW], `one\ntwo\n/save ${file}\n`);
    const { now: _, ...older } = json(file);
    writeFileSync(file, JSON.stringify(older));
    const onOtherDay = await holdfastProcess(['chat', model, '--load', file], '', onDay(-3000));
    expect(onOtherDay.code).toBe(1);
    expect(onOtherDay.stderr).toMatch(/the prompts contain the date or time, which the file does not record/);
    expect(onOtherDay.stderr).toMatch(
      /E_DIALOGUE: .* differs .*The date or time in the prompts may have been/,
    );
    const comparing = [
      'chat',
      model,
      '--load',
      file,
      '--compare',
      '--policy',
      'split-softmax',
      '--strength',
      '0.5',
    ];
    const compared = await run(comparing);
    expect(compared.stderr).toMatch(/which the file does not record: they now have 20/);
    expect((await run([...comparing, '--now', NOW])).stderr).not.toContain('record');
    const given = await run(['chat', model, '--load', file, '--now', NOW]);
    expect(given.stderr).toMatch(/^\S+: 2 answers replayed, token for token as saved\n$/);

    const today = join(temporaryFolder(), 'today.json');
    await run(['chat', model, ...CHAT], `one\n/save ${today}\n`);
    const { now: _now, ...undatedToday } = json(today);
    writeFileSync(today, JSON.stringify(undatedToday));
    const again = await run(['chat', model, '--load', today]);
    expect(again.stderr).toMatch(/1 answer replayed: the tokens are as saved, the prompts may not be\n$/);

    const plain = join(temporaryFolder(), 'plain.json');
    await run(['chat', LLAMA, ...CHAT], `one\n/save ${plain}\n`);
    const { now: __, ...undated } = json(plain);
    writeFileSync(plain, JSON.stringify(undated));
    const { stderr } = await run(['chat', LLAMA, '--load', plain], '', onDay(5));
    expect(stderr).toMatch(/^\S+: 1 answer replayed, token for token as saved\n$/);
  });

  it('with a moment that is not one is refused by field', async () => {
    const { model, file } = dated();
    await run(['chat', model, ...CHAT], `one\n/save ${file}\n`);
    writeFileSync(file, JSON.stringify({ ...json(file), now: 'yesterday' }));
    for (const args of [
      ['chat', model, '--load', file],
      ['tokens', model, '--chat', file],
    ])
      expectFailure(await holdfast(args), 1, /E_DIALOGUE: .*ISO 8601.*"yesterday".*field now/);
  });
});

describe('a new dialogue', () => {
  it('is laid out at --now, in text, ids and traces', async () => {
    const { model } = dated();
    const messages = [{ role: 'user', content: 'one' }];
    const chat = ['--chat', temporaryFile('messages.json', messages)];
    const { stdout, stderr } = await run(
      ['tokens', model, ...chat, '--now', NOW],
      '',
      onDay(0, 'Asia/Tokyo'),
    );
    expect(stdout).toContain('Today: 31 Jan 2026');
    expect(stderr).toBe(`note: the text depends on the date or time, which is ${NOW} here\n`);
    const report = JSON.parse((await run(['tokens', model, ...chat, '--now', NOW, '--json'])).stdout);
    expect(report).toMatchObject({ now: NOW, writesTime: true });
    const out = join(temporaryFolder(), 'trace.safetensors');
    await run(['trace', model, ...chat, '--now', NOW, '--tensors', 'ids', '--out', out]);
    const bytes = readFileSync(out);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    expect(JSON.parse(header.__metadata__.now)).toBe(NOW);
    expect(JSON.parse(header.__metadata__.text)).toBe(report.text);
  });

  it('of a model without dates does not say which moment it had, except in JSON', async () => {
    const chat = ['--chat', temporaryFile('messages.json', [{ role: 'user', content: 'one' }])];
    expect((await run(['tokens', LLAMA, ...chat])).stderr).toBe('');
    const report = JSON.parse((await run(['tokens', LLAMA, ...chat, '--now', NOW, '--json'])).stdout);
    expect(report).toMatchObject({ now: NOW, writesTime: false });
  });

  it('is loaded from plain messages at --now, on both sides of a comparison', async () => {
    const { model, file } = dated();
    const messages = temporaryFile('messages.json', [
      { role: 'system', content: 'Hold fast.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'hold' },
    ]);
    const held = ['--policy', 'split-softmax', '--strength', '0.5', '--compare'];
    await run(
      ['chat', model, '--load', messages, '--now', NOW, ...held, ...CHAT.slice(2)],
      `two\n/save ${file}\n`,
    );
    for (const side of ['off', 'on']) expect(json(file.replace('.json', `.${side}.json`)).now).toBe(NOW);
  });

  it('has a --now in ISO 8601', async () => {
    const invalid =
      /--now <time>' argument '31\.1\.2026' is invalid\. It must be a date, or a date and time: 2026-01-31,/;
    for (const command of ['chat', 'tokens', 'trace', 'measure'])
      expectFailure(await holdfast([command, LLAMA, '--now', '31.1.2026']), 2, invalid);
    const trace = ['trace', LLAMA, '--ids', '1', '--now', NOW, '--out', 'x'];
    expectFailure(await holdfast(trace), 2, /--now need --chat/);
    expectFailure(
      await holdfast(['tokens', LLAMA, '--text', 'a', '--now', NOW]),
      2,
      /'--now <time>' cannot be used/,
    );
  });
});

describe('inspect', () => {
  const system = "{% if messages[0].role == 'system' %}";
  const rest = '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}';
  it.each([
    ['always', `; writes the date or time`, DATED_TEMPLATE],
    [
      'without a system message',
      '; writes the date or time without a system message',
      `${system}{% else %}{{ strftime_now('%Y') }}{% endif %}${rest}`,
    ],
    [
      'with a system message',
      '; writes the date or time with a system message',
      `${system}{{ strftime_now('%H:%M') }}{% endif %}${rest}`,
    ],
    ['never', '', `{% set today = strftime_now('%d %b %Y') %}${rest}`],
    [
      'always',
      '; writes the date or time',
      `${system}{{ raise_exception('no system message') }}{% endif %}{{ strftime_now('%B') }}${rest}`,
    ],
  ])('says when a template writes the date: %s', async (writesTime, words, template) => {
    const model = modelWithTemplate(template);
    const report = JSON.parse((await run(['inspect', model, '--json'])).stdout);
    expect(report.template.writesTime).toBe(writesTime);
    const line = /opens an answer with ".*"(.*)/.exec((await run(['inspect', model])).stdout);
    expect(line?.[1]).toBe(words);
  });
});

describe('measure', () => {
  const rounds = ['--rounds', '1', '--max-tokens', '4', '--threads', '1'];

  it('records the moment of its dialogues', async () => {
    const { model } = dated();
    const out = join(temporaryFolder(), 'out');
    await run([
      'measure',
      model,
      '--script',
      'curious',
      '--dialogues',
      '2',
      ...rounds,
      '--now',
      NOW,
      '--out',
      out,
    ]);
    expect(json(join(out, 'summary.json')).now).toBe(NOW);
    const lines = readFileSync(join(out, 'dialogues.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).now)).toEqual([NOW, NOW]);
  });

  it('reads a saved dialogue at its own moment', async () => {
    const { model, file } = dated();
    await run(['chat', model, ...CHAT, '--now', NOW], `one\n/save ${file}\n`);
    const out = join(temporaryFolder(), 'out');
    const asWritten = ['measure', model, '--chat', file, '--as-written', '--threads', '1', '--out', out];
    expectFailure(
      await holdfast([...asWritten, '--now', '2026-02-01']),
      2,
      /records the moment 2026-01-31T09/,
    );
    await run(asWritten, '', onDay(1));
    expect(json(join(out, 'summary.json')).now).toBe(NOW);
  });
});
