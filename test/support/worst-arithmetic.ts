/**
 * Rewrites WGSL so that it computes as badly as WGSL allows. Types of expressions are found from the declarations of the program, as
 * far as kernels need it.
 */

/** A type: a scalar, a vector or a structure by its name; what an array holds begins with `array `. */
type Type = string;

interface Typed {
  readonly text: string;
  readonly type: Type;
}

const FLOATS = ['f32', 'vec2f', 'vec3f', 'vec4f'] as const;
const isFloat = (type: Type): boolean => (FLOATS as readonly string[]).includes(type);

/** Operators from the weakest to the strongest. */
const BINARY = [['||'], ['&&'], ['|'], ['^'], ['&'], ['==', '!='], ['<', '>', '<=', '>='], ['<<', '>>']];
const ARITHMETIC = [
  ['+', '-'],
  ['*', '/', '%'],
];
const LEVELS = [...BINARY, ...ARITHMETIC];

/** Functions whose result has the type of their arguments and is exact. */
const EXACT = ['abs', 'min', 'max', 'sign', 'select', 'subgroupShuffleXor', 'subgroupMax'];
/** Functions that may err. */
const INEXACT = ['exp', 'log', 'inverseSqrt'];

const RESULTS: Readonly<Record<string, Type>> = {
  ...{ unpack2x16float: 'vec2f', transpose: 'mat4x4f', dot: 'f32' },
};

const TOKEN =
  /\s*((?:bitcast|vec[234]|array|mat4x4)<[\w<>, ]+?>(?=\()|[A-Za-z_]\w*|0x[\da-f]+u?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[uif]?|\|\||&&|[=!<>]=|<<|>>|.)/gy;

/**
 * Returns a program with the largest errors that WGSL allows, all in one direction: `exp` errs by (3 + 2·|x|) units in the last place,
 * `log` by 2⁻²¹, `inverseSqrt` by 2 units, a quotient by 2.5. The result of every operation on floats that is below the normal numbers becomes 0.
 */
export function worstArithmetic(program: string, sign: 1 | -1): string {
  const code = program.replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
  // Directives come before all else.
  const [directives] = /^(?:\s*enable \w+;)*/.exec(code)!;
  return `${directives}${functionsFor(sign)}${rewrite(code.slice(directives.length))}`;
}

function functionsFor(sign: 1 | -1): string {
  const unit = `${sign * 2 ** -23}`;
  return FLOATS.map(
    (type) => `
fn flush_${type}(x: ${type}) -> ${type} { return select(x, 0.0 * x, abs(x) < ${type}(${2 ** -126})); }
fn worst_exp_${type}(x: ${type}) -> ${type} { return flush_${type}(exp(x) * (1.0 + ${unit} * (3.0 + 2.0 * abs(x)))); }
fn worst_quotient_${type}(x: ${type}) -> ${type} { return x * (1.0 + 2.5 * ${unit}); }
fn worst_log_${type}(x: ${type}) -> ${type} { return flush_${type}(log(x) + ${sign * 2 ** -21}); }
fn worst_inverseSqrt_${type}(x: ${type}) -> ${type} { return flush_${type}(inverseSqrt(x) * (1.0 + 2.0 * ${unit})); }
`,
  ).join('');
}

function rewrite(code: string): string {
  const names = new Map<string, Type>();
  const functions = new Map<string, Type>();
  const fields = new Map<string, Type>();
  for (const [, name, type] of code.matchAll(/var<[^>]+> (\w+): array<(\w+)/g))
    names.set(name!, `array ${type}`);
  for (const [, name, type] of code.matchAll(/var<[^>]+> (\w+): (\w+);/g)) names.set(name!, type!);
  for (const [, name, type] of code.matchAll(/fn (\w+)\([^{]*?\) -> (\w+)/g)) functions.set(name!, type!);
  for (const [, structure, inside] of code.matchAll(/struct (\w+) \{([^}]*)\}/g)) {
    for (const [, field, type] of inside!.matchAll(/(\w+): (\w+)/g))
      fields.set(`${structure}.${field}`, type!);
    functions.set(structure!, structure!);
  }
  const typed = (text: string): Typed => new Expression(text, names, functions, fields).whole();

  const statement = (text: string): string => {
    const [, space, inner] = /^(\s*(?:else\s*)?)([\s\S]*)$/.exec(text)!;
    const signature = /fn \w+\(([\s\S]*)\)/.exec(inner!);
    if (signature)
      for (const [, name, type] of signature[1]!.matchAll(/(\w+): (\w+)/g)) names.set(name!, type!);
    const loop = /^for \(var (\w+) =/.exec(inner!);
    if (loop) names.set(loop[1]!, 'u32');
    if (signature || loop || /^(?:@|var<|(?:if|for|while|struct|const)\b)/.test(inner!)) return text;
    const declared = /^(let|var) (\w+)(?:: (\w+))?(?: = ([\s\S]+))?$/.exec(inner!);
    if (declared) {
      const [, word, name, type, value] = declared;
      const found = value === undefined ? null : typed(value);
      names.set(name!, type ?? found!.type);
      return found === null ? text : `${space}${word} ${name}${type ? `: ${type}` : ''} = ${found.text}`;
    }
    const returned = /^return ([\s\S]+)$/.exec(inner!);
    if (returned) return `${space}return ${typed(returned[1]!).text}`;
    const assigned = /^([\w[][\s\S]*?) ([-+*/])?= ([\s\S]+)$/.exec(inner!);
    if (assigned) {
      const [, place, operator, value] = assigned;
      const right = operator ? `${place} ${operator} (${value})` : value!;
      return `${space}${typed(place!).text} = ${typed(right).text}`;
    }
    if (/^\w+\([\s\S]*\)$/.test(inner!)) return `${space}${typed(inner!).text}`;
    return text;
  };

  let changed = '';
  let start = 0;
  for (let at = 0, depth = 0; at < code.length; at++) {
    const character = code[at]!;
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (depth > 0 || !';{}'.includes(character)) continue;
    // The fields of a structure are no statements.
    const chunk = code.slice(start, at);
    changed += (/^\s*\w+: /.test(chunk) ? chunk : statement(chunk)) + character;
    start = at + 1;
  }
  return changed + code.slice(start);
}

/** An expression as it is read: by operator precedence, with the type of each part. */
class Expression {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly names: ReadonlyMap<string, Type>,
    private readonly functions: ReadonlyMap<string, Type>,
    private readonly fields: ReadonlyMap<string, Type>,
  ) {
    this.#tokens = [...text.trim().matchAll(TOKEN)].map(([, token]) => token!);
  }

  whole(): Typed {
    const found = this.#binary(0);
    if (this.#at < this.#tokens.length) throw new Error(`not read to its end: ${this.text}`);
    return found;
  }

  #take(wanted?: string): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined || (wanted !== undefined && token !== wanted)) {
      throw new Error(`${wanted ?? 'more'} expected: ${this.text}`);
    }
    return token;
  }

  #binary(level: number): Typed {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.#tokens[this.#at] ?? '')) {
      const operator = this.#take();
      const right = this.#binary(level + 1);
      const exact = `(${left.text} ${operator} ${right.text})`;
      const [longer] = [left, right].map(({ type }) => type).sort((a, b) => rank(b) - rank(a));
      const text = operator === '/' && isFloat(longer!) ? `worst_quotient_${longer}(${exact})` : exact;
      if (level < BINARY.length) left = { text, type: level >= 5 && level <= 6 ? 'bool' : longer! };
      else
        left = isFloat(longer!)
          ? { text: `flush_${longer}(${text})`, type: longer! }
          : { text, type: longer! };
    }
    return left;
  }

  #unary(): Typed {
    if (!'-!~&'.includes(this.#tokens[this.#at] ?? ' ')) return this.#postfix();
    const operator = this.#take();
    const { text, type } = this.#unary();
    return { text: `${operator}${text}`, type };
  }

  #postfix(): Typed {
    let found = this.#primary();
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === '[') {
        this.#take();
        const index = this.#binary(0).text;
        this.#take(']');
        found = { text: `${found.text}[${index}]`, type: elementOf(found.type) };
      } else if (next === '.') {
        this.#take();
        const member = this.#take();
        const field = this.fields.get(`${found.type}.${member}`);
        const own = member.length === 1 ? elementOf(found.type) : `vec${member.length}${found.type.at(-1)}`;
        found = { text: `${found.text}.${member}`, type: field ?? own };
      } else return found;
    }
  }

  #primary(): Typed {
    const token = this.#take();
    if (token === '(') {
      const inner = this.#binary(0);
      this.#take(')');
      return { text: `(${inner.text})`, type: inner.type };
    }
    if (/^[\d.]/.test(token)) return { text: token, type: /^[^x]*[.e]/.test(token) ? 'f32' : 'u32' };
    if (this.#tokens[this.#at] !== '(') return { text: token, type: this.names.get(token) ?? 'u32' };
    this.#take('(');
    const given: Typed[] = [];
    while (this.#tokens[this.#at] !== ')') {
      given.push(this.#binary(0));
      if (this.#tokens[this.#at] === ',') this.#take();
    }
    this.#take(')');
    const inside = given.map(({ text }) => text).join(', ');
    const [longest = 'u32'] = given.map(({ type }) => type).sort((a, b) => rank(b) - rank(a));
    if (INEXACT.includes(token)) return { text: `worst_${token}_${longest}(${inside})`, type: longest };
    if (EXACT.includes(token)) return { text: `${token}(${inside})`, type: longest };
    if (token === 'subgroupAdd') return { text: `flush_${longest}(${token}(${inside}))`, type: longest };
    if (token === 'dot') return { text: `flush_f32(dot(${inside}))`, type: 'f32' };
    const type = this.functions.get(token) ?? RESULTS[token] ?? /<(\w+)>$/.exec(token)?.[1] ?? token;
    return { text: `${token}(${inside})`, type };
  }
}

/** The larger of two types is that of their sum. */
const rank = (type: Type): number => (FLOATS as readonly string[]).indexOf(type);

function elementOf(type: Type): Type {
  if (type.startsWith('array ')) return type.slice('array '.length);
  if (type === 'mat4x4f') return 'vec4f';
  return /^vec\df$/.test(type) ? 'f32' : 'u32';
}
