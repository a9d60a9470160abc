import { describe, expect, it } from 'vitest';
import {
  declarationsIn,
  entries,
  filesUnder,
  linksIn,
  type ModuleNames,
  readModule,
} from './support/module-names.js';

const SOURCES = [...filesUnder('src', /\.ts$/), ...filesUnder('kernels', /\.ts$/)];

/** All files that may import a name. */
const MODULES = readAll([
  ...SOURCES,
  ...filesUnder('test', /\.(ts|mjs|js)$/),
  ...filesUnder('scripts', /\.mjs$/),
  ...filesUnder('models', /\.mjs$/),
  ...filesUnder('bench/src', /\.mjs$/),
  ...filesUnder('examples', /\.js$/),
  ...filesUnder('studio', /\.tsx?$/),
]);

function readAll(files: readonly string[]): ReadonlyMap<string, ModuleNames> {
  return new Map(files.map((file) => [file, readModule(file)]));
}

/** Returns the names that a module imports or the package publishes, each as `file name`. */
function namesInUse(): ReadonlySet<string> {
  const used = new Set<string>();
  const use = (file: string, name: string): void => {
    const key = `${file} ${name}`;
    if (used.has(key)) return;
    used.add(key);
    const { declared = [], links = [] } = MODULES.get(file) ?? {};
    if (name === '*') for (const { name } of declared) use(file, name);
    for (const { from, name: inner, as } of links) {
      if (as === '*') use(from, name);
      else if (as === name) use(from, inner);
      else if (as !== null && name === '*') use(file, as);
    }
  };
  for (const { links } of MODULES.values()) {
    for (const { from, name, as } of links) if (as === null) use(from, name);
  }
  for (const file of entries().values()) use(file, '*');
  return used;
}

/** Returns the exported names of a module that are not used. A type that occurs in an exported signature is used. */
function unused(file: string, { declared, links }: ModuleNames, used: ReadonlySet<string>): string[] {
  const signed = (name: string): boolean =>
    declared.some((other) => other.name !== name && new RegExp(`\\b${name}\\b`).test(other.signature));
  return [
    ...declared.filter(({ name, isType }) => !(isType && signed(name))).map(({ name }) => name),
    ...links.flatMap(({ as }) => (as === null || as === '*' ? [] : [as])),
  ].filter((name) => !used.has(`${file} ${name}`));
}

describe('an exported name', () => {
  const used = namesInUse();
  const found = SOURCES.filter((file) => !file.endsWith('.test.ts')).flatMap((file) =>
    unused(file, MODULES.get(file)!, used).map((name) => `${file} ${name}`),
  );

  it('is imported by another file, published, or a type in an exported signature', () => {
    expect(used.size).toBeGreaterThan(1000);
    expect(found).toEqual([]);
  });
});

describe('reading a module', () => {
  const source = [
    '/** A shape. */',
    'export interface Shape {',
    '  readonly side: Side;',
    '}',
    'export type Side = number;',
    '',
    '/** Its area. */',
    'export async function areaOf(',
    '  shape: Shape,',
    '): Promise<number> {',
    '  const squared: Hidden = shape.side ** 2;',
    '  return squared;',
    '}',
    'const inside = 1;',
  ].join('\n');

  it('finds exported declarations, their docstrings, and signatures without bodies', () => {
    const found = declarationsIn(source);
    expect(found.map(({ name, isType, hasDocstring }) => [name, isType, hasDocstring])).toEqual([
      ['Shape', true, true],
      ['Side', true, false],
      ['areaOf', false, true],
    ]);
    expect(found[2]!.signature).toContain('Promise<number>');
    expect(found[2]!.signature).not.toContain('Hidden');
  });

  it('finds every way to import a name from another module', () => {
    const text = [
      "import { HoldfastError, type ErrorCode as Code } from './errors.js';",
      "import type {\n  Model,\n} from './engine/index.js';",
      "export { loadModel as load } from './load.js';",
      "export * from './text/index.js';",
      "const { openDawn } = await import('./dawn.js');",
      "const found = (await import('./executors/onnx/index.js')).examineOnnx();",
      "import { linear } from '../kernels/linear.js';",
      "import { readFileSync } from 'node:fs';",
      'export type { Model };',
      "export const CELLS = new URL('./study/run/cells.js', import.meta.url);",
    ].join('\n');
    const told = linksIn(text, 'src/index.ts').map(({ from, name, as }) => `${from} ${name} ${as}`);
    expect(told.sort()).toEqual([
      'kernels/linear.ts linear null',
      'src/dawn.ts openDawn null',
      'src/engine/index.ts Model Model',
      'src/engine/index.ts Model null',
      'src/errors.ts ErrorCode null',
      'src/errors.ts HoldfastError null',
      'src/executors/onnx/index.ts examineOnnx null',
      'src/load.ts loadModel load',
      'src/study/run/cells.ts * null',
      'src/text/index.ts * *',
    ]);
  });
});
