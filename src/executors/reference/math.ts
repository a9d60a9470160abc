/** The arithmetic of a transformer in plain loops, all in f64. Each vector belongs to one token. */

/** Returns y = W·x + b. `weight` is `[out, in]`, `x` `[in]`, `bias` `[out]`. */
export function linear(x: Float64Array, weight: Float32Array, bias?: Float32Array): Float64Array {
  const inputs = x.length;
  const y = new Float64Array(weight.length / inputs);
  let row = 0;
  // Each addition to a sum waits for the one before, so four rows take little longer than one.
  for (; row + 4 <= y.length; row += 4) {
    const a = row * inputs;
    const [b, c, d] = [a + inputs, a + 2 * inputs, a + 3 * inputs];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    if (bias) [sumA, sumB, sumC, sumD] = [bias[row]!, bias[row + 1]!, bias[row + 2]!, bias[row + 3]!];
    for (let i = 0; i < inputs; i++) {
      const value = x[i]!;
      sumA += weight[a + i]! * value;
      sumB += weight[b + i]! * value;
      sumC += weight[c + i]! * value;
      sumD += weight[d + i]! * value;
    }
    y[row] = sumA;
    y[row + 1] = sumB;
    y[row + 2] = sumC;
    y[row + 3] = sumD;
  }
  for (; row < y.length; row++) {
    let sum = bias ? bias[row]! : 0;
    const offset = row * inputs;
    for (let i = 0; i < inputs; i++) sum += weight[offset + i]! * x[i]!;
    y[row] = sum;
  }
  return y;
}

/** Root-mean-square norm (Zhang & Sennrich 2019): x / √(mean x² + ε) ⊙ w, on each block of `weight.length` elements. */
export function rmsNorm(x: Float64Array, weight: Float32Array, epsilon: number): Float64Array {
  const size = weight.length;
  const y = new Float64Array(x.length);
  for (let offset = 0; offset < x.length; offset += size) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += x[offset + i]! ** 2;
    const inverse = 1 / Math.sqrt(squares / size + epsilon);
    for (let i = 0; i < size; i++) y[offset + i] = x[offset + i]! * inverse * weight[i]!;
  }
  return y;
}

/**
 * Rotates the first `rotaryDim` elements of each head, in place (RoFormer, arXiv 2104.09864). Element i is paired with
 * element i + rotaryDim / 2 (half-split pairing).
 * @param x `[heads × headDim]`
 * @param cos `[rotaryDim / 2]` at this position
 * @param sin `[rotaryDim / 2]` at this position
 */
export function rotate(x: Float64Array, headDim: number, cos: Float64Array, sin: Float64Array): void {
  const half = cos.length;
  for (let head = 0; head < x.length; head += headDim) {
    for (let i = 0; i < half; i++) {
      const first = x[head + i]!;
      const second = x[head + half + i]!;
      x[head + i] = first * cos[i]! - second * sin[i]!;
      x[head + half + i] = second * cos[i]! + first * sin[i]!;
    }
  }
}

/** SiLU: x·σ(x). */
export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** GELU by its tanh approximation (Hendrycks & Gimpel 2016). */
export function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** x += scale·y. */
export function addInto(x: Float64Array, y: Float64Array, scale: number): void {
  for (let i = 0; i < x.length; i++) x[i]! += scale * y[i]!;
}
