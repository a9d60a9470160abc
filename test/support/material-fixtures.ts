import type { Material, PromptMaterial } from '../../src/material/index.js';

const prompt = (group: string, id: string, changed: Partial<PromptMaterial> = {}): PromptMaterial => ({
  id,
  group,
  system: `You are ${id}.`,
  shown: 'always',
  probes: [{ question: `First, ${id}?` }, { question: `Second, ${id}?` }],
  judge: { rule: 'contains-any', texts: [id] },
  given: [
    { user: 'Who?', assistant: `I am ${id}.` },
    { user: 'Really?', assistant: `Yes, ${id}.` },
  ],
  good: [],
  bad: [],
  ...changed,
});

/** Five prompts in two groups; one has no given exchanges. */
export const MATERIAL: Material = {
  prompts: [
    prompt('ropes', 'hemp'),
    prompt('ropes', 'jute', { given: [] }),
    prompt('ropes', 'silk', { shown: 'asked' }),
    prompt('knots', 'bowline'),
    prompt('knots', 'sheet'),
  ],
  openers: ['Why do ropes hold?', 'What is a knot?', 'Is it late?'],
  scripts: new Map([
    ['calm', { name: 'calm', style: 'plain', dialogues: [['Hello.', 'Go on.', 'And then?']] }],
  ]),
  texts: [{ id: 'essay', kind: 'prose', text: `${'A rope is long. '.repeat(20)}It ends.` }],
  dialogues: [
    {
      id: 'talk',
      system: 'You are kind.',
      exchanges: [
        { user: 'What of it?', assistant: 'I hold fast.' },
        { user: 'And now?', assistant: 'I pull harder.' },
        { user: 'Let go!', assistant: 'Never.' },
      ],
    },
  ],
};
