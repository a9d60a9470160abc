/**
 * Compiles the sources into `dist-fuzz` with a counter in every branch. A fuzzer reads from the counters which branches
 * an input took. They are bytes of one array, `globalThis.holdfastBranches`, which must be there before a module is loaded.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst, transformWithOxc } from 'vite';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Where the compiled modules are, and what the fuzzer needs to know about them. */
export const COMPILED = join(root, 'dist-fuzz');
const SUMMARY = join(COMPILED, 'summary.json');

/** No syntax is lowered: that would add branches of its own. */
const OPTIONS = { target: 'esnext', sourcemap: false };
/** Oxc takes a helper from a package for one kind of syntax all the same: tagged templates that end a script. */
const HELPER = /import (\w+) from "@oxc-project\/runtime\/helpers\/taggedTemplateLiteral";/;
const OWN_HELPER = 'const $1 = (cooked, raw = cooked) => Object.assign(cooked, { raw });';

/** The folders of sources, and where their modules go: `src` imports `kernels` as if it were beside its rooms. */
const SOURCES = [
  ['src', ''],
  ['kernels', 'kernels'],
  ['test/fixtures/gguf', 'seeds'],
];

/**
 * Compiles all sources, unless that was done since they changed.
 * @returns the number of counters, and the literals of each module: strings and numbers that inputs are compared with
 */
export async function instrument() {
  const sources = readSources();
  const digest = digestOf([
    readFileSync(fileURLToPath(import.meta.url), 'utf8'),
    ...sources.flatMap(Object.values),
  ]);
  const compiled = existsSync(SUMMARY) ? JSON.parse(readFileSync(SUMMARY, 'utf8')) : null;
  if (compiled?.digest === digest) return compiled;
  rmSync(COMPILED, { recursive: true, force: true });
  let branches = 0;
  const literals = {};
  for (const { path, to, text } of sources) {
    const { code } = await transformWithOxc(text, path, OPTIONS);
    const module = withCounters(code.replace(HELPER, OWN_HELPER), branches);
    const target = join(COMPILED, `${to.slice(0, -'.ts'.length)}.js`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, module.code);
    branches += module.branches;
    literals[to] = module.literals;
  }
  const summary = { digest, branches, literals };
  // Last: what was compiled in part has none.
  writeFileSync(SUMMARY, JSON.stringify(summary));
  return summary;
}

/** Returns each source: its path, where it goes below the folder of compiled modules, and its text. */
function readSources() {
  return SOURCES.flatMap(([folder, to]) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
      .map((name) => ({
        path: join(root, folder, name),
        to: join(to, name),
        text: readFileSync(join(root, folder, name), 'utf8'),
      })),
  );
}

function digestOf(texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length} `).update(text);
  return hash.digest('hex');
}

/** Returns the code with a counter in each branch. @param first the number of its first counter */
function withCounters(code, first) {
  const insertions = [];
  const literals = new Set();
  let branches = 0;
  const count = () => `branches_[${first + branches++}]++`;
  const insert = (at, text) => insertions.push({ at, text, order: insertions.length });
  /** Counts a statement: a block, or one that becomes a block. */
  const statement = (node) => {
    if (node === null) return;
    if (node.type === 'BlockStatement') insert(node.start + 1, `${count()};`);
    else {
      insert(node.start, `{${count()};`);
      insert(node.end, '}');
    }
  };
  const expression = (node) => {
    insert(node.start, `(${count()},`);
    insert(node.end, ')');
  };
  const BRANCHES = {
    FunctionDeclaration: ({ body }) => statement(body),
    FunctionExpression: ({ body }) => statement(body),
    ArrowFunctionExpression: ({ body }) => (body.type === 'BlockStatement' ? statement : expression)(body),
    IfStatement: ({ consequent, alternate }) => [consequent, alternate].map(statement),
    ForStatement: ({ body }) => statement(body),
    ForInStatement: ({ body }) => statement(body),
    ForOfStatement: ({ body }) => statement(body),
    WhileStatement: ({ body }) => statement(body),
    DoWhileStatement: ({ body }) => statement(body),
    CatchClause: ({ body }) => statement(body),
    SwitchCase: ({ consequent }) => consequent.length > 0 && insert(consequent[0].start, `${count()};`),
    ConditionalExpression: ({ consequent, alternate }) => [consequent, alternate].map(expression),
    LogicalExpression: ({ right }) => expression(right),
    Literal: ({ value }) => {
      if ((typeof value === 'string' && value.length > 0 && value.length < 40) || typeof value === 'number')
        literals.add(value);
    },
  };
  const walk = (node) => {
    BRANCHES[node.type]?.(node);
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? value : [value]) {
        if (typeof child?.type === 'string') walk(child);
      }
    }
  };
  walk(parseAst(code));
  // At one place, what ends inside goes before what begins: later insertions of inner nodes, in their order.
  insertions.sort((a, b) => a.at - b.at || a.order - b.order);
  let [counted, done] = ['const branches_ = globalThis.holdfastBranches;', 0];
  for (const { at, text } of insertions) {
    counted += code.slice(done, at) + text;
    done = at;
  }
  return { code: counted + code.slice(done), branches, literals: [...literals] };
}
