import { Graph } from './graph.js';
import { openRuntime } from './runtime.js';

/**
 * Opens the runtime and multiplies two matrices with it, to detect a broken installation.
 * @returns the runtime's name and version
 * @throws Error with the reason why the runtime does not work
 */
export async function examineOnnx(): Promise<string> {
  const { env, InferenceSession, Tensor } = await openRuntime();
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 2]);
  const weight = graph.constant('float32', [2, 1], [3, 4]);
  const product = graph.contrib('FusedMatMul', [x, weight], { alpha: { float: 1 } })[0]!;
  graph.output(graph.named('y', product), 'float32', [1, 1]);
  const session = await InferenceSession.create(graph.build().proto, { intraOpNumThreads: 1 });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2), [1, 2]) });
  await session.release();
  const runtime = `onnxruntime-node ${env.versions.node}`;
  const result = y?.data[0];
  if (result !== 11) throw new Error(`${runtime} returns ${String(result)} for 1·3 + 2·4`);
  return runtime;
}
