/** What fixes of layers share. */
import type * as tf from '@tensorflow/tfjs';
import { classChange, type Wrap } from './class-methods.js';
import type { EngineChange } from './fix.js';

/** A change to the class of a layer. */
export const replacing = (
  fix: string,
  className: string,
  methods: Readonly<Record<string, Wrap>>,
): EngineChange =>
  classChange(
    fix,
    ({ serialization }) =>
      // A core alone has no layers.
      serialization.SerializationMap.getMap().classNameMap[className]?.[0],
    methods,
  );

/** A layer gets a tensor by itself, or within a list from the model that it stands in. */
export const only = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor4D =>
  (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
