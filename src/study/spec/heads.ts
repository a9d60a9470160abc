import { distinct, number, oneOrMore, type Reader, text } from './read-value.js';
import type { HeadChoice, HeadPair } from './spec.js';
import type { Tree } from './yaml-tree.js';

/** Larger than in any model. Indices are checked against the actual model later. */
const MAX_INDEX = 4095;
const index = number({ from: 0, to: MAX_INDEX, whole: true });

/** Reads one layer or head, `2`, or several, `[2, 4]`. */
export const layerList: Reader<readonly number[]> = distinct(oneOrMore(index));

/**
 * Reads a choice of heads: words (`top 10 by share`), pairs `[layer, head]` (`[[2, 0], [4, 3]]`), or numbers, which are
 * these heads of every layer. A list of words is a list of choices.
 */
export const headChoices: Reader<readonly HeadChoice[]> = (tree, report) => {
  const first = tree.kind === 'list' ? tree.items[0] : tree;
  if (first === undefined || (first.kind === 'scalar' && typeof first.value === 'string')) {
    return oneOrMore(choiceInWords)(tree, report);
  }
  if (first.kind === 'list') {
    const pairs = distinctPairs(tree, report);
    return pairs && [{ kind: 'pairs', pairs }];
  }
  const heads = layerList(tree, report);
  return heads && [{ kind: 'grid', layers: null, heads }];
};

const FORMS = 'all, top N by share, top N by decay, bottom N by share, bottom N by decay, random N seed S';

const choiceInWords: Reader<HeadChoice> = (tree, report) => {
  const words = text(tree, report);
  if (words === undefined) return undefined;
  const choice = parseChoice(words);
  if (choice !== null) return choice;
  const help = words === 'none' ? 'use the arm off' : `write ${FORMS}, or heads by number`;
  report({ ...tree.at, text: `${tree.name}: "${words}" is not a choice of heads; ${help}` });
  return undefined;
};

function parseChoice(words: string): HeadChoice | null {
  if (words === 'all') return { kind: 'all' };
  const [, kind, count, by, seed] =
    /^(top|bottom|random) ([1-9]\d{0,5}) (?:by (share|decay)|seed (\d{1,9}))$/.exec(words) ?? [];
  if ((kind === 'top' || kind === 'bottom') && (by === 'share' || by === 'decay')) {
    return { kind, count: Number(count), by };
  }
  if (kind === 'random' && seed !== undefined) return { kind, count: Number(count), seed: Number(seed) };
  return null;
}

const pair: Reader<HeadPair> = (tree, report) => {
  const numbers: Tree[] = tree.kind === 'list' ? [...tree.items] : [];
  const [layer, head] = numbers.map((item) => index(item, report));
  if (numbers.length === 2) return layer === undefined || head === undefined ? undefined : [layer, head];
  report({ ...tree.at, text: `${tree.name}: expected a pair, [layer, head]` });
  return undefined;
};

const distinctPairs: Reader<readonly HeadPair[]> = (tree, report) => {
  const pairs = oneOrMore(pair)(tree, report);
  const twice = pairs?.find(
    ([layer, head], at) => pairs.findIndex(([l, h]) => l === layer && h === head) < at,
  );
  if (twice === undefined) return pairs;
  report({ ...tree.at, text: `${tree.name}: [${twice.join(', ')}] is listed twice` });
  return undefined;
};

/** Describes a choice of heads, for example `top 10 by share`. */
export function headsText(choice: HeadChoice): string {
  switch (choice.kind) {
    case 'all':
      return 'all heads';
    case 'grid':
      return [
        choice.layers === null ? null : `layers ${choice.layers.join(' ')}`,
        choice.heads === null ? null : `heads ${choice.heads.join(' ')}`,
      ]
        .filter((part) => part !== null)
        .join(' ');
    case 'pairs':
      return `heads ${choice.pairs.map(([layer, head]) => `${layer}.${head}`).join(' ')}`;
    case 'top':
    case 'bottom':
      return `${choice.kind} ${choice.count} by ${choice.by}`;
    case 'random':
      return `random ${choice.count} seed ${choice.seed}`;
  }
}
