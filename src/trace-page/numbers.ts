import type { PageData } from './page-data.js';

/** A share or a weight as one byte: its square root in 255 steps, so that small ones, which most are, stay apart. */
export const codeOf = (share: number): number => Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, share))));

/** What each byte stands for. */
const VALUES = Float32Array.from({ length: 256 }, (_, code) => (code / 255) ** 2);

/** What the size of a page's numbers depends on. */
export interface Sizes extends Pick<PageData, 'layers' | 'heads' | 'attention'> {
  readonly tokens: { readonly length: number };
  readonly parts: { readonly length: number };
}

/** Returns the number of weights in the attention rows of one head: row t has keys 0 to t. */
export const triangle = (tokens: number): number => (tokens * (tokens + 1)) / 2;

/**
 * The numbers of a trace's page, in one buffer:
 *
 * - the mean share of each part, F32 `[parts, tokens]`
 * - its share in each head, one byte each, `[parts, tokens, layers × heads]`
 * - attention rows, one byte for each weight: `[layers, heads, triangle]`, or `[triangle]` if they are means
 */
export class PageNumbers {
  readonly means: Float32Array<ArrayBuffer>;
  readonly shares: Uint8Array<ArrayBuffer>;
  readonly attention: Uint8Array<ArrayBuffer>;

  constructor(
    private readonly sizes: Sizes,
    readonly buffer: ArrayBuffer,
  ) {
    const { means, shares, attention } = lengths(sizes);
    this.means = new Float32Array(buffer, 0, means);
    this.shares = new Uint8Array(buffer, 4 * means, shares);
    this.attention = new Uint8Array(buffer, 4 * means + shares, attention);
  }

  /** Creates room for the numbers of a page, all 0. */
  static empty(sizes: Sizes): PageNumbers {
    return new PageNumbers(sizes, new ArrayBuffer(byteLength(sizes)));
  }

  /** The share that a token gives to a part in a head; the mean over the heads that see furthest if `pair` is null. */
  share(part: number, token: number, pair: number | null): number {
    const { tokens } = this.sizes;
    if (pair === null) return this.means[part * tokens.length + token]!;
    return VALUES[this.heads(part, token)[pair]!]!;
  }

  /** The shares that a token gives to a part, `[layers × heads]`. */
  inHeads(part: number, token: number): Float32Array {
    return Float32Array.from(this.heads(part, token), (code) => VALUES[code]!);
  }

  /** The codes of {@link inHeads}, in the buffer itself. */
  heads(part: number, token: number): Uint8Array {
    const { layers, heads, tokens } = this.sizes;
    const size = layers * heads;
    const start = (part * tokens.length + token) * size;
    return this.shares.subarray(start, start + size);
  }

  /**
   * The weights with which a token attends to each token up to itself.
   * @param rows the attention rows to take the mean of: indices into `[layers, heads]` of the rows that there are
   */
  weights(token: number, rows: readonly number[]): Float32Array {
    const mean = new Float32Array(token + 1);
    const size = triangle(this.sizes.tokens.length);
    for (const row of rows) {
      const start = row * size + triangle(token);
      for (let key = 0; key <= token; key++)
        mean[key]! += VALUES[this.attention[start + key]!]! / rows.length;
    }
    return mean;
  }
}

/** Returns the bytes of a page's numbers. */
export function byteLength(sizes: Sizes): number {
  const { means, shares, attention } = lengths(sizes);
  return 4 * means + shares + attention;
}

function lengths({ tokens, parts, layers, heads, attention }: Sizes) {
  const means = parts.length * tokens.length;
  const rows = attention === null ? 0 : attention.of === 'mean' ? 1 : attention.layers.length * heads;
  return { means, shares: means * layers * heads, attention: rows * triangle(tokens.length) };
}
