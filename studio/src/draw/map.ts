import type { Rgb } from './colour.js';

/**
 * Returns the pixels of a map of shares, `[layers, heads]`: from the page's surface for 0 to the full colour for `most`.
 * @param shares `[layers × heads]`
 */
export function mapPixels(
  shares: ArrayLike<number>,
  most: number,
  colour: Rgb,
  surface: Rgb,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * shares.length);
  for (let pair = 0; pair < shares.length; pair++) {
    // The square root separates small shares, which most heads have.
    const part = Math.sqrt(Math.min(1, shares[pair]! / most));
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * pair + channel] = surface[channel]! + (colour[channel]! - surface[channel]!) * part;
    }
    pixels[4 * pair + 3] = 255;
  }
  return pixels;
}
