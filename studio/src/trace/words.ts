import type { PagePart } from '../../../src/trace-page/page-data.js';
import { GROUP_NAMES } from '../draw/palette.js';
import { visible } from '../view/format.js';
import type { State } from './state.js';

/** What the page calls a part. */
export const partName = ({ name, colour }: PagePart): string => name ?? GROUP_NAMES[colour];

/** Returns the name of a head; of the mean over the heads that see furthest for null. */
export function headName(pair: number | null, { heads, layers, meanLayers }: State['data']): string {
  if (pair !== null) return `layer ${Math.floor(pair / heads)}, head ${pair % heads}`;
  if (meanLayers.length === layers) return 'mean over all heads';
  return `mean over the heads that see furthest (layers ${meanLayers.join(', ')})`;
}

/** Returns a token's text with its spaces and line breaks made visible. */
export const tokenName = (text: string): string => (text === '' ? '(part of a character)' : visible(text));

/** Returns where a token is: its number, its role and its turn. */
export function placeOf(token: number, { tokens, spans }: State['data']): string {
  const { role, turn } = spans.find(({ end }) => token < end)!;
  const number = `token ${token + 1} of ${tokens.length}`;
  if (role === null) return number;
  return turn === 0 || role === 'sink'
    ? `${number}, ${ROLES[role]}`
    : `${number}, ${ROLES[role]}, turn ${turn}`;
}

/** What the page calls the roles of spans. */
export const ROLES = {
  sink: 'first token (sink)',
  system: 'system prompt',
  user: 'user',
  assistant: 'answer',
  template: 'template',
} as const;
