/** A trained network as the demo's page takes it, and back: an ordinary tf.LayersModel in one JSON value. */
import * as tf from '@tensorflow/tfjs';
import type { ImageForm } from '../../data/image-form.js';
import { InputError } from '../../errors.js';
import { fromLayersModel, toLayersModel } from '../../models/layers-model.js';
import type { Mlp } from '../../networks/mlp.js';

export interface DemoModel {
  classes: readonly string[];
  image: ImageForm;
  topology: object;
  weightSpecs: tf.io.WeightsManifestEntry[];
  /** The weights' bytes in base64. */
  weights: string;
}

/** Inputs of the models that the page can draw for: pictures of 28 × 28 pixels. */
export const DEMO_INPUTS = 784;

/**
 * The network as the page takes it; an error calls it by its name.
 *
 * @throws InputError for a network without 784 inputs, and one whose outputs are no probabilities of classes
 */
export async function demoModel(
  network: Mlp,
  { classes, image }: { classes?: readonly string[]; image?: ImageForm },
  name: string,
): Promise<DemoModel> {
  const { sizes, output } = network.structure;
  const [inputs] = sizes;
  const outputs = sizes[sizes.length - 1];
  if (inputs !== DEMO_INPUTS) {
    throw new InputError(
      `demo: the model in ${name} takes ${inputs} numbers; wanted one that takes ${DEMO_INPUTS}, the pixels of a picture of 28 × 28.`,
    );
  }
  if (output !== 'softmax') {
    throw new InputError(
      `demo: the model in ${name} gives no probabilities of classes (its output is ${output}); wanted one with softmax.`,
    );
  }
  const layers = toLayersModel(network);
  try {
    let saved: tf.io.ModelArtifacts | undefined;
    await layers.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const { modelTopology, weightSpecs, weightData } = saved as tf.io.ModelArtifacts;
    return {
      classes: classes ?? Array.from({ length: outputs }, (_, k) => String(k)),
      image: image ?? { rows: 28, columns: 28, preparation: 'digit' },
      topology: modelTopology as object,
      weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
      weights: base64(new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData))),
    };
  } finally {
    layers.dispose();
  }
}

/** The network of the page, from TensorFlow.js' own loader. The caller disposes it. */
export async function networkOfDemo({ topology, weightSpecs, weights }: DemoModel): Promise<Mlp> {
  const loaded = await tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology: topology, weightSpecs, weightData: bytesOf(weights).buffer }),
  );
  try {
    return fromLayersModel(loaded);
  } finally {
    loaded.dispose();
  }
}

function base64(bytes: Uint8Array): string {
  let text = '';
  // In parts: a call takes some ten thousand arguments at most.
  for (let at = 0; at < bytes.length; at += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  }
  return btoa(text);
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
