import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../test/support/template-steps.js';
import type { Expression } from './ast.js';
import { FILTERS } from './filters.js';
import { fn } from './frame.js';
import { parseJinja, Str, type Value } from './index.js';

/** The most bytes that a step may keep. The limit of steps bounds memory only if no kind of step keeps more. */
const MOST_A_STEP = 40;
/** Steps of a measurement: enough that other changes of the heap count little. */
const ENOUGH_STEPS = 25_000;
const MOST_ROUNDS = 300;

const NOW = { year: 2024, month: 7, day: 5, hour: 7, minute: 8, second: 9, offset: 0 };
const VALUES =
  "{% set parts = ([s, 'x y'] * 20) | join %}{% set pairs = '\u{1f600}x' * 40 %}{% set l = [3, 1, 2] %}{% set t = (1, 2) %}" +
  "{% set d = {'a': 1, 'b': 2} %}{% set int = 2 ** 13990 %}{% set far = range(int, int + 9) %}{% set f = 1.5e300 %}" +
  "{% set rows = [{'a': 1, 'b': s}, {'a': 2, 'b': s}] %}{% set cycle = cycler(1, 2) %}{% set ns = namespace(a=1) %}" +
  '{% macro m(x=1) %}{{ x }}{% endmacro %}';

const listed = (expressions: string): string[] => expressions.trim().split(/;\s+/);

const METHODS = listed(`
  capitalize(); lower(); swapcase(); title(); upper(); strip(); lstrip('a'); rstrip('d'); split();
  split('a', 2); rsplit(' '); splitlines(); partition(' '); rpartition(' '); replace('a', 'zz');
  join(['x', 'y']); removeprefix('a'); removesuffix('y'); startswith('a'); endswith('d'); count('a');
  find('x'); rfind('x'); index('x'); rindex('x'); center(900); ljust(900); rjust(900); zfill(900);
  expandtabs(); isalnum(); format()
`);

/** Some expressions of each kind. */
const EXPRESSIONS: { readonly [kind in Expression['type']]: readonly string[] } = {
  constant: listed(`1; 'text'; 1.5; none`),
  name: listed(`s; missing`),
  tuple: listed(`(); (1,); (1, 2, 3)`),
  list: listed(`[]; [1]; [1, 2, 3]; [[]]`),
  dict: listed(
    `{}; {1: 2}; {'a': 1, 'b': 2, 'c': 3}; {(1, (2, 3)): 1}; {1.5: 1}; {f: 1}; {int: 1}; {parts: 1}`,
  ),
  concat: listed(`s ~ s; n ~ n; s ~ int; parts ~ parts; pairs ~ pairs; l ~ d`),
  attribute: listed(`
    s.upper; s.nothing; n.nothing; l.copy; l.append; d.items; d.a; d.nothing; d.pop; rows[0].b; cycle.next;
    cycle.pos; m.name; m.arguments; ns.a; ns.nothing; loop.index; loop.cycle; loop.changed; loop.previtem;
    loop.nextitem; loop.length
  `),
  item: listed(`
    s[0]; s[9]; pairs[3]; pairs[:20]; pairs[1:]; parts[::-1]; parts[1:]; l[0]; l[9]; l[:0]; l[1:]; l[::-1];
    t[1:]; d['nothing']; range(9)[1]; range(9)[1:]; far[1]; far[1:]
  `),
  call: [
    ...METHODS.map((call) => `parts.${call}`),
    ...listed(`
      pairs.upper(); pairs.split('x'); pairs.replace('x', ''); pairs.center(900); pairs.format(); range(9);
      range(int, int + 1); dict(); dict(a=1); dict(d); dict(**d); namespace(a=1, b=2); namespace();
      cycler(1, 2, 3); joiner(); joiner(',')(); strftime_now('%Y-%m-%d %A'); cycle.next(); d.keys();
      d.values(); d.items(); d.get('a'); d.copy(); l.copy(); l.count(1); l.index(1); '{} {}'.format(1, s);
      '{a:>40}'.format(a=s); '{:,}'.format(int); '{a}'.format_map(d); m(); m(x=parts); loop.cycle(1, 2);
      loop.changed(1); s.upper(*[])
    `),
  ],
  filter: listed(`
    -int | abs; s | attr('upper'); l | batch(2); l | batch(2, 'x') | list; parts | capitalize;
    s | center(900); l | count; missing | d('x'); missing | default('x'); d | dictsort; '<' | e;
    '<' | escape; '1.5' | float; parts | first; '<' | forceescape; '%s' | format(s); rows | groupby('a');
    parts | indent; f | int; ('f' * 900) | int(0, 16); d | items | list; d | items; rows | join(', ', 'b');
    parts | last; d | length; parts | list; parts | lower; l | map('string');
    rows | map(attribute='b') | list; l | max; l | min; l | reject('odd'); rows | rejectattr('a');
    parts | replace('a', 'zz'); parts | reverse; l | reverse; f | round; int | round(-5); s | safe;
    l | select('odd') | list; rows | selectattr('a'); l | slice(2); l | slice(2, 'x') | list; parts | sort;
    rows | string; far | string; l | sum; parts | title; rows | tojson; rows | tojson(indent=2);
    parts | trim; parts | truncate(99); l | unique; l | unique | list; parts | upper; parts | urlencode;
    parts | wordcount
  `),
  test: listed(`n is odd; s is defined`),
  unary: listed(`-n; -int; +int; -f; not n`),
  binary: listed(`
    n + 1; int + 1; int - 1; int * 2; int // 3; int % 7; int % (int - 1); 2 ** 64; n / 2; f * 2; f // 3;
    f % 7; s + s; pairs * 3; parts * 3; l + l; l * 3; t + t; t * 3; '%s %r' % (s, l); '%d' % f;
    '%.50f' % f; '%x' % int; s and n; s or n
  `),
  compare: listed(`n < 1; l == l; 'a' in s`),
  conditional: listed(`1 if n else 2; 1 if not n`),
};

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Keeps values of an expression. */
const keeping = (expression: string, rounds: number, name = 'kept'): string => {
  const values = Array(20).fill(expression).join(', ');
  const keep = `{% set ${name}.x = (${name}.x, ${values}) %}`;
  return `{% set ${name} = namespace(x=0) %}{% for i in range(${rounds}) %}${keep}{% endfor %}{% set x = measure() %}`;
};

function render(source: string, measure = (): void => {}): void {
  const measured = fn('measure', (): Value => {
    measure();
    return null;
  });
  const message = new Str('a message', [{ start: 0, end: 9, message: 0 }]);
  parseJinja(VALUES + source).render(
    [
      ['s', message],
      ['n', 5n],
      ['measure', measured],
    ],
    NOW,
  );
}

/** Returns the bytes that values of each expression keep, for each step that they take. */
function bytesAStep(expressions: readonly string[]): number[] {
  const loops = expressions.map((expression, i) => {
    const stepsOfRounds = (rounds: number): number =>
      stepsOf(() => render(keeping(expression, rounds))) - stepsOf(() => render(keeping(expression, 0)));
    const rounds = Math.min(MOST_ROUNDS, Math.ceil((4 * ENOUGH_STEPS) / stepsOfRounds(4)));
    return { source: keeping(expression, rounds, `kept${i}`), steps: stepsOfRounds(rounds) };
  });
  const used: number[] = [];
  // In one template, because measuring takes longer than all else.
  const sources = loops.map(({ source }) => source);
  render(`{% set x = measure() %}${sources.join('')}`, () => {
    collectGarbage();
    used.push(getHeapStatistics().used_heap_size);
  });
  return loops.map(({ steps }, i) => (used[i + 1]! - used[i]!) / steps);
}

/** Returns the expressions that keep much for each step. */
function large(expressions: readonly string[]): string[] {
  const bytes = bytesAStep(expressions);
  return expressions.filter((_, i) => bytes[i]! > MOST_A_STEP);
}

describe('a step keeps little memory: expressions of the kind', () => {
  // The first time, code may be compiled meanwhile, which is kept too.
  it.each(Object.entries(EXPRESSIONS))('%s', (_, expressions) => {
    expect(large(large(expressions))).toEqual([]);
  });

  it('filter: all of them', () => {
    const untried = [...FILTERS.keys()].filter(
      (name) => !EXPRESSIONS.filter.some((expression) => new RegExp(`\\| ${name}\\b`).test(expression)),
    );
    for (const name of untried) expect(() => render(`{{ 1 | ${name} }}`)).toThrow(/is not supported/);
  });
});
