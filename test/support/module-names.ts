import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, with a slash at the end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A name that a module declares and exports. */
export interface Declaration {
  readonly name: string;
  readonly isType: boolean;
  readonly hasDocstring: boolean;
  /** The part visible to callers: a function up to its body, anything else in full. */
  readonly signature: string;
}

/** A name that a module imports from another. */
export interface Link {
  /** The other module, relative to the root. */
  readonly from: string;
  /** The name in the other module; `*` for all its names. */
  readonly name: string;
  /** The name under which it is re-exported; null for an import. */
  readonly as: string | null;
}

/** The names that a module exports and imports, read from its source. */
export interface ModuleNames {
  readonly declared: readonly Declaration[];
  readonly links: readonly Link[];
}

/** Returns the files under a folder whose paths match, relative to the root, with `/`. */
export function filesUnder(folder: string, matching: RegExp): string[] {
  return readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .filter((file) => matching.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
    .sort();
}

/** Reads a module. @param file relative to the root */
export function readModule(file: string): ModuleNames {
  const source = readFileSync(ROOT + file, 'utf8');
  return { declared: declarationsIn(source), links: linksIn(source, file) };
}

const DECLARATION =
  /^export (?:declare )?(?:async )?(?:abstract )?(function\*?|const|let|class|interface|type|enum) (\w+)/gm;

/** Returns the exported declarations of a source. Each ends at the next line that begins with a word or a comment. */
export function declarationsIn(source: string): Declaration[] {
  return [...source.matchAll(DECLARATION)].map(({ 0: start, 1: kind, 2: name, index }) => {
    const rest = source.slice(index + start.length);
    const end = rest.search(/\n(?:[a-z/@]|$)/);
    const whole = end === -1 ? rest : rest.slice(0, end);
    return {
      name: name!,
      isType: kind === 'interface' || kind === 'type',
      hasDocstring: /\*\/\s*$/.test(source.slice(0, index)),
      signature: kind!.startsWith('function') ? headOf(whole) : whole,
    };
  });
}

/** Returns a function's signature: its lines up to the one that opens its body. */
function headOf(text: string): string {
  const lines = text.split('\n');
  const opening = lines.findIndex((line, index) => (index === 0 ? /\).* \{$/ : /^[)}].* \{$/).test(line));
  return lines.slice(0, opening + 1).join('\n');
}

const STATEMENT = /^(import|export)\s(?:type\s)?(?:(\*)|\{([^}]*)\})(?: as \w+)?\sfrom\s'([^']+)'/gm;
const DYNAMIC = /(?:\{([^{}]*)\} = await |\(await )import\('([^']+)'\)(?:\)\.(\w+))?/g;

/** A module that a thread loads by URL. */
const BY_ADDRESS = /new URL\('(\.[^']+\.js)', import\.meta\.url\)/g;

/** Re-exports of names that the source imports elsewhere: `export type { Family };`. */
const PASSED_ON = /^export (?:type )?\{([^}]*)\};/gm;

/** Returns the names that a source imports from other modules of the repository. */
export function linksIn(source: string, file: string): Link[] {
  const stated = [...source.matchAll(STATEMENT)].flatMap(([, verb, star, names, specifier]) =>
    linksTo(resolve(file, specifier!), star ?? names!, verb === 'export'),
  );
  const dynamic = [...source.matchAll(DYNAMIC)].flatMap(([, names, specifier, member]) =>
    linksTo(resolve(file, specifier!), names ?? member ?? '*', false),
  );
  const byAddress = [...source.matchAll(BY_ADDRESS)].flatMap(([, specifier]) =>
    linksTo(resolve(file, specifier!), '*', false),
  );
  const passedOn = [...source.matchAll(PASSED_ON)].flatMap(([, names]) =>
    linksTo(file, names!, true).flatMap(({ name, as }) =>
      stated.filter((link) => link.name === name && link.as === null).map((link) => ({ ...link, as })),
    ),
  );
  return [...stated, ...dynamic, ...byAddress, ...passedOn];
}

function linksTo(from: string | null, names: string, exported: boolean): Link[] {
  if (from === null) return [];
  return names
    .split(',')
    .map((part) => part.trim().replace(/^type\s/, ''))
    .filter((part) => part !== '')
    .map((part) => {
      const [name, as] = part.split(/ as |: /);
      return { from, name: name!, as: exported ? (as ?? name!) : null };
    });
}

/** Resolves a specifier to a source; null outside the repository. A built file resolves to its source. */
function resolve(file: string, specifier: string): string | null {
  const published = /^holdfast(?:\/|$)/.test(specifier) ? entries().get(specifier) : undefined;
  if (published !== undefined) return published;
  if (!specifier.startsWith('.')) return null;
  const path = posix.join(posix.dirname(file), specifier);
  const source = path.replace(/\.js$/, '.ts').replace(/^dist\//, 'src/');
  const kernel = source.replace(/^(?:src\/)?(?=kernels\/)/, '');
  return [source, kernel, path].find((candidate) => existsSync(ROOT + candidate)) ?? null;
}

/** Returns the modules that the package publishes, by the specifier that users write. */
export function entries(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>;
  };
  return new Map(
    Object.entries(exports).flatMap(([subpath, target]) =>
      typeof target === 'string'
        ? []
        : [[`holdfast${subpath.slice(1)}`, target.default.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')]],
    ),
  );
}
