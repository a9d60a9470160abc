import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

type ConsoleLog = Parameters<NonNullable<Reporter['onUserConsoleLog']>>[0];

/** What a test file writes if it skips tests: `skipped: WHAT, because WHY`. */
const SAID = /^(?:tests on the GPU are )?skipped: .+/;

/** Says at the end of a run how many tests of which file were skipped, and why: a skip must not look like a pass. */
export default class SkipReport implements Reporter {
  readonly #said = new Set<string>();
  /** Whether only some tests were asked for (`-t`): the others are no news. */
  #isPart = false;

  onInit({ config }: Vitest): void {
    this.#isPart = config.testNamePattern !== undefined;
  }

  onUserConsoleLog({ content }: ConsoleLog): void {
    for (const line of content.split('\n')) if (SAID.test(line)) this.#said.add(line);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = modules.map((module) => ({
      file: relative(process.cwd(), module.moduleId),
      skipped: [...module.children.allTests('skipped')].length,
    }));
    const lines = counts
      .filter(({ skipped }) => skipped > 0)
      .map(({ file, skipped }) => `${String(skipped).padStart(5)}  ${file}`);
    if (lines.length === 0 || this.#isPart) return;
    const all = counts.reduce((sum, { skipped }) => sum + skipped, 0);
    console.log([`\n${all} tests were skipped:`, ...lines, ...this.#said].join('\n'));
  }
}
