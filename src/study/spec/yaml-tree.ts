import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';

/** Where something stands in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Place {
  readonly text: string;
}

interface Branch {
  /** The key that it stands under, or that the list does which it is in; empty at the root. */
  readonly name: string;
  readonly at: Place;
}

/** A YAML document with aliases resolved, every part of which knows where it stands. */
export type Tree = Branch &
  (
    | { readonly kind: 'scalar'; readonly value: unknown }
    | { readonly kind: 'list'; readonly items: readonly Tree[] }
    | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  );

export interface Entry {
  readonly key: string;
  readonly at: Place;
  readonly value: Tree;
}

/** No specification comes near these: a file that does is not one, or means to fill the memory through its aliases. */
const MAX_LENGTH = 2 ** 18;
const MAX_PARTS = 20_000;
const MAX_DEPTH = 20;

/** @returns the tree, or what stops one from being read */
export function readYaml(text: string): { readonly tree: Tree } | { readonly problems: readonly Problem[] } {
  const start = { line: 1, column: 1 };
  if (text.length > MAX_LENGTH) {
    return { problems: [{ ...start, text: `longer than ${MAX_LENGTH} characters: not a study` }] };
  }
  const deep = deepNesting(text);
  if (deep !== null) return { problems: [{ ...deep, text: TOO_DEEP }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0) {
    return {
      problems: complaints.map(({ message, pos }) => ({
        ...placeOf(pos[0]),
        text: message.replace(/\s+/g, ' '),
      })),
    };
  }
  return treeOf(document, placeOf);
}

const TOO_DEEP = `nested more than ${MAX_DEPTH} deep: not a study`;

/**
 * Where brackets, or dashes on one line, nest beyond all measure: the YAML parser recurses, and near the end of its
 * stack a regular expression of its takes the process with it.
 */
function deepNesting(text: string): Place | null {
  const dashes = /^ *(?:[-?:] +){100}/m.exec(text)?.index;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '[' || text[index] === '{') depth++;
    else if (text[index] === ']' || text[index] === '}') depth = Math.max(0, depth - 1);
    if (depth <= 100 && index !== dashes) continue;
    const before = text.slice(0, index).split('\n');
    return { line: before.length, column: before.at(-1)!.length + 1 };
  }
  return null;
}

/** Why a part cannot be taken, where. */
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
  let parts = 0;
  const grow = (node: Node | null, name: string, before: Place, depth: number): Tree => {
    const at = node?.range ? placeOf(node.range[0]) : before;
    parts++;
    if (parts > MAX_PARTS)
      throw new Refusal(at, `more than ${MAX_PARTS} parts, aliases written out: not a study`);
    if (depth > MAX_DEPTH) throw new Refusal(at, TOO_DEEP);
    if (isAlias(node)) return { ...grow(meantBy(node, at), name, at, depth + 1), at };
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
    return { kind: 'scalar', name, at, value: node === null ? null : node.toJSON() };
  };
  const meantBy = (alias: Alias, at: Place): Node => {
    const node = alias.resolve(document);
    if (node === undefined) throw new Refusal(at, `there is no &${alias.source}`);
    return node;
  };
  try {
    return { tree: grow(document.contents, '', { line: 1, column: 1 }, 0) };
  } catch (error) {
    if (error instanceof Refusal) return { problems: [{ ...error.at, text: error.message }] };
    throw error;
  }
}
