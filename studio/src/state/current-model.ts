import { effect, signal } from '@preact/signals';
import type { ModelCard, PastTurn } from '../../../src/studio/protocol.js';
import { announce } from './announce.js';
import { type Answer, type AnswerModel, turnOf } from './answer.js';
import { model } from './engine.js';
import { note } from './message.js';
import { steer } from './settings.js';

/**
 * The model that the dialogue is with: the one loaded last, also while another is loading. Null before the first.
 *
 * When it changes, the dialogue stays. Earlier answers keep the measures and the name of the model that gave them, and the
 * new model gets their text, which it encodes with its own vocabulary.
 */
export const currentModel = signal<AnswerModel | null>(null);

/** Returns whether a model is another than the current one; false for none. */
export const isOther = (own: AnswerModel | null): boolean =>
  own !== null && own.name !== currentModel.value?.name;

/** Returns whether the tokens of an answer are those of another model. */
export const isForeign = ({ model: own }: Answer): boolean => isOther(own);

/** Returns answered turns as the current model can read them: those up to the last that it has no tokens of as text. */
export function readable(answers: readonly Answer[]): PastTurn[] {
  const answered = answers.filter((answer) => turnOf(answer) !== null);
  const last = answered.findLastIndex((answer) => turnOf(answer)!.ids === null || isForeign(answer));
  return answered.map((answer, index) => {
    const turn = turnOf(answer)!;
    return index > last ? turn : { ...turn, ids: null, begun: 0, strengths: null };
  });
}

/** Makes a loaded model the current one. Heads that were chosen in a model of another shape are no heads of this one. */
function take({ name, layers, heads, meanLayers, serverHold }: ModelCard): void {
  const before = currentModel.peek();
  currentModel.value = { name, layers, heads, meanLayers };
  announce(`${name} is ready.`);
  const { pairs } = steer.peek();
  if (before === null) {
    if (serverHold !== null) steer.value = serverHold;
  } else if (pairs !== null && (before.layers !== layers || before.heads !== heads)) {
    steer.value = { ...steer.peek(), pairs: null };
    note(
      `The chosen heads were those of ${before.name}, which has ${before.layers} layers of ${before.heads}. The hold now acts on all heads of ${name}.`,
    );
  }
}

effect(() => {
  if (model.value.kind === 'ready') take(model.value.card);
});
