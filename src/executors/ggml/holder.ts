import { type ModelPlan, type WeightName, weightShapes } from '../../architectures/index.js';
import { byteLengthOf, type Checkpoint } from '../../formats/index.js';
import { type Held, type Holder, heldExactly, type Precision, type WeightUse } from '../contract/index.js';
import { Device } from './device.js';
import type { BackendName } from './library.js';
import { MappedCheckpoint } from './mapped-file.js';
import { activationsOf, formed, formName, OFFSET_BLOCK, valuesOf } from './matrix-form.js';
import { writeTensor } from './memory.js';
import { probeDevice } from './probe.js';
import { cacheTypeOf } from './sequence.js';
import { type Place, WeightPlaces } from './weight-places.js';

/**
 * The holder of a backend: it asks what loading asks.
 * @throws HoldfastError `E_EXECUTOR` if ggml is not available here
 */
export async function ggmlHolder(
  name: BackendName,
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<Holder> {
  if (name !== 'cpu') await probeDevice(name, null);
  const device = Device.load(name);
  const mapped = new MappedCheckpoint(checkpoint);
  const places = new WeightPlaces(device, plan, mapped, precision);
  const shapes = new Map(weightShapes(plan.blueprint));
  return {
    cacheType: cacheTypeOf(precision) === 'F32' ? 'f32' : 'f16',
    hold(name, use) {
      const elements = shapes.get(name)!.reduce((product, size) => product * size, 1);
      if (use === 'vector') return heldExactly('f32', 4 * elements);
      const place = use === 'rows' ? places.rows() : places.matrix(name);
      return heldAt(device, places, place, name, use);
    },
    dispose: () => mapped.dispose(),
  };
}

function heldAt(
  device: Device,
  places: WeightPlaces,
  { form, home }: Place,
  name: WeightName,
  use: WeightUse,
): Held {
  const { type, shape } = places.stored(name);
  const elements = shape[0] * shape[1];
  const bytes = byteLengthOf(form.type, elements) + (form.offsets ? (4 * elements) / OFFSET_BLOCK : 0);
  const how = home === 'mapped' ? 'mapped' : home === 'own' ? 'copied' : 'repacked';
  const isStored = form.type === type && !form.offsets;
  const sample = typeof home === 'string' ? device.bufferType : home;
  return {
    form: `${formName(form)}, ${use === 'rows' ? 'rows ' : ''}${how}`,
    ...(how === 'mapped' ? { bytes: 0, mappedBytes: bytes } : { bytes, mappedBytes: 0 }),
    activations: use === 'rows' || !device.isProcessor ? null : activationsOf(form, how === 'repacked'),
    valuesOf:
      isStored || form.type === 'F32' ? null : (rows) => valuesOf(formed(device.ggml, rows, form), form),
    prepare:
      how === 'mapped'
        ? null
        : (weight) => {
            const { bytes } = formed(device.ggml, weight, form);
            const { ggml } = device;
            const context = device.context(1);
            const tensor = context.tensor(form.type, shape[1], shape[0]);
            const buffer = ggml.allocateTensors(context.handle, sample);
            if (buffer !== null) {
              writeTensor(ggml, tensor, bytes);
              ggml.freeBuffer(buffer);
            }
            context.free();
          },
  };
}
