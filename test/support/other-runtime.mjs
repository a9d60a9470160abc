/**
 * Makes onnxruntime-node look as if it were not installed, or, with OTHER_RUNTIME, installed in that version. Loaded with
 * --import.
 */
import { register } from 'node:module';

const version = process.env.OTHER_RUNTIME;
const stub = `data:text/javascript,export const env = { versions: { node: '${version}' } };`;
const hooks = `
export async function resolve(specifier, context, next) {
  if (specifier !== 'onnxruntime-node') return next(specifier, context);
  const url = ${JSON.stringify(version === undefined ? null : stub)};
  return url === null ? next('onnxruntime-node', { ...context, parentURL: 'file:///' }) : { url, shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
