import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Declaration, entries, ROOT, readModule } from '../support/module-names.js';

/** Every name of `holdfast`: values first, then types. These names are stable; add one with care. */
const NAMES = `
  EMBEDDED_MODEL HoldfastError POLICIES RECOMMENDED_HOLD Session applyHold generate loadDialogue loadModel locateModel
  openChat openComparison parseHubName parseSchedule presetFor pullModel readHold replayDialogue saveDialogue traceRun

  AnswerOptions AnswerStep AppliedHold Chat ChatOptions Comparison ErrorCode Executor ExecutorName GenerationOptions
  GenerationStep HoldFile LoadOptions LoadedModel Message Model Policy Receipt SamplingOptions SavedDialogue Schedule SettingsOptions Target Trace
  TraceOptions Turn
`
  .trim()
  .split(/\s+/);

/** A published name and its declaration. */
interface Published extends Declaration {
  readonly file: string;
}

const modules = new Map<string, readonly Published[]>();

/** Returns every name that a module exports, with its declaration. */
function publishedBy(file: string): readonly Published[] {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const { declared, links } = readModule(file);
  const taken = links.flatMap(({ from, name, as }): readonly Published[] => {
    if (as === null) return [];
    const theirs = publishedBy(from);
    if (as === '*') return theirs;
    const found = theirs.find((their) => their.name === name);
    if (found === undefined) throw new Error(`${file} exports ${name}, which ${from} does not declare`);
    return [{ ...found, name: as }];
  });
  const published = [...declared.map((declaration) => ({ ...declaration, file })), ...taken];
  modules.set(file, published);
  return published;
}

describe('the package', () => {
  it('publishes these names at its root, and no others', () => {
    const names = publishedBy(entries().get('holdfast')!).map(({ name }) => name);
    expect(names.toSorted()).toEqual(NAMES.toSorted());
  });

  it.each([...entries()])('documents every name of %s', (_, file) => {
    const published = publishedBy(file);
    expect(published.length).toBeGreaterThan(0);
    const silent = published.filter(({ hasDocstring }) => !hasDocstring);
    expect(silent.map(({ name, file }) => `${name} (${file})`)).toEqual([]);
  });

  it('gives a name one meaning in all its entries', () => {
    const declaredIn = new Map<string, Set<string>>();
    for (const file of entries().values()) {
      for (const { name, file: at } of publishedBy(file)) {
        declaredIn.set(name, (declaredIn.get(name) ?? new Set()).add(at));
      }
    }
    expect(declaredIn.size).toBeGreaterThan(200);
    const shared = [...declaredIn].filter(([, files]) => files.size > 1);
    expect(shared.map(([name, files]) => `${name} (${[...files].join(', ')})`)).toEqual([]);
  });

  it('is listed in docs/guide/library.md: the values of its root, and every entry', () => {
    const page = readFileSync(`${ROOT}docs/guide/library.md`, 'utf8');
    const root = publishedBy(entries().get('holdfast')!).filter(({ isType }) => !isType);
    for (const { name } of root) expect(page).toContain(`\`${name}\``);
    const listed = [...page.matchAll(/^\| `(holdfast\/\w+)` /gm)].map(([, entry]) => entry!);
    expect(['holdfast', ...listed].toSorted()).toEqual([...entries().keys()].toSorted());
  });
});
