import { describe, expect, it } from 'vitest';
import { parseJinja, Str, TemplateError } from './index.js';

const NOW = { year: 2024, month: 7, day: 5, hour: 7, minute: 8, second: 9, offset: 0 };

function errorOf(source: string): TemplateError {
  try {
    parseJinja(source).render([['s', new Str('text')]], NOW);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error(`rendered: ${source}`);
}

describe('what cannot have its meaning in Python', () => {
  it.each([
    ...['include', 'import', 'from', 'extends', 'block', 'autoescape'].map((tag) => [
      `{% ${tag} x %}`,
      `"${tag}"`,
    ]),
    ...['filesizeformat', 'pprint', 'random', 'striptags', 'urlize', 'wordwrap', 'xmlattr'].map((filter) => [
      `{{ s | ${filter} }}`,
      `"${filter}"`,
    ]),
    ...['casefold', 'encode', 'maketrans', 'translate'].map((method) => [
      `{{ s.${method}() }}`,
      `"${method}"`,
    ]),
    ['{{ lipsum() }}', 'lipsum'],
    ['{{ self }}', '"self"'],
    ["{{ ('f' * 4301) | int(0, 16) }}", '4300 digits'],
    ['{{ range }}', 'printing a function'],
    ["{{ [1] | map('string') }}", 'printing a generator'],
    ["{{ strftime_now('%Q') }}", '"%Q" of strftime'],
    ['{{ s is sameas s | string | trim }}{{ 1.5 is sameas 1.5 }}', '"sameas"'],
    ["{{ '\\N{BULLET}' }}", '\\N'],
    ["{{ '½'.isdigit() }}", '"isdigit"'],
    ["{{ '٣' | int }}", 'digits of another script'],
    ['{{ s[1:2, 3] }}', 'a slice in a tuple'],
    ['{{ 10 ** 5000 }}', 'bits'],
    ["{{ '%s' | safe % 1 }}", 'marked as safe'],
    ['{{ missing.__class__ }}', '"__class__"'],
    ['{% for x in s %}{% for y in loop %}{% endfor %}{% endfor %}', '"loop"'],
  ])('is refused by name: %s', (source, name) => {
    const { kind, message, line } = errorOf(`text\n${source}`);
    expect(message).toContain(name);
    expect({ kind, line }).toEqual({ kind: 'unsupported', line: 2 });
  });

  it('is refused only when it is reached, if it is no tag', () => {
    const { text } = parseJinja('{% if false %}{{ s | random }}{% endif %}done').render([], NOW);
    expect(text).toBe('done');
  });
});

// In time that is quadratic in the blanks, this would exceed the test's time limit.
it('renders long runs of blanks in front of a tag', () => {
  const source = `${' '.repeat(1_000_000)}x{%- if s %}y{% endif %}`;
  expect(parseJinja(source).render([['s', new Str('text')]], NOW).text).toHaveLength(1_000_002);
});

describe('a string with the words of a message', () => {
  const words = (expression: string, text: string, before = ''): string[] => {
    const content = new Str(before + text, [
      { start: before.length, end: before.length + text.length, message: 0 },
    ]);
    const rendered = parseJinja(`{{ ${expression} }}`).render([['c', content]], NOW);
    return rendered.origins.map(({ start, end }) => rendered.text.slice(start, end));
  };

  it.each([
    ['c', ['a b\nc']],
    ["'x' + c + 'y'", ['a b\nc']],
    ['c ~ c', ['a b\nca b\nc']],
    ['c[1:3]', [' b']],
    ['c[0]', ['a']],
    ['c[::-1]', ['c\nb a']],
    ['c[::2]', ['abc']],
    ['c.split()', ['a', 'b', 'c']],
    ['c.splitlines() | join("; ")', ['a b', 'c']],
    ['c.partition(" ")', ['a', ' ', 'b\\nc']],
    ['c.upper() | title', ['A B\nC']],
    ['c | replace("b", "xyz")', ['a xyz\nc']],
    ['c | replace("b", "")', ['a \nc']],
    ['c.replace("", "-")', ['a', ' ', 'b', '\n', 'c']],
    ['c | indent', ['a b\n', 'c']],
    ['c | tojson', ['a b\\nc']],
    ['{"k": [c]} | tojson(indent=1)', ['a b\\nc']],
    ['[c, 1]', ['a b\\nc']],
    ['"%s and %5s" % (c, 1)', ['a b\nc']],
    ['"{} {x:>7}".format(1, x=c)', ['a b\nc']],
    ['c.center(9, "*")', ['a b\nc']],
    ['c | truncate(3, true, "", 0)', ['a b']],
    ['c | e', ['a b\nc']],
    ['c | list | sort | join', ['\n abc']],
    ['c | reverse', ['c\nb a']],
    ['c | urlencode', ['a%20b%0Ac']],
    ['c | default("x")', ['a b\nc']],
    ['c if c else "x"', ['a b\nc']],
    ['{c: 1}', ['a b\\nc']],
    ['c | length', []],
    ['c == "x"', []],
  ])('keeps their place: %s', (expression, expected) => {
    expect(words(expression, 'a b\nc')).toEqual(expected);
  });

  it('keeps the place in a string of which they are a part', () => {
    expect(words('c', 'b', 'a')).toEqual(['b']);
    expect(words('c[1:]', 'b', 'a')).toEqual(['b']);
    expect(words('c[:1]', 'b', 'a')).toEqual([]);
    expect(words('c.upper()', 'ß', 'a')).toEqual(['SS']);
    expect(words('c[1:] | upper', '🙂ß', '🙂')).toEqual(['🙂SS']);
    expect(words('c.replace("ab", "x")', 'b', 'a')).toEqual(['x']);
  });

  it('keeps the place of an empty content', () => {
    const content = new Str('', [{ start: 0, end: 0, message: 3 }]);
    const { origins } = parseJinja("a{{ (c | trim | upper) or '' }}b").render([['c', content]], NOW);
    expect(origins).toEqual([{ start: 1, end: 1, message: 3 }]);
  });
});
