import { countSteps, resetLimits } from '../../src/jinja/limits.js';

/** Returns the steps that a rendering takes, to the nearest hundred above: how many fewer there are then until the limit. */
export function stepsOf(render: () => void): number {
  resetLimits();
  const all = stepsUntilLimit();
  resetLimits();
  render();
  const taken = all - stepsUntilLimit();
  resetLimits();
  return taken;
}

function stepsUntilLimit(): number {
  let steps = 0;
  try {
    for (;;) {
      countSteps(100);
      steps += 100;
    }
  } catch {
    return steps;
  }
}
