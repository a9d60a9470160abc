import { batch, computed } from '@preact/signals';
import { messageOf } from '../../../src/errors.js';
import {
  COLUMNS,
  type Column,
  type OpenedDialogue,
  type OpenedHold,
  type OpenedTrace,
  type PastTurn,
} from '../../../src/studio/protocol.js';
import { announce } from './announce.js';
import { EMPTY, turnOf } from './answer.js';
import { answering, isAnswering, occupy, send } from './answering.js';
import { currentModel, isForeign } from './current-model.js';
import { createRound, pastOf, type Round, rounds, showRounds, system, systemText } from './dialogue.js';
import { engine } from './engine.js';
import { fail, message, note } from './message.js';
import { panel } from './panel.js';
import { runAnswer } from './run-answer.js';
import { selected } from './selection.js';
import { draw, sideBySide, steer, untouchedSteer } from './settings.js';
import { stillPage } from './still-page.js';
import { isStill } from './view.js';

/** The turn of an opened file whose answers are measured again, from 1; null while none is. */
export const measuring = computed<{ readonly turn: number; readonly of: number } | null>(() => {
  if (!isAnswering.value || answering.value !== null) return null;
  const at = rounds.value.findIndex(({ answers }) =>
    COLUMNS.some((column) => {
      const answer = answers[column].value;
      return answer?.given?.ids && answer.end === null && answer.status !== 'failed';
    }),
  );
  return at === -1 ? null : { turn: at + 1, of: rounds.value.length };
});

/** Saves something, and says why if it cannot. */
async function saving(what: string, save: () => Promise<void>): Promise<void> {
  try {
    await save();
  } catch (error) {
    fail(`The ${what} cannot be saved: ${messageOf(error)}`);
  }
}

/** Saves the dialogue of each side as the file of `holdfast chat`. Without answers, it is a file of settings. */
export const saveDialogues = (): Promise<void> =>
  saving('dialogue', async () => {
    const answered = COLUMNS.filter((column) =>
      rounds.value.some(({ answers }) => turnOf(answers[column].value)),
    );
    const sides = answered.length === 0 ? (['held'] as const) : answered;
    for (const column of sides) {
      const saved = await engine.run('save', {
        column,
        system: systemText(),
        past: pastOf(column, rounds.value, rounds.value.length),
        steer: column === 'held' ? steer.value : untouchedSteer.value,
        draw: draw.value,
      });
      const side = sides.length === 1 ? '' : column === 'held' ? '.on' : '.off';
      downloadJson(`dialogue${side}.json`, saved);
    }
  });

/** Saves how the held side is steered as the file that `--hold` takes. */
export const saveHold = (): Promise<void> =>
  saving('hold', async () => {
    downloadJson('hold.json', await engine.run('hold', { system: systemText(), steer: steer.value }));
  });

/** Saves the internals of one side's dialogue as the file that `holdfast trace` writes: the side of the chosen word, or the held one. */
export const saveTrace = (): Promise<void> =>
  saving('trace', async () => {
    const column = selected.peek()?.column ?? 'held';
    const past = pastOf(column, rounds.value, rounds.value.length);
    const last = rounds.value.flatMap(({ answers }) => answers[column].value ?? []).at(-1);
    if (last !== undefined && isForeign(last)) {
      throw new Error(`${last.model!.name} gave its last answer. Choose it as the model to trace it`);
    }
    const turn = past.at(-1);
    if (turn === undefined) throw new Error('this side has no answers');
    const file = await engine.run('trace', {
      ...{ system: turn.system, past, steer: turn.steer },
      strength: last?.tokens.at(-1)?.strength ?? null,
    });
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    download(`trace.${column}.safetensors`, new Blob([bytes], { type: 'application/octet-stream' }));
  });

/** Opens a trace, a hold, or one or two saved dialogues, whose answers are measured again token by token. */
export async function openFiles(files: readonly File[]): Promise<void> {
  try {
    const trace = files.find(({ name }) => name.endsWith('.safetensors'));
    if (trace !== undefined) return showTrace(await engine.run('opentrace', { file: await base64(trace) }));
    const opened = await Promise.all(
      files
        .slice(0, 2)
        .map(async (file) =>
          engine.run('open', { json: JSON.parse(await file.text()), system: systemText() }),
        ),
    );
    const dialogues = opened.filter((one) => one.kind === 'dialogue');
    for (const one of opened) if (one.kind === 'hold') takeHold(one);
    const notes = dialogues.flatMap((one) => one.notes);
    if (notes.length > 0) note(`${[...new Set(notes)].join('. ')}.`);
    if (dialogues.length > 0) await show(dialogues);
  } catch (error) {
    const what = error instanceof SyntaxError ? 'it is not JSON' : messageOf(error);
    fail(`The file cannot be opened: ${what}`);
  }
}

/** Takes over a hold, and says where its evidence does not cover this model and prompt. */
function takeHold({ steer: held, notes }: OpenedHold): void {
  steer.value = held;
  panel.value = 'hold';
  if (notes.length === 0) message.value = null;
  else note(`The hold is taken over. Note: ${notes.join('; ')}.`);
}

/** Returns whether a policy was on in a dialogue. */
const isHeld = ({ turns, next }: OpenedDialogue): boolean =>
  [...turns, ...(next ? [next] : [])].some((part) => part.steer.policy !== 'off');

async function show(opened: readonly OpenedDialogue[]): Promise<void> {
  const held = opened.find(isHeld) ?? opened[0]!;
  const untouched = opened.find((dialogue) => dialogue !== held) ?? null;
  const count = Math.max(held.turns.length, untouched?.turns.length ?? 0);
  const loaded = Array.from({ length: count }, (_, index) => {
    const [own, other] = [held.turns[index], untouched?.turns[index]];
    const turn = (own ?? other)!;
    return createRound(turn.user, turn.draw.seed, { held: givenAnswer(own), untouched: givenAnswer(other) });
  });
  batch(() => {
    showRounds(loaded);
    system.value = held.system ?? '';
    sideBySide.value = untouched !== null;
    if (held.next !== null) {
      steer.value = held.next.steer;
      draw.value = held.next.draw;
    }
  });
  const done = await occupy(null, (signal) =>
    Promise.all(COLUMNS.map((column) => measure(column, loaded, signal))),
  );
  announce(`${done.every(Boolean) ? 'The' : 'Not all'} answers of the file are measured.`);
  await send([]);
}

/** Shows a trace on the held side. */
function showTrace({ system: prompt, turns }: OpenedTrace): void {
  const loaded = turns.map(({ tokens, end }) =>
    createRound(end.turn.user, draw.value.seed, {
      held: { ...EMPTY, status: 'done', model: currentModel.value, tokens, end },
    }),
  );
  batch(() => {
    showRounds(loaded);
    system.value = prompt ?? '';
    sideBySide.value = false;
  });
}

/** Returns the bytes of a file in base64. */
function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

const givenAnswer = (turn: PastTurn | undefined) =>
  turn === undefined
    ? null
    : {
        ...EMPTY,
        status: 'done' as const,
        model: turn.ids === null ? null : currentModel.value,
        given: turn,
      };

/** Measures the answers of one side that came from a file. Answers that were given as text have no tokens to measure. */
async function measure(column: Column, loaded: readonly Round[], signal: AbortSignal): Promise<boolean> {
  for (const [index, { answers }] of loaded.entries()) {
    const shown = answers[column];
    const given = shown.value?.given;
    if (!given?.ids) continue;
    const { system, user, steer, draw, ids, strengths } = given;
    const past = pastOf(column, loaded, index);
    const request = { column, system, past, user, steer, draw, begin: ids, strengths, measureOnly: true };
    if (!(await runAnswer(shown, request, signal, given)) || signal.aborted) return false;
    // What was measured is the answer of the file, which records how it was sampled.
    shown.value = { ...shown.value!, given, end: { ...shown.value!.end!, turn: given } };
  }
  return true;
}

/** Saves the figure of the course. */
export const saveFigure = (kind: 'svg' | 'png'): Promise<void> =>
  saving('figure', async () => {
    await showCourse();
    const svg = document.querySelector<SVGSVGElement>('#course');
    if (svg === null) return;
    const text = new XMLSerializer().serializeToString(withStyles(svg));
    const file = new Blob([text], { type: 'image/svg+xml' });
    if (kind === 'svg') return download('course.svg', file);
    const picture = new Image();
    const address = URL.createObjectURL(file);
    picture.src = address;
    await picture.decode();
    const { width, height } = svg.viewBox.baseVal;
    const canvas = new OffscreenCanvas(3 * width, 3 * height);
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(address);
    download('course.png', await canvas.convertToBlob({ type: 'image/png' }));
  });

/** Shows the course. Only a figure that is shown has the look of the style sheet. */
async function showCourse(): Promise<void> {
  panel.value = 'course';
  await new Promise(requestAnimationFrame);
}

/** Saves what the page shows, with the course, as one file that needs nothing else: no script, no request. */
export const savePage = (): Promise<void> =>
  saving('page', async () => {
    isStill.value = true;
    try {
      await showCourse();
      download('dialogue.html', new Blob([stillPage(document)], { type: 'text/html' }));
    } finally {
      isStill.value = false;
    }
  });

/** The properties that give the figure its look. A file has no style sheet, so they are written into it. */
const LOOK = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'font-size',
  'font-weight',
  'font-family',
  'opacity',
] as const;

/** Returns a copy of a figure that looks the same without the page, on a background of its own. */
function withStyles(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copy.removeAttribute('id');
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute('width', String(2 * width));
  copy.setAttribute('height', String(2 * height));
  const [from, to] = [svg, copy].map((root) => root.querySelectorAll('*'));
  for (const [index, element] of from!.entries()) {
    const style = getComputedStyle(element);
    for (const name of LOOK) to![index]!.setAttribute(name, style.getPropertyValue(name));
    to![index]!.removeAttribute('class');
  }
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width, height })) ground.setAttribute(name, String(value));
  ground.setAttribute(
    'fill',
    getComputedStyle(document.documentElement).getPropertyValue('--surface').trim(),
  );
  copy.prepend(ground);
  return copy;
}

const downloadJson = (name: string, json: unknown): void =>
  download(name, new Blob([`${JSON.stringify(json, null, 2)}\n`], { type: 'application/json' }));

function download(name: string, file: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
