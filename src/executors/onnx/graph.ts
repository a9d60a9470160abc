import { Message } from './protobuf.js';

/** The element types of ONNX tensors that the graph uses, with their numbers in `TensorProto.DataType`. */
const DATA_TYPES = { float32: 1, uint8: 2, int64: 7 } as const;
/** An element type of an ONNX tensor. */
export type DataType = keyof typeof DATA_TYPES;

/** The name of a tensor in the graph. */
export type Value = string;
/** A dimension: a number, or a name if it varies from call to call. */
export type Dimension = number | string;

/** The value of an attribute. A number is an ONNX int; write floats as `{ float }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A weight outside the protocol buffer, and the path by which the model refers to it. */
export interface ExternalWeight {
  readonly path: string;
  readonly data: Uint8Array;
}

/** An ONNX model and its external weights. */
export interface OnnxModel {
  readonly proto: Uint8Array;
  readonly weights: readonly ExternalWeight[];
}

const MICROSOFT = 'com.microsoft';
const OPSETS: readonly (readonly [string, number])[] = [
  ['', 21],
  [MICROSOFT, 1],
];
const IR_VERSION = 10;

/** Builds an ONNX graph, node by node, in the order of execution. */
export class Graph {
  readonly #nodes = new Message();
  readonly #initializers = new Message();
  readonly #inputs = new Message();
  readonly #outputs = new Message();
  readonly #constants = new Set<string>();
  readonly #weights: ExternalWeight[] = [];
  #count = 0;

  input(name: string, type: DataType, dimensions: readonly Dimension[]): Value {
    this.#inputs.message(11, valueInfo(name, type, dimensions));
    return name;
  }

  /** Declares a value as an output of the graph. */
  output(name: Value, type: DataType, dimensions: readonly Dimension[]): void {
    this.#outputs.message(12, valueInfo(name, type, dimensions));
  }

  /** Adds a small constant, written into the model itself. Equal constants are shared. */
  constant(type: DataType, dimensions: readonly number[], values: readonly number[]): Value {
    const name = `const_${type}_${dimensions.join('x')}_${values.join('_')}`;
    if (!this.#constants.has(name)) {
      this.#constants.add(name);
      const data = type === 'int64' ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values);
      this.#initializers.message(5, tensorProto(name, type, dimensions).bytes(9, bytesOf(data)));
    }
    return name;
  }

  scalar(value: number): Value {
    return this.constant('float32', [], [value]);
  }

  integers(...values: number[]): Value {
    return this.constant('int64', [values.length], values);
  }

  /** Adds a weight as a "file" of its own in memory, so that weights are never copied into one buffer. */
  weight(
    name: string,
    type: DataType,
    dimensions: readonly number[],
    data: Float32Array | Uint8Array,
  ): Value {
    const bytes = bytesOf(data);
    this.#weights.push({ path: name, data: bytes });
    const proto = tensorProto(name, type, dimensions);
    for (const [key, value] of Object.entries({ location: name, offset: '0', length: `${bytes.length}` })) {
      proto.message(13, new Message().string(1, key).string(2, value));
    }
    this.#initializers.message(5, proto.int(14, 1));
    return name;
  }

  /** Adds a node of the standard operator set with one output. @param output its name; default: a new name */
  op(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output: Value = this.#name(type),
  ): Value {
    return this.#node('', type, inputs, [output], attributes)[0]!;
  }

  /** Adds a node of the standard operator set with several outputs. */
  ops(
    count: number,
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    return this.#node(
      '',
      type,
      inputs,
      Array.from({ length: count }, () => this.#name(type)),
      attributes,
    );
  }

  /**
   * Adds a node of ONNX Runtime's own operators (`com.microsoft`).
   * @param outputs a name for each output; '' makes a new name, null omits the output
   */
  contrib(
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
    outputs: readonly (string | null)[] = [''],
  ): Value[] {
    const names = outputs.map((name) => (name === null ? '' : name || this.#name(type)));
    return this.#node(MICROSOFT, type, inputs, names, attributes);
  }

  /** Splits the last axis into parts of these sizes. @param names a name for each part; '' makes a new name */
  split(value: Value, sizes: Value, names: readonly string[]): Value[] {
    const outputs = names.map((name) => name || this.#name('Split'));
    return this.#node('', 'Split', [value, sizes], outputs, { axis: -1 });
  }

  /**
   * Returns a list of integers that becomes available only after another value. It orders a read of memory that another
   * node of this graph writes, a dependency that the runtime cannot see.
   */
  after(integers: Value, dependency: Value): Value {
    return this.op('Concat', [integers, this.op('Shape', [dependency], { start: 0, end: 0 })], { axis: 0 });
  }

  /** Renames a value, so that it can be an output under that name. */
  named(name: string, value: Value): Value {
    return this.#node('', 'Identity', [value], [name], {})[0]!;
  }

  build(): OnnxModel {
    const graph = new Message();
    for (const part of [this.#nodes, this.#initializers, this.#inputs, this.#outputs]) graph.append(part);
    graph.string(2, 'decoder');
    const model = new Message().int(1, IR_VERSION).string(2, 'holdfast').message(7, graph);
    for (const [domain, version] of OPSETS) model.message(8, new Message().string(1, domain).int(2, version));
    return { proto: model.encode(), weights: this.#weights };
  }

  #name(type: string): Value {
    this.#count++;
    return `${type}_${this.#count}`;
  }

  #node(
    domain: string,
    type: string,
    inputs: readonly Value[],
    outputs: Value[],
    attributes: Readonly<Record<string, Attribute>>,
  ): Value[] {
    const node = new Message();
    for (const input of inputs) node.string(1, input);
    for (const output of outputs) node.string(2, output);
    node.string(4, type);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (domain !== '') node.string(7, domain);
    this.#nodes.message(1, node);
    return outputs;
  }
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  if (typeof value === 'string') return message.string(4, value).int(20, 3);
  if ('float' in value) return message.float(2, value.float).int(20, 1);
  for (const item of value) message.int(8, item);
  return message.int(20, 7);
}

function valueInfo(name: string, type: DataType, dimensions: readonly Dimension[]): Message {
  const shape = new Message();
  for (const dimension of dimensions) {
    shape.message(
      1,
      typeof dimension === 'number' ? new Message().int(1, dimension) : new Message().string(2, dimension),
    );
  }
  const tensor = new Message().int(1, DATA_TYPES[type]).message(2, shape);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

function tensorProto(name: string, type: DataType, dimensions: readonly number[]): Message {
  const message = new Message();
  for (const dimension of dimensions) message.int(1, dimension);
  return message.int(2, DATA_TYPES[type]).string(8, name);
}

function bytesOf(data: Float32Array | Uint8Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
