import { estimateText, numberText } from '../report/index.js';
import { withinBudget } from './choose.js';
import { countedGain } from './outcome.js';
import type { Outcome } from './prompt-study.js';
import { type Calibration, helps } from './result.js';

/** How an outcome is called, and what it is, for somebody who reads of it for the first time. */
export const OUTCOMES: Readonly<
  Record<Outcome, { readonly name: string; readonly unit: string; readonly what: string }>
> = {
  influence: {
    name: "the prompt's influence",
    unit: 'nats a token',
    what:
      'Influence is how much the probabilities of the next word change if the prompt is replaced by an unrelated one of about the same ' +
      'length and all else stays (KL divergence, in nats a token). At 0 the prompt no longer matters for the next word. It is the ' +
      "prompt's direct effect: the model's own earlier answers carry the prompt too, so a low influence is not yet disobedience. Rules " +
      '(--rules) judge the answers themselves.',
  },
  stability: {
    name: 'stability',
    unit: '0 to 1',
    what:
      'Stability is the mean score that your rules give to the answers to probes: questions asked on a branch after each round, which the ' +
      'dialogue never sees.',
  },
};

const signed = { signed: true, digits: 2 } as const;
const cost = { digits: 3 } as const;

/** What the part of a gain is that counts where settings have controls. */
export const BEYOND_WORDS =
  'A policy that strengthens a random span of the dialogue raises influence too, because the earlier turns carry the prompt, and it ' +
  'holds nothing. So each setting has a control: the same policy on a random span of the dialogue, as long as the prompt. Only ' +
  'what a setting gains beyond its control counts.';

/** Returns the answer in a sentence or two. */
export function verdictWords(calibration: Calibration): string {
  const { outcome, budget, choosing, arm, confirmation } = calibration;
  const { name, unit } = OUTCOMES[outcome];
  const [from, to] = choosing.late;
  const rounds = `rounds ${from} to ${to}`;
  if (confirmation === null || arm === null) return `Nothing helps here: ${whyNone(calibration)}`;
  const { off, held } = confirmation;
  const price = choosing.tried.find((tried) => tried.name === arm.name)!.cost;
  const gain = `${estimateText(held.gain, signed)}${outcome === 'influence' ? ` ${unit}` : ''}`;
  const beyond = held.beyond === null ? null : estimateText(held.beyond, signed);
  if (helps(confirmation)) {
    return (
      `Yes: ${arm.name} raises ${name} in ${rounds} from ${numberText(off.late.value)} to ${numberText(held.late.value)}, ` +
      `by ${off.late.value === 0 ? gain : `${Math.round((100 * held.gain.value) / off.late.value)} % (${gain})`}, at a cost of ${estimateText(price, cost)} nats a token.` +
      (beyond === null ? '' : ` Beyond what the same policy gains on a random span: ${beyond}.`)
    );
  }
  const best = `the best setting within ${budget} nats a token, ${arm.name}, changes ${name} in ${rounds} by ${gain}`;
  return beyond === null
    ? `Nothing was shown to help here: ${best} on dialogues on which it was not chosen, and this interval includes no gain.`
    : `Nothing was shown to help here: ${best} on dialogues on which it was not chosen, and by ${beyond} more than the same ` +
        'policy changes it on a random span. These are not both shown to be gains.';
}

function whyNone({ choosing: { tried, choice }, budget, outcome }: Calibration): string {
  if (choice.why === 'control') {
    return (
      'the dialogues are too short for this prompt. A gain of influence counts only beyond that of the same policy on a random span as ' +
      'long as the prompt, and no late round has one in all dialogues. Use more --rounds, or --rules.'
    );
  }
  if (choice.why === 'budget') {
    const [cheapest] = [...tried].sort((a, b) => a.cost.high - b.cost.high);
    const price =
      cheapest === undefined
        ? ''
        : `; the cheapest, ${cheapest.name}, costs ${estimateText(cheapest.cost, cost)}. A larger --budget allows more`;
    return `every setting may cost more than the budget of ${budget} nats a token${price}.`;
  }
  const count = tried.filter((setting) => withinBudget(setting, budget)).length;
  const more = outcome === 'influence' ? ' more than the same policy on a random span' : '';
  return `none of the ${count} settings within ${budget} nats a token gains in ${OUTCOMES[outcome].name}${more}, on the calibration dialogues.`;
}

/** Says what a larger budget would allow: the setting beyond it with the most certain gain. Null if none gains more than the chosen one. */
export function dearerWords({ choosing: { tried, choice }, budget }: Calibration): string | null {
  const chosen = tried.find(({ name }) => name === choice.name);
  const least = chosen === undefined ? 0 : countedGain(chosen).low;
  const [best] = tried
    .filter((setting) => !withinBudget(setting, budget) && countedGain(setting).low > least)
    .sort((a, b) => countedGain(b).low - countedGain(a).low);
  if (best === undefined || choice.why === 'control') return null;
  const beyond = best.beyond === null ? '' : ' beyond a random span';
  return (
    `A larger budget allows more: ${best.name} gains ${estimateText(countedGain(best), signed)}${beyond} on the calibration dialogues, at ` +
    `${estimateText(best.cost, cost)} nats a token.`
  );
}
