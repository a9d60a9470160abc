import type { BrowserData, BrowserDialogue } from './browser-data.js';

/**
 * The page's script: reads the data embedded in the page and shows one dialogue under two arms. It is serialised on its
 * own, so it must not use anything outside this function. It inserts texts as text, never as markup.
 */
function showDialogues(): void {
  const root = document.getElementById('dialogues');
  const holder = document.getElementById('dialogue-data');
  if (root === null || holder === null) return;
  const data: BrowserData = JSON.parse(holder.textContent ?? '');

  function element(name: string, className: string, ...content: (string | Node)[]): HTMLElement {
    const made = document.createElement(name);
    if (className !== '') made.className = className;
    made.append(...content);
    return made;
  }
  function choice(label: string, id: string): HTMLSelectElement {
    const select = document.createElement('select');
    select.id = id;
    const caption = document.createElement('label');
    caption.append(label, select);
    controls.append(caption);
    return select;
  }
  function button(label: string, step: number): HTMLButtonElement {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = label;
    made.addEventListener('click', () => {
      dialogues.selectedIndex += step;
      show();
    });
    controls.append(made);
    return made;
  }
  function fill(select: HTMLSelectElement, names: readonly string[], selected: number): void {
    select.replaceChildren(...names.map((name, at) => new Option(name, String(at))));
    select.selectedIndex = Math.min(selected, names.length - 1);
  }

  const controls = element('div', 'controls');
  const slices = choice('Model and source ', 'slice');
  const dialogues = choice('Dialogue ', 'dialogue');
  const previous = button('← Previous', -1);
  const next = button('Next →', 1);
  const left = choice('Left ', 'left');
  const right = choice('Right ', 'right');
  const shown = element('div', '');
  shown.setAttribute('aria-live', 'polite');
  shown.tabIndex = -1;

  const slice = () => data.slices[slices.selectedIndex]!;
  function number(value: number | null, digits: number): string {
    return value === null ? '–' : value.toFixed(digits);
  }
  function mean(values: readonly number[]): string {
    return values.length === 0
      ? '–'
      : number(values.reduce((sum, value) => sum + value, 0) / values.length, 2);
  }

  type Round = NonNullable<BrowserDialogue['runs'][number]>[number];
  function summary(name: string, rounds: readonly Round[]): HTMLElement {
    const within = ([first, last]: readonly [number, number]) =>
      rounds
        .filter(({ round }) => round >= first && round <= last)
        .flatMap(({ probes }) => probes.map(({ score }) => score));
    const words =
      `: stability ${mean(within(data.early))} in rounds ${data.early.join('–')}, ` +
      `${mean(within(data.late))} in rounds ${data.late.join('–')}`;
    return element('p', '', element('b', '', name), words);
  }
  function side(name: string, place: string, round: Round | undefined): HTMLElement {
    if (round === undefined)
      return element('article', `side ${place}`, element('p', 'soft', `${name}: no such round`));
    const { share, strength, contextTokens, obedience, ability, fluency, finished, probes } = round;
    const moved = share.after === share.before ? '' : ` → ${number(share.after, 3)}`;
    const acts = strength === null ? '' : `, strength ${number(strength, 3)}`;
    const facts = `prompt ${number(share.before, 3)}${moved}${acts}, ${contextTokens} tokens`;
    const marks = `obedience ${number(obedience, 2)}, ability ${number(ability, 2)}, fluency ${number(fluency, 2)}`;
    const list = element('ul', '');
    for (const { label, question, answer, score } of probes) {
      const mark = score >= 1 ? '✓' : score <= 0 ? '✗' : '◐';
      list.append(
        element(
          'li',
          score >= 1 ? 'kept' : 'gone',
          element('span', 'score', `${mark} ${number(score, 2)} ${label}`),
          element('p', 'asked', 'asked: ', element('q', '', question)),
          element('p', 'asked', 'answered: ', element('q', '', answer)),
        ),
      );
    }
    return element(
      'article',
      `side ${place}`,
      element('header', '', element('b', '', name), element('span', '', facts)),
      element('p', 'answer', round.answer, ...(finished ? [] : [element('span', 'soft', ' (cut off)')])),
      element('p', 'facts', marks),
      ...(probes.length === 0 ? [] : [list]),
    );
  }
  function show(): void {
    const { arms, dialogues: all } = slice();
    const dialogue = all[dialogues.selectedIndex];
    previous.disabled = dialogues.selectedIndex <= 0;
    next.disabled = dialogues.selectedIndex >= all.length - 1;
    if (dialogue === undefined) return;
    const names = [arms[left.selectedIndex]!, arms[right.selectedIndex]!];
    const runs = [left, right].map((select) => dialogue.runs[select.selectedIndex] ?? []);
    const rounds = [...new Set(runs.flat().map(({ round }) => round))].sort((a, b) => a - b);
    const about = `Scenario ${dialogue.index} (${dialogue.scenario}), group ${dialogue.group}, seed ${dialogue.seed}`;
    shown.replaceChildren(
      element('p', 'soft', about),
      element('p', 'prompt', dialogue.system),
      ...names.map((name, at) => summary(name, runs[at]!)),
      ...rounds.map((round) => {
        const both = runs.map((run) => run.find((own) => own.round === round));
        const users = both.map((own) => own?.user);
        const same = users[0] === users[1] || users[0] === undefined || users[1] === undefined;
        const said = same
          ? [element('p', 'user', users[0] ?? users[1] ?? '')]
          : users.map((text, at) => element('p', 'user', element('b', '', `to ${names[at]}: `), text ?? ''));
        return element(
          'section',
          'round',
          element('h3', '', `Round ${round}`),
          ...said,
          element('div', 'sides', ...both.map((own, at) => side(names[at]!, at === 0 ? 'off' : 'held', own))),
        );
      }),
    );
  }
  function choose(): void {
    const { arms, dialogues: all } = slice();
    fill(
      dialogues,
      all.map(({ index, seed, group }) => `${index} · ${group} · seed ${seed}`),
      0,
    );
    fill(left, arms, 0);
    fill(right, arms, 1);
    show();
  }

  fill(
    slices,
    data.slices.map(({ name }) => name),
    0,
  );
  slices.addEventListener('change', choose);
  for (const select of [dialogues, left, right]) select.addEventListener('change', show);
  root.replaceChildren(controls, shown);
  choose();
}

/** The script as it is embedded in the page. */
export const BROWSER_SCRIPT = `(${showDialogues.toString()})();`;
