import { describe, expect, it } from 'vitest';
import { stepsOf as stepsOfRendering } from '../../test/support/template-steps.js';
import { parseJinja, Str, TemplateError, valueOfJson } from './index.js';

/** Templates that come with models are programs of strangers: they must not hang, fill the memory, or leave their language. */

const NOW = { year: 2024, month: 7, day: 5, hour: 7, minute: 8, second: 9, offset: 0 };
const NAMES = [
  ['s', new Str('text')],
  ['n', 5n],
  ['c', new Str('b', [{ start: 0, end: 1, message: 0 }])],
  ['messages', valueOfJson([{ role: 'user', content: 'hi' }])],
] as const;

function outcome(source: string): string {
  try {
    return parseJinja(source).render(NAMES, NOW).text;
  } catch (error) {
    if (error instanceof TemplateError) return `${error.kind}: ${error.message}`;
    throw error;
  }
}

/** Runs a statement in 10^7 rounds. */
const often = (statement: string): string =>
  `{% set ns = namespace(x=1) %}{% for i in range(10 ** 5) %}{% for j in range(100) %}${statement}{% endfor %}{% endfor %}`;
/** Builds a value of exponential size. */
const doubled = (expression: string): string =>
  `{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ${expression} %}{% endfor %}`;

const stepsOf = (source: string): number => stepsOfRendering(() => parseJinja(source).render(NAMES, NOW));

const times = (count: number, text: string): string => Array(count).fill(text).join('');
const VALUES =
  "{% set a = 'a' * 2 ** 16 %}{% set b = 'a' * 2 ** 16 %}{% set blank = ' a' * 2 ** 15 %}" +
  `{% macro wide(${Array.from({ length: 99 }, (_, i) => `p${i}=1`).join()}) %}{% endmacro %}` +
  '{% set l = [1] * 10 ** 4 %}{% set t = (1,) * 10 ** 4 %}{% set int = 2 ** 13990 %}{% set ns = namespace(x=1) %}' +
  "{% set d = dict(range(2000) | batch(2) | list) %}{% set named = {'k': 1} %}{% set many = (['a', c] * 10 ** 4) | join %}";
const CHARACTERS = 2 ** 16 / 16;

// Without its count, each of these would let a template run for minutes or hours below the limit.
describe('the steps of a template count', () => {
  it.each<readonly [string, string, number]>([
    ['the terms of an expression', `{{ ${times(99, '1 + ')}1 }}`, 99],
    ['the items of a list', `{% set x = [${times(99, '1, ')}] %}`, 99],
    ['statements', times(99, '{% set x = 1 %}'), 99],
    ['branches', `{% if false %}${times(98, '{% elif false %}')}{% endif %}`, 99],
    [
      'the variables of a scope',
      `{% for i in l[:1] %}{% if false %}${Array.from({ length: 99 }, (_, i) => `{% set v${i} = 1 %}`).join('')}{% endif %}{% endfor %}`,
      99,
    ],
    ['parameters of a macro', '{% set x = wide() %}', 99],
    ['parts of an attribute', `{% set x = ['a'] | map(attribute='0${'.0'.repeat(99)}') | list %}`, 99],
    ['text', 'x'.repeat(1600), 100],
    ['sums of long ints', '{% set x = int + 1 %}', 256],
    ['differences of long ints', '{% set x = int - 1 %}', 256],
    ['products of long ints', '{% set x = int * 3 %}', 256],
    ['powers that are long ints', '{% set x = 2 ** 13990 %}', 256],
    ['negated long ints', '{% set x = -int %}', 256],
    ['ranges of long ints', '{% set x = range(int, int) %}', 2 * 256],
    ['long ints of a range', '{% for x in range(int, int + 9) %}{% endfor %}', 9 * 256],
    ['printed ranges', '{% set x = range(int, int) | string %}', 4 * 256],
    ['repeated strings', "{% set x = 'a' * 2 ** 16 %}", CHARACTERS],
    ['strings that are indexed', '{% set x = (a ~ s)[0] %}', CHARACTERS],
    ['strings of pairs that are indexed', "{% set x = ('\u{1f600}' * 2 ** 15)[0] %}", 2 ** 14],
    ['empty dicts', `{% set x = [${times(99, '{}, ')}] %}`, 4 * 99],
    ['generators', `{% set x = [${times(99, 'l | select, ')}] %}`, 36 * 99],
    ['missing attributes', `{% set x = [${times(99, 's.x, ')}] %}`, 4 * 99],
    ['tuples in tuples as keys', `{% set x = d[${'('.repeat(99)}1${',)'.repeat(99)}] %}`, 4 * 99],
    ['printed values', '{% set x = l[:1000] | string %}', 8 * 1000],
    ['printed long ints', '{% set x = int | string %}', 256],
    ['formatted long ints', "{% set x = '{:,}'.format(int) %}", 256],
    ['long ints as keys', '{% set x = d[int] %}', 256],
    ['long ints that are read', "{% set x = ('f' * 4000) | int(0, 16) %}", 4000],
    ['floats with many digits', "{% set x = '%.900f' % 0.1 %}", 64],
    ['equal strings', '{% set x = a == b %}', CHARACTERS],
    ['ordered strings', '{% set x = a < b %}', CHARACTERS],
    ['strings as keys', '{% set x = d[a] %}', CHARACTERS],
    ['searched strings', "{% set x = 'b' in a %}", CHARACTERS],
    ['searches for long strings', "{% set x = 'bbbbbbbb' in a %}", 8 * CHARACTERS],
    ['searches by name', "{% set x = a.find('bbbbbbbb') %}", 8 * CHARACTERS],
    ['strings that are counted', "{% set x = a.count('bbbbbbbb') %}", 8 * CHARACTERS],
    ['strings that are split', "{% set x = a.split('bbbbbbbb') %}", 8 * CHARACTERS],
    ['strings that are parted', "{% set x = a.partition('bbbbbbbb') %}", 8 * CHARACTERS],
    ['strings that are replaced', "{% set x = a | replace('bbbbbbbb', '') %}", 8 * CHARACTERS],
    ['tuples as keys', '{% set x = d[t] %}', 10 ** 4],
    ['copied dicts', '{% set x = d.copy() %}', 1000],
    ['dicts made of dicts', '{% set x = dict(d) %}', 1000],
    ['places in a list', '{% set x = l.index(1, 9999) %}', 1],
    ...['lower', 'upper', 'trim', 'title', 'capitalize', 'wordcount', 'int', 'float'].map(
      (filter) => [`the filter ${filter}`, `{% set x = a | ${filter} %}`, CHARACTERS] as const,
    ),
    ['arguments of methods', '{% set x = s.strip(a) %}', CHARACTERS],
    ['arguments of filters', '{% set x = s | trim(a) %}', CHARACTERS],
    ['tested strings', '{% set x = a is lower %}', 2 ** 16],
    ['characters that are listed', '{% set x = a | list %}', 4 * 2 ** 16],
    ['lists of slices', '{% set x = l | slice(9000) | list %}', 4 * 9000],
    ['lists of batches', '{% set x = l | batch(1) | list %}', 4 * 10 ** 4],
    ['words', '{% set x = blank.split() %}', 4 * 2 ** 15],
    ['words that are counted', '{% set x = blank | wordcount %}', 2 ** 15],
    ['parts', "{% set x = blank.split(' ') %}", 4 * 2 ** 15],
    ['lines', "{% set x = ('a\\n' * 2 ** 15).splitlines() %}", 4 * 2 ** 15],
    ['titles', '{% set x = a.title() %}', 2 ** 16],
  ])('%s', (_, operation, steps) => {
    const [few, many] = [1, 3].map((count) => stepsOf(VALUES + times(count, operation)));
    expect(many! - few!).toBeGreaterThanOrEqual(2 * steps - 100);
  });

  it('are about as many for a text of many messages as for one of its own', () => {
    const upper = '{% set x = many.upper() %}';
    expect(stepsOf(VALUES + times(5, upper)) - stepsOf(VALUES + upper)).toBeLessThan(10 ** 6);
  });
});

it('compiling a template counts the names that the branches of its "if"s know', () => {
  const branches = Array.from({ length: 2000 }, (_, i) => `{% if n %}{% set v${i} = 1 %}{% endif %}`).join(
    '',
  );
  expect(outcome(branches)).toMatch(/^limit: it takes more than/);
});

it('a key of tuples in each other is about as long as they are many', () => {
  const nested = (depth: number): string =>
    `{% set ns = namespace(x=1) %}{% for i in range(${depth}) %}{% set ns.x = (ns.x,) %}{% endfor %}{% set x = {ns.x: 1}[ns.x] %}`;
  expect(stepsOf(nested(190))).toBeLessThan(4 * stepsOf(nested(95)));
});

it('a slice of a text counts the parts of messages that it has', () => {
  const [few, many] = [1, 3].map((count) => stepsOf(`${VALUES}${times(count, '{% set x = many[1:] %}')}`));
  expect(many! - few!).toBeGreaterThanOrEqual(2 * 10 ** 4);
});

describe('a template is stopped that', () => {
  it.each([
    ['has a loop of 10^9 rounds', `{% for i in range(10 ** 5) %}${often('')}{% endfor %}`],
    ['prints long sums in a loop', often(`{{ ${times(99, '1 + ')}1 }}`)],
    [
      'seeks a long string in a long string',
      "{{ ('a' * 2 ** 20).find('a' * 2 ** 18 + 'b' + 'a' * 2 ** 18) }}",
    ],
    ['repeats a list', '{{ [1] * 10 ** 12 }}'],
    ['fills a batch', '{{ [1] | batch(10 ** 9, 0) | list }}'],
    ['makes many slices', '{{ [1] | slice(10 ** 9) | list }}'],
    ['doubles a list', doubled('ns.x + ns.x')],
    ['prints a list that doubles', `${doubled('[ns.x, ns.x]')}{{ ns.x }}`],
    [
      'compares lists that double',
      `${doubled('[ns.x, ns.x]')}{% set a = ns.x %}${doubled('[ns.x, ns.x]')}{{ a == ns.x }}`,
    ],
    [
      'has a macro that calls itself twice',
      '{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(99) }}',
    ],
    ['lists the characters of a long string', "{{ ('a' * 10 ** 7 + 'b') | list }}"],
    ['writes the year often', "{{ strftime_now('%Y' * 6 * 10 ** 6) }}"],
    [
      'strips a long string often',
      "{% for i in range(999) %}{{ ('a' * 10 ** 7).strip().startswith('b') }}{% endfor %}",
    ],
    // 0 · ∞ is not a number, and no number of steps is more than that.
    ['repeats nothing 10^400 times', `{% set x = [] * 10 ** 400 %}${often('')}`],
  ])('%s', (_, source) => {
    expect(outcome(source)).toMatch(/^limit: it takes more than \d+ steps$/);
  });

  it.each([
    ['doubles', 'ns.x + ns.x'],
    ['subtracts a multiple from', 'ns.x - 10 ** 9 * ns.x'],
    ['squares', 'ns.x * ns.x'],
  ])('%s an int', (_, expression) => {
    const source = `{% set ns = namespace(x=2 ** 9999) %}{% for i in range(10 ** 5) %}{% set ns.x = ${expression} %}{% endfor %}`;
    expect(outcome(source)).toMatch(/^unsupported: an integer of more than 14000 bits/);
  });

  it('has a range whose steps grow', () => {
    const source =
      '{% set ns = namespace(x=range(9)) %}{% for i in range(99) %}{% set ns.x = ns.x[::10 ** 300] %}{% endfor %}';
    expect(outcome(source)).toMatch(/^unsupported: an integer of more than 14000 bits/);
  });

  it.each([
    ['writes text without end', often('x'.repeat(1000))],
    ['writes a string without end', `{% set x = 'a' * 2 ** 20 %}${often('{{ x }}')}`],
    [
      'doubles a string',
      "{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ],
    [
      'escapes what escapes made longer',
      "{% set ns = namespace(x='<') %}{% for i in range(99) %}{% set ns.x = ns.x | e | replace('&', '&&') | forceescape %}{% endfor %}",
    ],
    ['repeats a string', "{{ 'a' * 10 ** 12 }}"],
    ['centres a string', "{{ 'a' | center(10 ** 12) }}"],
    ['pads a string', "{{ '%1000000000000s' % 'a' }}{{ '{:>1000000000000}'.format(1) }}"],
    ['fills with zeros', "{{ '1'.zfill(10 ** 12) }}"],
    ['indents', "{{ 'a\nb' | indent(10 ** 12) }}{{ [1] | tojson(indent=10 ** 12) }}"],
    ['joins', "{{ (['a' * 2 ** 20] * 99) | join }}"],
    [
      'calls itself in a set block',
      "{% macro f(x) %}{% set y %}{{ x }}{{ x }}{% endset %}{{ f(y) }}{% endmacro %}{{ f('aaaa') }}",
    ],
  ])('%s', (_, source) => {
    expect(outcome(source)).toMatch(/^limit: it (builds a string of \d+ characters|takes more than)/);
  });

  it.each([10 ** 9, 10 ** 12])('has a range of %d', (size) => {
    expect(outcome(`{% for i in range(${size}) %}{% endfor %}`)).toMatch(
      /^python: a range has at most 100000 items/,
    );
  });

  const deep = (open: string, close = '', inner = '1'): string =>
    `{{ ${open.repeat(10_000)}${inner}${close.repeat(10_000)} }}`;
  const nested = (build: string): string =>
    `{% set ns = namespace(x=1) %}{% for i in range(10 ** 4) %}{% set ns.x = ${build} %}{% endfor %}`;
  it.each([
    ['brackets', deep('(', ')')],
    ['lists', deep('[', ']')],
    ['dicts', deep('{1:', '}')],
    ['signs', deep('- ')],
    ['not', deep('not ')],
    ['sums', `{{ 1${' + 1'.repeat(10_000)} }}`],
    ['attributes', `{{ s${'.a'.repeat(10_000)} }}`],
    ['items', `{{ s${'[0]'.repeat(10_000)} }}`],
    ['calls', `{{ s${'()'.repeat(10_000)} }}`],
    ['filters', `{{ s${'|trim'.repeat(10_000)} }}`],
    ['conditions', deep('1 if n else ')],
    ['tags', `${'{% if n %}'.repeat(10_000)}${'{% endif %}'.repeat(10_000)}`],
    ['loops', `${'{% for i in s %}'.repeat(10_000)}${'{% endfor %}'.repeat(10_000)}`],
    ['printed lists', `${nested('[ns.x]')}{{ ns.x }}`],
    ['printed dicts', `${nested('{1: ns.x}')}{{ ns.x }}`],
    ['lists in JSON', `${nested('[ns.x]')}{{ ns.x | tojson }}`],
    ['dicts in JSON', `${nested('dict(a=ns.x)')}{{ ns.x | tojson }}`],
    ['compared lists', `${nested('[ns.x]')}{% set a = ns.x %}${nested('[ns.x]')}{{ a == ns.x }}`],
    ['ordered lists', `${nested('[ns.x]')}{% set a = ns.x %}${nested('[ns.x]')}{{ a < ns.x }}`],
    ['compared dicts', `${nested('{1: ns.x}')}{% set a = ns.x %}${nested('{1: ns.x}')}{{ a == ns.x }}`],
    ['tuples as keys', `${nested('(ns.x,)')}{{ {ns.x: 1} }}`],
  ])('has %s inside each other without end', (_, source) => {
    expect(outcome(source)).toMatch(
      /^limit: it has more than \d+ tags, expressions or values inside each other$/,
    );
  });

  it.each([
    ['macros', '{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}'],
    ['two macros', '{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['callers', '{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}'],
    ['recursive loops', '{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}'],
  ])('has %s that call each other without end', (_, source) => {
    expect(outcome(source)).toMatch(/^python: macros or loops call each other more than \d+ deep$/);
  });

  it('has a literal of more digits than Python reads', () => {
    expect(outcome(`{{ ${'1'.repeat(4301)} }}`)).toMatch(/^syntax: an integer of more than 4300 digits/);
    expect(outcome(`{{ [1].${'1'.repeat(4301)} }}`)).toMatch(/^syntax: an integer of more than 4300 digits/);
  });
});

describe('a template does not reach', () => {
  // The published ways out of Jinja2, Twig, Nunjucks, Handlebars, Pug, Vue and of the interpreters that JavaScript has of Jinja.
  it.each([
    "''.__class__.__mro__[1].__subclasses__()",
    "''.__class__.__base__.__subclasses__()[40]('/etc/passwd').read()",
    '().__class__.__bases__[0].__subclasses__()',
    '{}.__class__.__init__.__globals__',
    "''['__class__']['__mro__']",
    "s | attr('__class__') | attr('__mro__')",
    "s | attr('\\x5f\\x5fclass\\x5f\\x5f')",
    "s['\\x5f\\x5fclass\\x5f\\x5f']",
    "(s | attr(['__cla', 'ss__'] | join)).__mro__",
    "['a'] | map(attribute='__class__') | list | first",
    "messages | map(attribute='__class__.__mro__') | list | first",
    "messages | selectattr('__class__') | list | length or ''",
    "cycler.__init__.__globals__.os.popen('id').read()",
    'joiner.__init__.__globals__.os',
    'namespace.__init__.__globals__.os',
    "lipsum.__globals__['os'].popen('id').read()",
    "self.__init__.__globals__.__builtins__.__import__('os')",
    'self._TemplateReference__context.cycler.__init__.__globals__.os',
    "get_flashed_messages.__globals__.__builtins__.open('/etc/passwd').read()",
    "url_for.__globals__['current_app'].config",
    "request.application.__globals__.__builtins__.__import__('os').popen('id').read()",
    "config.__class__.__init__.__globals__['os']",
    "'{0.__class__.__mro__}'.format(s)",
    "'{x.__class__}'.format(x=s)",
    "'{0[__class__]}'.format(s)",
    "'{.__init__.__globals__}'.format(raise_exception)",
    "'{x.__class__}'.format_map({'x': s})",
    '(s | string).format.__self__',
    "('{0.__class__}' | safe).format(s)",
    "'%s' % raise_exception.__code__",
    'raise_exception.__closure__',
    'strftime_now.__globals__',
    'range.__self__',
    "(range | attr('gi_frame')).f_back.f_globals",
    "(messages | map('upper')).gi_frame.f_back",
    "constructor.constructor('return process')()",
    "s.constructor.constructor('return process')().exit()",
    "''.constructor.fromCharCode(65)",
    "''.sub.constructor('return globalThis')()",
    "[].constructor.constructor('return this')()",
    "[]['filter']['constructor']('return this')()",
    '({}).constructor.prototype',
    "{}['constructor']['constructor']('return process')()",
    "range.constructor(\"return global.process.mainModule.require('child_process').execSync('id')\")()",
    "cycler.constructor('return process')()",
    "dict.constructor.constructor('return process')()",
    "namespace()['constructor']",
    'namespace(a=1).toString()',
    "(1).toString.constructor('return process')()",
    'n.constructor',
    'true.constructor',
    'none.constructor',
    'toString.constructor.call({}, "return process")()',
    'messages.__proto__.polluted',
    "messages[0]['__proto__']",
    "messages[0]['constructor']",
    'messages[0].hasOwnProperty',
    "messages['constructor']",
    "messages['length']",
    'messages.items.constructor',
    "s['length']",
    "s['text']",
    's.origins',
    "messages | attr('items') | attr('constructor')",
    'dict(__proto__=1).polluted',
    "{'__proto__': {'polluted': 1}}.polluted",
    '__proto__',
    '__defineGetter__',
    'globalThis.process',
    'process.env',
    "require('fs')",
    "import('fs')",
    'this.constructor',
    'module.exports',
    'loop.constructor',
  ])('the language around it: %s', (expression) => {
    const text = outcome(`{% set x %}{{ ${expression} }}{% endset %}[{{ x }}]`);
    if (!text.startsWith('[')) expect(text).toMatch(/^(python|syntax|unsupported): /);
    else expect(text).toMatch(/^\[(|None)\]$/);
  });

  it('the prototypes of objects by assignment', () => {
    const source = `{% set __proto__ = 1 %}{% set constructor = 2 %}{% set ns = namespace(constructor=3) %}
      {% set ns.constructor = 4 %}{% set ns.toString = 5 %}{% for __proto__ in s %}{% endfor %}
      {% macro hasOwnProperty(toString=6) %}{{ toString }}{% endmacro %}{{ hasOwnProperty() }}
      {{ dict(constructor=7, toString=8)['toString'] }}{{ constructor }}{{ ns.constructor }}{{ __proto__ }}`;
    const before = builtIns();
    expect(outcome(source).replace(/\s/g, '')).toBe('68241');
    expect(builtIns()).toEqual(before);
  });

  function builtIns(): unknown {
    return [Object, Array, String, Number, BigInt, Function, Map, Str].map(({ prototype }) =>
      Object.entries(Object.getOwnPropertyDescriptors(prototype)),
    );
  }
});
