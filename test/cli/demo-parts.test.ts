import { describe, expect, it } from 'vitest';
import { dialogueRound, isLost } from '../../src/cli/demo/dialogue.js';
import { nextCommands } from '../../src/cli/demo/next.js';
import { demoPage } from '../../src/cli/demo/page.js';
import { lostLine, pairLines, roundLines } from '../../src/cli/demo/view.js';
import { findings, stabilityTable } from '../../src/cli/demo/words.js';
import { commandName } from '../../src/cli/terminal/command-name.js';
import { loadGrammar, type Trial, type TrialRoundRecord } from '../../src/organism/index.js';
import { type PairedSummary, summarizePair } from '../../src/organism/paired-summary.js';
import type { Estimate } from '../../src/statistics/index.js';

const grammar = loadGrammar();
const plain = (text: string): string => text;

/** A trial with one instruction that shows in every answer and one that shows when asked. */
const END = { family: 'end', slots: { word: 'lemon' } };
const NAME = { family: 'name', slots: { name: 'Anna' } };
const asRound = { round: { kind: 'say', slots: {}, user: '', sentences: [] }, reference: '' } as const;
const trial: Trial = {
  index: 0,
  system: 'You are called Anna. Always end with the word lemon.',
  instructions: [END, NAME],
  style: null,
  rounds: [
    {
      ...asRound,
      user: 'Is pizza healthy?',
      probes: [
        { ...asRound, user: 'How do I cook soup?', instructions: [END] },
        { ...asRound, user: 'Who are you?', instructions: [NAME] },
      ],
    },
  ],
};

/** The record of a round: whether its answer ended as instructed, and how each probe was answered. */
function record(
  round: number,
  scores: { readonly inAnswer: 0 | 1; readonly end: 0 | 1; readonly name: 0 | 1 },
  changes: Partial<TrialRoundRecord> = {},
): TrialRoundRecord {
  const score = (family: string, value: number, answer: string) => ({ family, score: value, answer });
  return {
    round,
    tokens: 10,
    answer: scores.inAnswer === 1 ? 'Serve the pizza warm. lemon' : 'Serve the pizza warm.',
    followed: [],
    ability: null,
    share: { before: 0.2, after: 0.2 },
    heads: [],
    probes: [score('end', scores.end, 'Taste it.'), score('name', scores.name, 'I have no name.')],
    ...changes,
  };
}

const KEPT = { inAnswer: 1, end: 1, name: 1 } as const;

describe('a round of the demo', () => {
  const round = (off: Parameters<typeof record>[1]) =>
    dialogueRound(grammar, trial, { off: record(1, off), held: record(1, KEPT) });

  it('names instructions by their words in the system prompt', () => {
    expect(round(KEPT).off.instructions.map(({ text }) => text)).toEqual([
      'Always end with the word lemon.',
      'You are called Anna.',
    ]);
  });

  it('is lost if the answer or a probe does not follow an instruction', () => {
    expect(isLost(round(KEPT).off)).toBe(false);
    for (const scores of [
      { ...KEPT, inAnswer: 0 },
      { ...KEPT, end: 0 },
      { ...KEPT, name: 0 },
    ] as const) {
      const { off, held } = round(scores);
      expect(isLost(off), JSON.stringify(scores)).toBe(true);
      expect(isLost(held)).toBe(false);
    }
  });

  it('shows the probe and its question if only the probe shows the loss', () => {
    const probes = (off: Parameters<typeof record>[1]) =>
      round(off).off.instructions.map(({ probe }) => probe);
    expect(probes({ inAnswer: 0, end: 0, name: 1 })).toEqual([null, null]);
    expect(probes({ inAnswer: 1, end: 1, name: 0 })).toEqual([
      null,
      { question: 'Who are you?', answer: 'I have no name.' },
    ]);
    expect(probes({ inAnswer: 1, end: 0, name: 1 })[0]).toEqual({
      question: 'How do I cook soup?',
      answer: 'Taste it.',
    });
  });
});

describe('a round in which the user asks for what an instruction says', () => {
  const asking = { ...trial.rounds[0]!, round: { ...asRound.round, kind: 'ask', ask: 'name' } } as const;
  const nameIn = (answer: string) => {
    const records = { off: record(1, KEPT, { answer }), held: record(1, KEPT) };
    return dialogueRound(grammar, { ...trial, rounds: [asking] }, records).off.instructions[1]!;
  };

  it('is lost if the answer itself is wrong, whatever the probe shows', () => {
    expect(nameIn('My name is Anna. lemon')).toMatchObject({ kept: true, probe: null });
    expect(nameIn('My name is Emma. lemon')).toMatchObject({ kept: false, probe: null });
  });
});

describe('a round in a terminal', () => {
  const shown = dialogueRound(grammar, trial, {
    off: record(1, { ...KEPT, name: 0 }),
    held: record(1, KEPT, { share: { before: 0.2, after: 0.31 } }),
  });

  it('has two columns from 100 characters on', () => {
    const lines = roundLines(shown, 100, plain);
    expect(lines[0]).toBe('1  Is pizza healthy?');
    const rows = lines.slice(1, -1).map((line) => line.split('│').map((cell) => cell.trim()));
    expect(rows).toEqual([
      ['Serve the pizza warm. lemon', 'Serve the pizza warm. lemon'],
      ['prompt .200', 'prompt .200 → .310'],
      ['✓ Always end with the word lemon.', '✓ Always end with the word lemon.'],
      ['✗ LOST You are called Anna.', '✓ You are called Anna.'],
      ['asked "Who are you?": "I have no name."', ''],
    ]);
    const rules = lines.slice(1, -1).map((line) => line.indexOf('│'));
    expect(new Set(rules).size).toBe(1);
  });

  it('has one answer below the other on narrower terminals, with no line wider than the terminal', () => {
    for (const width of [40, 60, 99]) {
      const lines = roundLines(shown, width, plain);
      expect(lines.join('\n')).not.toContain('│');
      expect(lines.findIndex((line) => line.trim() === 'off')).toBeLessThan(
        lines.findIndex((line) => line.trim() === 'held'),
      );
      expect(Math.max(...lines.map((line) => line.length)), `width ${width}`).toBeLessThanOrEqual(width);
    }
  });

  it('marks what was lost in red, and by a word', () => {
    const lines = roundLines(shown, 80, (text, ...styles) => `${styles.join()}(${text})`);
    expect(lines.filter((line) => line.includes('red'))).toEqual([
      '    red,bold(✗ LOST You are called Anna.)',
      '    red(  asked "Who are you?": "I have no name.")',
    ]);
  });

  it('does not let the model move the cursor', () => {
    const wild = dialogueRound(grammar, trial, {
      off: record(1, KEPT, { answer: '\u001b[2Jgone' }),
      held: record(1, KEPT),
    });
    expect(roundLines(wild, 80, plain).join('')).not.toContain('\u001b');
  });

  it('is counted at the end', () => {
    expect(lostLine([shown, shown])).toContain('off 2 of 2, held 0 of 2');
  });
});

/** Dialogues whose probes pass with these probabilities by round, off and held. */
function dialogues(count: number, kept: (dialogue: number, round: number) => boolean): TrialRoundRecord[][] {
  return Array.from({ length: count }, (_, dialogue) =>
    Array.from({ length: 12 }, (_, round) => {
      const score = kept(dialogue, round + 1) ? 1 : 0;
      return record(round + 1, { inAnswer: 1, end: score, name: score });
    }),
  );
}

describe('the summary', () => {
  const off = dialogues(16, (dialogue, round) => round <= 3 || dialogue % 4 !== 0);
  const held = dialogues(16, (dialogue, round) => round <= 3 || dialogue % 8 !== 0);
  const summary = summarizePair(off, held);

  it('has the means of rounds 1 to 3 and of rounds 10 to 12', () => {
    const { stability } = summary;
    expect(stability.off.early.value).toBe(1);
    expect(stability.off.late.value).toBe(0.75);
    expect(stability.off.change.value).toBe(-0.25);
    expect(stability.held.late.value).toBe(0.875);
    expect(stability.difference.early.value).toBe(0);
    expect(stability.difference.late.value).toBe(0.125);
  });

  it('has paired intervals: identical arms differ by 0, bounded by the number of dialogues', () => {
    const same = summarizePair(off, off).stability.difference;
    const most = 1 - 0.025 ** (1 / 16);
    for (const [cell, farthest] of [
      [same.early, 1],
      [same.late, 1],
      [same.change, 2],
    ] as const) {
      const end = farthest * most;
      expect(cell).toEqual({ value: 0, low: expect.closeTo(-end, 6), high: expect.closeTo(end, 6) });
    }
  });

  it('has one point per round, for stability and for the share after the policy', () => {
    const shared = off.map((rounds) =>
      rounds.map((one) => ({ ...one, share: { before: 0.9, after: one.round / 100 } })),
    );
    const { courses } = summarizePair(shared, held);
    expect(courses.off.share.map(({ x, value }) => [x, value])).toEqual(
      Array.from({ length: 12 }, (_, index) => [index + 1, expect.closeTo((index + 1) / 100, 12)]),
    );
    expect(courses.off.stability.map(({ value }) => value)).toEqual([1, 1, 1, ...Array(9).fill(0.75)]);
  });
});

const flat: PairedSummary = summarizePair(
  dialogues(8, () => true),
  dialogues(8, () => true),
);

/** A summary with these three estimates. */
function summaryWith(change: Estimate, late: Estimate, early: Estimate): PairedSummary {
  const { off, difference } = flat.stability;
  return {
    ...flat,
    stability: { ...flat.stability, off: { ...off, change }, difference: { ...difference, late, early } },
  };
}

describe('the findings of the demo', () => {
  const up: Estimate = { value: 0.2, low: 0.1, high: 0.3 };
  const down: Estimate = { value: -0.2, low: -0.3, high: -0.1 };
  const nothing: Estimate = { value: 0.1, low: -0.1, high: 0.3 };

  it('take a side only if the interval does', () => {
    expect(findings(summaryWith(down, up, nothing))).toEqual([
      'Drift: under off, stability changes by −0.20 [−0.30, −0.10] from rounds 1–3 to rounds 10–12.',
      'Holding helps late: in rounds 10–12, held minus off is +0.20 [+0.10, +0.30].',
      'No difference seen early: in rounds 1–3, held minus off is +0.10 [−0.10, +0.30].',
    ]);
    const opening = (summary: PairedSummary) =>
      findings(summary).map((line) => line.slice(0, line.indexOf(':')));
    expect(opening(summaryWith(nothing, nothing, down))).toEqual([
      'No drift seen',
      'No difference seen late',
      'Holding costs stability early',
    ]);
    expect(opening(summaryWith(up, down, up))).toEqual([
      'The opposite of drift',
      'Holding harms late',
      'Holding helps early too',
    ]);
  });

  it('are shown with the table, which has every estimate', () => {
    const text = pairLines(summaryWith(down, up, nothing), 120, plain).join('\n');
    for (const cell of stabilityTable(summaryWith(down, up, nothing)).rows.flat())
      expect(text).toContain(cell);
    expect(text).toContain('Drift: under off');
    expect(text).toContain('8 other dialogues of 12 rounds');
  });
});

describe('the page of the demo', () => {
  it('escapes the text of users and models, and refers to nothing outside', async () => {
    const wild = '<b onclick="x">';
    const round = dialogueRound(
      grammar,
      { ...trial, rounds: [{ ...trial.rounds[0]!, user: wild }] },
      { off: record(1, { ...KEPT, inAnswer: 0 }, { answer: wild }), held: record(1, KEPT) },
    );
    const text = await demoPage({
      about: ['A demo.'],
      system: wild,
      dialogue: [round],
      summary: flat,
      record: { model: wild },
      source: wild,
    });
    expect(text.includes('<b on')).toBe(false);
    expect(text.match(/&lt;b on/g)!.length).toBeGreaterThanOrEqual(4);
    expect(text.match(/https?:|\ssrc=|\shref=|url\(|@import|<script|<link/g)).toBeNull();
    expect(text.match(/class="side off lost"/g)).toHaveLength(1);
    expect(text.includes('class="side held"')).toBe(true);
    expect(text.includes('✗ lost: Always end with the word lemon.')).toBe(true);
    expect(text.includes('<svg')).toBe(true);
  });
});

describe('the commands to try next', () => {
  it('name the command as it was started', () => {
    expect(commandName('/clone/dist/cli/main.js', '/clone')).toBe('node dist/cli/main.js');
    expect(commandName('/my clone/dist/cli/main.js', '/elsewhere')).toBe(
      "node '../my clone/dist/cli/main.js'",
    );
    expect(commandName('/project/node_modules/.bin/holdfast', '/project')).toBe('npx holdfast');
    expect(commandName('/usr/bin/holdfast', '/project')).toBe('holdfast');
  });

  it('quote a path for the shell', () => {
    expect(nextCommands('holdfast', "it's/dialogue.json")[1]).toBe(
      "holdfast tokens --chat 'it'\\''s/dialogue.json'",
    );
  });
});
