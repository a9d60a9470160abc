// Random small templates, for `fuzz-jinja.mjs`.

let state = 0;
/** Returns a number from 0 up to `n`. */
const below = (n) => {
  state = (state * 1664525 + 1013904223) >>> 0; // Numerical Recipes' generator
  return Math.floor((state / 2 ** 32) * n);
};
const chance = (p) => below(1000) < 1000 * p;
const pick = (list) => list[below(list.length)];
const several = (most, make) => Array.from({ length: below(most + 1) }, make).join(', ');

/** What the templates can name. */
export const NAMES = {
  ...{
    s: 'Hello  Wörld\n',
    e: '',
    z: '0',
    u: '\u0085x\u001c',
    n: 5,
    neg: -3,
    f: 2.5,
    t: true,
    no: null,
    zero: 0,
  },
  ...{ lst: [3, 1, 2, 1], mix: [1, 'a', null, true, [1, 2], { k: 1 }], words: ['b', 'A', 'c', 'a'] },
  ...{
    d: { a: 1, b: 'x', items: 3 },
    nested: { a: { b: [1, { c: 'deep' }] } },
    fl: [1.5, 0.1, -2.0, 1e16, 1e-5],
  },
  ...{ emoji: 'a👩‍🚀b🙂c', big: 1234567, x: 'top' },
  msgs: [
    { role: 'system', content: ' Be brief. ' },
    { role: 'user', content: 'Hi <b>' },
    { role: 'assistant', content: '<think>\nhm\n</think>\n\nAye' },
    { role: 'user' },
  ],
};
const VARIABLES = [...Object.keys(NAMES), 'missing', 'y', 'ns'];
const TEXTS = [
  ...[
    '',
    ' ',
    'a',
    'ab',
    'Hello World',
    'a,b,,c',
    '\n',
    ' x ',
    'ß',
    'İI',
    'ΑΣ',
    '👩‍🚀x',
    'é',
    '0',
    '1',
    '12',
    '-3.5',
  ],
  ...[
    '1e5',
    '%s',
    '%d|%s',
    '{}',
    '{0}-{1}',
    '{a}',
    '\u0085',
    '\u001c',
    'a\r\nb\nc',
    'the-quick (brown) fox',
    'ǆ',
  ],
  ...['x\ty', '<b>&"\'', 'abcabc', 'ŉ', 'ﬁ'],
];
const ESCAPES = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u0085': '\\x85',
  '\u001c': '\\x1c',
};
const quoted = (text) => `'${Array.from(text, (character) => ESCAPES[character] ?? character).join('')}'`;

/** Reads `name:signature,signature …`; a name alone takes no arguments. */
const signatures = (table) =>
  Object.fromEntries(
    table
      .trim()
      .split(/\s+/)
      .map((entry) => entry.split(':'))
      .map(([name, list = '']) => [name, list.split(',')]),
  );

// The arguments of methods and filters: s a text, i an int, b a bool, e an expression, l a list, and those of `KINDS`.
const METHODS = signatures(`
  strip:,s lstrip:,s rstrip:,s upper lower title capitalize swapcase split:,s,si rsplit:,s,si
  splitlines:,b partition:s rpartition:s replace:ss,ssi startswith:s,si endswith:s find:s,si,sii rfind:s
  index:s rindex:s count:s,si join:l center:i,is ljust:i rjust:i,is zfill:i removeprefix:s removesuffix:s
  expandtabs:,i isalnum isalpha isdigit isdecimal islower isupper istitle isspace isascii isidentifier
  isprintable format:e,ee, items keys values get:s,se copy append:e pop nope
`);
const FILTERS = signatures(`
  abs attr:s batch:i,ie capitalize center:i, count default:,e d:e,eb dictsort:,b e first float:,e
  forceescape format:e,ee indent:,i,ib,ibb int:,e items join:,s last length list lower map:F max min
  reject:,T replace:ss,ssi reverse round:,i,iM safe select:,T selectattr:A,AT rejectattr:A,AT slice:i
  sort:,b string sum title tojson:,J trim:,s truncate:,i,ib unique upper urlencode wordcount groupby:A
`);
const TESTS = [
  ...[
    'odd',
    'even',
    'defined',
    'undefined',
    'none',
    'boolean',
    'true',
    'false',
    'integer',
    'float',
    'lower',
    'upper',
  ],
  ...['string', 'mapping', 'number', 'sequence', 'iterable', 'callable', 'escaped', 'filter', 'test'],
];
const JSON_OPTIONS = ['indent=2', 'indent=0', 'ensure_ascii=true', "separators=(',', ':')", 'sort_keys=true'];
const KINDS = {
  s: (depth) => (chance(0.8) ? quoted(pick(TEXTS)) : expression(depth)),
  i: (depth) => (chance(0.85) ? String(below(14) - 2) : expression(depth)),
  b: () => pick(['true', 'false']),
  e: (depth) => expression(depth),
  l: (depth) => sequence(depth),
  A: () => quoted(pick(['role', 'content', 'a', '0', 'content.0', 'b.c'])),
  F: () =>
    quoted(pick(['upper', 'lower', 'trim', 'length', 'string', 'int', 'list', 'tojson', 'abs', 'title'])),
  J: () => pick(JSON_OPTIONS),
  M: () => quoted(pick(['common', 'ceil', 'floor'])),
  T: (depth) =>
    chance(0.6)
      ? quoted(pick(TESTS))
      : `${quoted(pick(['eq', 'ne', 'gt', 'lt', '>=']))}, ${expression(depth)}`,
};
const argumentsOf = (signature, depth) => [...signature].map((kind) => KINDS[kind](depth - 1)).join(', ');
const called = (table, depth) => {
  const name = pick(Object.keys(table));
  return `${name}(${argumentsOf(pick(table[name]), depth)})`;
};

const literal = () =>
  pick([
    () => quoted(pick(TEXTS)),
    () => String(below(12)),
    () => pick(['1.0', '0.5', '2.5', '1e3', '1e16', '1e-7', '0.1', '3.14159']),
    () => pick(['true', 'false', 'none']),
  ])();

const sequence = (depth) =>
  pick([
    () => pick(['lst', 'words', 'mix', 'msgs', 'fl', 'd', 's', 'd.items()']),
    () => `[${several(3, () => expression(depth - 1))}]`,
    () => `range(${below(6)})`,
    () => `${quoted(pick(TEXTS))}.split(${chance(0.5) ? quoted(pick([',', ' ', 'b'])) : ''})`,
    () => `(${expression(depth - 1)}, ${expression(depth - 1)})`,
  ])();

const PERCENT = [
  '%s',
  '%d',
  '%.3f',
  '%g',
  '%e',
  '%5s|',
  '%-5s|',
  '%+d',
  '%c',
  '%i%%',
  '%x',
  '%.2s',
  '%08.3f',
  '%#x',
];
const SPECS = [
  '{:>5}',
  '{:05d}',
  '{:,}',
  '{:.2f}',
  '{!r}',
  '{:<6}|',
  '{:^7}|',
  '{:x}',
  '{:e}',
  '{:g}',
  '{:%}',
  '{:*^9}',
];

function expression(depth) {
  if (depth <= 0) return chance(0.55) ? pick(VARIABLES) : literal();
  const part = () => expression(depth - 1);
  const border = () => (chance(0.5) ? below(7) - 3 : '');
  return pick([
    () => pick(VARIABLES),
    literal,
    () => `(${part()} ${pick(['+', '-', '*', '/', '//', '%', '**', '~'])} ${part()})`,
    () => `${part()} ${pick(['~', '+'])} ${part()}`,
    () => `(${part()} ${pick(['==', '!=', '<', '>', '<=', '>=', 'in', 'not in'])} ${part()})`,
    () => `(${part()} ${pick(['<', '==', '<='])} ${part()} ${pick(['<', '!=', '>='])} ${part()})`,
    () => `(${part()} ${pick(['and', 'or'])} ${part()})`,
    () => `(${pick(['not ', '-'])}${part()})`,
    () => `(${part()} if ${part()}${chance(0.8) ? ` else ${part()}` : ''})`,
    () =>
      `(${chance(0.5) ? sequence(depth - 1) : part()} | ${called(FILTERS, depth)}${chance(0.3) ? ' | list' : ''})`,
    () => `(${part()} | ${called(FILTERS, depth)})`,
    () => `${chance(0.7) ? quoted(pick(TEXTS)) : pick(VARIABLES)}.${called(METHODS, depth)}`,
    () => `(${part()}).${called(METHODS, depth)}`,
    () => `(${part()} is ${chance(0.3) ? 'not ' : ''}${pick(TESTS)})`,
    () => `(${part()} is ${pick(['equalto', 'eq', 'in', 'divisibleby', 'lt'])}(${part()}))`,
    () => `${pick(VARIABLES)}[${chance(0.7) ? below(9) - 4 : part()}]`,
    () => `${pick(VARIABLES)}[${border()}:${border()}${chance(0.3) ? `:${pick([-1, 2, -2, 1])}` : ''}]`,
    () => `${pick(VARIABLES)}.${pick(['a', 'b', 'role', 'content', 'items', 'nope', 'constructor', '0'])}`,
    () => `[${several(3, part)}]`,
    () => `(${part()}, ${part()})`,
    () => `{${several(2, () => `${part()}: ${part()}`)}}`,
    () => `'%s|%5.2f %r' % (${part()}, ${part()}, ${part()})`,
    () => `'${pick(PERCENT)}' % ${part()}`,
    () => `'${pick(SPECS)}'.format(${part()})`,
    () => pick([`dict(a=${part()})`, `namespace(a=${part()}).a`, `range(${part()})`]),
  ])();
}

const open = () => pick(['{%', '{%-', '{%', '{%+']);
const close = () => pick(['%}', '-%}', '%}']);
const text = () =>
  pick([
    '',
    '\n',
    ' ',
    'T',
    '  \n',
    'x\n  ',
    '\n\n',
    'a {# c #}\n',
    ' {#- c -#} ',
    '{% raw %}{{ r }}{% endraw %}\n',
  ]);
const statements = (depth) =>
  Array.from({ length: 1 + below(3) }, () => text() + statement(depth) + text()).join('');

const LOOP_FIELDS = [
  'index',
  'index0',
  'first',
  'last',
  'revindex',
  'length',
  'previtem',
  'nextitem',
  'depth',
];
function statement(depth) {
  const output = () => `{{${pick([' ', '- ', '-'])}${expression(Math.min(depth, 3))}${pick([' ', ' -'])}}}`;
  if (depth <= 0) return output();
  const inner = () => statements(depth - 1);
  const jump = () =>
    chance(0.2) ? `{% if ${expression(1)} %}{% ${pick(['break', 'continue'])} %}{% endif %}` : '';
  return pick([
    output,
    output,
    () => `${open()} set ${pick(['x', 'y', 'w', 'n', 's'])} = ${expression(2)} ${close()}`,
    () => `${open()} set x, y = ${pick(['1, 2', "'ab'", '(3, 4)', 'lst[:2]'])} ${close()}`,
    () =>
      `${open()} if ${expression(2)} ${close()}${inner()}{% elif ${expression(1)} %}${inner()}{% else %}${inner()}{%- endif %}`,
    () =>
      `${open()} for ${pick(['i', 'x'])} in ${sequence(2)}${chance(0.25) ? ` if ${expression(1)}` : ''} ${close()}${inner()}` +
      `{{ loop.${pick(LOOP_FIELDS)} }}${jump()}${chance(0.3) ? `{% else %}${inner()}` : ''}${open()} endfor ${close()}`,
    () => `{% for k, v in ${pick(['d.items()', 'd|items', 'd|dictsort'])} %}{{ k }}={{ v }}{% endfor %}`,
    () =>
      `{% macro m(a, b=${expression(1)}) %}[{{ a }}|{{ b }}${pick(['', '|{{ varargs }}', '|{{ kwargs }}', '|{{ x }}'])}]` +
      `${inner()}{% endmacro %}{{ m(${pick([expression(1), '', '1, 2, 3', 'a=1', '1, z=2'])}) }}`,
    () => `{% macro w() %}<{{ caller(1) }}>{% endmacro %}{% call(q) w() %}${inner()}{{ q }}{% endcall %}`,
    () =>
      `{% filter ${pick(['upper', 'trim', 'indent', 'replace("a","b")', 'trim|upper'])} %}${inner()}{% endfilter %}`,
    () => `{% set w${pick(['', ' | upper'])} %}${inner()}{% endset %}{{ w }}`,
    () => `{% with a = ${expression(1)}, x = x %}{{ a }}${inner()}{% endwith %}`,
    () => `{% generation %}${inner()}{% endgeneration %}`,
    () =>
      `{% set ns = namespace(v=0) %}{% for i in ${sequence(1)} %}{% set ns.v = ns.v + 1 %}{% endfor %}{{ ns.v }}`,
  ])();
}

/** Returns `count` templates; the same ones for the same seed. */
export function randomTemplates(seed, count) {
  state = seed;
  return Array.from({ length: count }, (_, i) =>
    i % 4 === 0 ? statements(1 + (i % 8) / 4) : `{{ ${expression(i % 4)} }}`,
  );
}
