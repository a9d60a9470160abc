/** Values that checks of JSON tend to forget. */
const VALUES = [
  ...[null, true, false, 0, -1, 1, 2, 0.5, -0.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, 1e-300],
  ...[
    '',
    'a',
    '0',
    '-1',
    '\0',
    '\ud800',
    '😀',
    '__proto__',
    'constructor',
    'toString',
    '../..',
    '/etc/passwd',
  ],
  ...[[], {}, [[]], [null], { a: {} }, [1, 'a', null], { length: 3 }, { constructor: 1 }],
];
const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  '0',
  'type',
  '\ud800',
  'a.b',
];

/** About the longest JSON that copies may make: inputs are cut to less, and copies of copies would fill the memory. */
const MOST_CHARACTERS = 2 ** 17;

/** Changes one or more values of a JSON text; returns other bytes as they are. */
export function mutateJson(bytes, random, { dictionary, other }) {
  const [json, foreign] = [bytes, other].map(parse);
  if (json === undefined) return bytes;
  const root = { value: json };
  for (let left = random.few(4); left > 0; left--) {
    const { parent, key } = random.pick(placesIn(root));
    const kind = random.below(10);
    if (kind === 0 && parent !== root) remove(parent, key);
    else if (kind === 2 && parent !== root) add(parent, random, dictionary, parent[key]);
    else if (kind === 3) {
      const from = random.pick(placesIn(root));
      parent[key] = structuredClone(from.parent[from.key]);
    } else if (kind === 4 && foreign !== undefined) {
      const from = random.pick(placesIn({ value: foreign }));
      parent[key] = structuredClone(from.parent[from.key]);
    } else if (kind === 5) parent[key] = structuredClone(random.pick(VALUES));
    else if (kind === 6) parent[key] = random.pick(dictionary);
    else if (kind === 7 && Array.isArray(parent)) {
      const copies = copiesOf(JSON.stringify(parent[key]).length, random.few(300));
      parent.splice(key, 0, ...Array.from({ length: copies }, () => structuredClone(parent[key])));
    } else if (kind === 8) {
      for (let depth = random.few(2000); depth > 0; depth--)
        parent[key] = random.chance(0.5) ? [parent[key]] : { a: parent[key] };
    } else parent[key] = changed(parent[key], random, dictionary);
  }
  try {
    return new Uint8Array(Buffer.from(JSON.stringify(root.value) ?? 'null'));
  } catch {
    return bytes; // nested too deep to be written
  }
}

function parse(bytes) {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Lists at most a thousand values by the object that holds each. */
function placesIn(root) {
  const places = [];
  const waiting = [root];
  for (const parent of waiting) {
    for (const key of Object.keys(parent)) {
      places.push({ parent, key: Array.isArray(parent) ? Number(key) : key });
      if (typeof parent[key] === 'object' && parent[key] !== null) waiting.push(parent[key]);
      if (places.length === 1000) return places;
    }
  }
  return places;
}

/** Returns how many copies of so many characters are made when so many are asked for. */
const copiesOf = (characters, wanted) => Math.min(wanted, Math.ceil(MOST_CHARACTERS / (characters + 1)));

function remove(parent, key) {
  if (Array.isArray(parent)) parent.splice(key, 1);
  else delete parent[key];
}

function add(parent, random, dictionary, value) {
  if (Array.isArray(parent)) parent.push(structuredClone(random.chance(0.5) ? value : random.pick(VALUES)));
  else {
    const key = String(random.chance(0.5) ? random.pick(KEYS) : random.pick(dictionary));
    const added = structuredClone(random.chance(0.5) ? value : random.pick(VALUES));
    // Not by assignment: that would set the prototype.
    Object.defineProperty(parent, key, {
      value: added,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}

/** Returns a value that is near another one. */
function changed(value, random, dictionary) {
  if (typeof value === 'number')
    return random.pick([value + 1, value - 1, -value, value * 2, value / 2, 0, 1e9]);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') {
    const at = random.below(value.length + 1);
    return random.pick([
      ...[value + value, value.slice(0, at), value.slice(0, at) + random.pick(dictionary) + value.slice(at)],
      ...[value.toUpperCase(), ` ${value}`, value.repeat(copiesOf(value.length, random.few(200)))],
    ]);
  }
  return structuredClone(random.pick(VALUES));
}
