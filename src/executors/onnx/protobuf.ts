/**
 * A protocol buffers message, with just enough of the format to write an ONNX model: varints, fixed 32-bit floats and
 * length-delimited fields. The parts stay a list and are joined once, so nested messages are not copied at every level.
 */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** Adds an integer field (int32, int64, enum). Negative values take ten bytes, as the encoding requires. */
  int(field: number, value: number): this {
    this.#varint(field * 8);
    return this.#varint(value);
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    return this.#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    return this.#push(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.#size);
    return this.append(value);
  }

  /** Adds another message's fields to this one. */
  append(other: Message): this {
    for (const part of other.#parts) this.#push(part);
    return this;
  }

  encode(): Uint8Array {
    const out = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return out;
  }

  #varint(value: number): this {
    const out: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      const low = Number(rest & 127n);
      rest >>= 7n;
      out.push(rest > 0n ? low | 128 : low);
    } while (rest > 0n);
    return this.#push(Uint8Array.from(out));
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#size += part.length;
    return this;
  }
}
