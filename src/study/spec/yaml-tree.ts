import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
} from 'yaml';
import { halfPairIn } from '../../utf8.js';

/** A place in a file, line and column counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A problem of a specification and its place. */
export interface Problem extends Place {
  readonly text: string;
}

interface Branch {
  /** The key of this value, or of the list that contains it; empty at the root. */
  readonly name: string;
  readonly at: Place;
}

/** A YAML document with aliases expanded. Every node has its key and place. */
export type Tree = Branch &
  (
    | { readonly kind: 'scalar'; readonly value: unknown }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  );

/** A key of a mapping and its value. */
export interface Entry {
  readonly key: string;
  readonly at: Place;
  readonly value: Tree;
}

/** Limits far above any specification. They stop files that would fill the memory through aliases. */
const MAX_LENGTH = 2 ** 18;
const MAX_NODES = 20_000;
const MAX_DEPTH = 20;

/** Mistakes in YAML that are told one by one: most follow from the first. */
const MOST_COMPLAINTS = 20;

/** Parses YAML. Returns the tree, or the problems that make it unreadable. */
export function readYaml(text: string): { readonly tree: Tree } | { readonly problems: readonly Problem[] } {
  const start = { line: 1, column: 1 };
  if (text.length > MAX_LENGTH) {
    return { problems: [{ ...start, text: `longer than ${MAX_LENGTH} characters: not a study` }] };
  }
  const deep = deepNesting(text);
  if (deep !== null) return { problems: [{ ...deep, text: TOO_DEEP }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const placeOf = (offset: number): Place => placeIn(lines, offset);
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0) {
    const problems = complaints.slice(0, MOST_COMPLAINTS).map(({ message, pos }) => ({
      ...placeOf(pos[0]),
      text: message.replace(/\s+/g, ' '),
    }));
    const next = complaints[MOST_COMPLAINTS];
    if (next === undefined) return { problems };
    const more = `${complaints.length - MOST_COMPLAINTS} more problems from here on`;
    return { problems: [...problems, { ...placeOf(next.pos[0]), text: more }] };
  }
  return treeOf(document, placeOf);
}

function placeIn(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

const TOO_DEEP = `nested more than ${MAX_DEPTH} levels deep: not a study`;

/** The deepest nesting that YAML's composer is given. It has stack for far more. */
const MOST_COMPOSED = 100;

/**
 * Returns the place where collections nest deeper than {@link MOST_COMPOSED}; null if nowhere. The YAML composer recurses, and near the
 * end of the stack one of its regular expressions crashes the process. Its parser does not recurse.
 */
function deepNesting(text: string): Place | null {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const waiting = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > MOST_COMPOSED) return placeIn(lines, token.offset);
    const items = 'items' in token ? token.items : token.type === 'document' ? [token] : [];
    for (const item of items) {
      for (const part of 'key' in item ? [item.key, item.value] : [item.value])
        if (part) waiting.push({ token: part, depth: depth + 1 });
    }
  }
  return null;
}

/** A node that is rejected: the reason and its place. */
class Refusal extends Error {
  constructor(
    readonly at: Place,
    message: string,
  ) {
    super(message);
  }
}

function treeOf(
  document: Document,
  placeOf: (offset: number) => Place,
): { readonly tree: Tree } | { readonly problems: readonly Problem[] } {
  let nodes = 0;
  const grow = (node: Node | null, name: string, before: Place, depth: number): Tree => {
    const at = node?.range ? placeOf(node.range[0]) : before;
    nodes++;
    if (nodes > MAX_NODES)
      throw new Refusal(at, `more than ${MAX_NODES} nodes after expanding aliases: not a study`);
    if (depth > MAX_DEPTH) throw new Refusal(at, TOO_DEEP);
    if (isAlias(node)) return { ...grow(targetOf(node, at), name, at, depth + 1), at };
    if (isSeq<Node>(node)) {
      return { kind: 'list', name, at, items: node.items.map((item) => grow(item, name, at, depth + 1)) };
    }
    if (isMap<Node, Node | null>(node)) {
      const entries = node.items.map(({ key, value }) => {
        const keyAt = key.range ? placeOf(key.range[0]) : at;
        const text = String(key);
        return { key: text, at: keyAt, value: grow(value, text, keyAt, depth + 1) };
      });
      return { kind: 'map', name, at, entries };
    }
    const value: unknown = node === null ? null : node.toJSON();
    if (halfPairIn(value) !== null) throw new Refusal(at, 'half of a surrogate pair');
    return { kind: 'scalar', name, at, value };
  };
  const targetOf = (alias: Alias, at: Place): Node => {
    const node = alias.resolve(document);
    if (node === undefined) throw new Refusal(at, `there is no anchor &${alias.source}`);
    return node;
  };
  try {
    return { tree: grow(document.contents, '', { line: 1, column: 1 }, 0) };
  } catch (error) {
    if (error instanceof Refusal) return { problems: [{ ...error.at, text: error.message }] };
    throw error;
  }
}
