/** The public names. Nothing here needs Node; what does is in `gradparity/node`. */

export { EnvironmentError, InputError } from './errors.js';

export {
  identity,
  logSoftmax,
  relu,
  sigmoid,
  sign,
  softmax,
  softplus,
  step,
  tanh,
  type ActivationName,
  type ActivationOf,
} from './functions/activations.js';
export type { TensorInput } from './functions/arguments.js';
export {
  binaryCrossEntropy,
  crossEntropy,
  halfSumSquaredError,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  rootMeanSquaredError,
  softmaxCrossEntropy,
  type LossOptions,
  type Reduction,
} from './functions/losses.js';

export {
  and,
  nand,
  or,
  xor,
  type GateLayers,
  type LogicGate,
  type SingleUnitGate,
} from './perceptron/logic-gates.js';
export {
  PerceptronClassifier,
  type PerceptronFit,
  type PerceptronFitOptions,
} from './perceptron/perceptron-classifier.js';
export { ThresholdLogicUnit, type ThresholdLogicUnitOptions } from './perceptron/threshold-logic-unit.js';

export {
  BOOK_STEP,
  centralDifference,
  forwardDifference,
  optimalStep,
  partialDerivative,
  type DifferenceScheme,
} from './differentiation/numbers.js';
export { numericalGradient, type DifferenceOptions } from './differentiation/tensors.js';
export { autodiff } from './differentiation/autodiff.js';
export { central, forward } from './differentiation/loop.js';
export { structured, type StructuredKernel, type StructuredOptions } from './differentiation/structured.js';
export type {
  DenseStructure,
  DifferentiableNetwork,
  GradientMethod,
  LossAndGradients,
  NamedTensors,
} from './differentiation/gradient-method.js';
export type { LossName, OutputName } from './differentiation/losses.js';
export { GRADIENT_METHODS, type GradientMethodName } from './differentiation/methods.js';

export { inFloat64 } from './float64/in-float64.js';

export {
  hessian,
  hvp,
  jacobian,
  jvp,
  perExampleGradients,
  vjp,
  type HessianOf,
  type Like,
  type Point,
} from './derivatives/derivatives.js';
export { AnomalyError, detectAnomaly, type AnomalyOptions } from './derivatives/detect-anomaly.js';

export { Mlp, type MlpOptions, type Task } from './networks/mlp.js';
export { TwoLayerNet, type TwoLayerNetOptions } from './networks/two-layer-net.js';

export { gradientDescent, type Descent, type DescentOptions } from './training/gradient-descent.js';
export {
  train,
  type Dataset,
  type Progress,
  type TrainingData,
  type TrainOptions,
} from './training/trainer.js';
export type { ProbeRecord } from './parity/probe.js';
export type { EpochRecord, History, TrainingSettings } from './training/history.js';
export type { Sampling, SamplerState } from './training/batches.js';
export { datasetFrom, heldOut, type ElementSource, type PlainData } from './training/dataset.js';
export { networkOf, type Checkpoint } from './training/checkpoint.js';

export { describeReport, isPassed } from './gradcheck/report/describe.js';
export { expectGradients, GradientMismatchError } from './gradcheck/expect.js';
export { FULL_LIMIT, gradcheck } from './gradcheck/gradcheck.js';
export { gradcheckKernel, type KernelInputs } from './gradcheck/kernel.js';
export {
  gradcheckModel,
  type ClassWeight,
  type ForwardOption,
  type LossByName,
  type ModelGradcheckOptions,
  type ModelLoss,
  type ModelLossFunction,
  type PerOutput,
} from './gradcheck/model.js';
export type {
  Comparison,
  GradcheckMode,
  GradcheckOptions,
  AttributeEffect,
  CapturedVariables,
  Ran,
  Surrogate,
  SurrogateRule,
  GradcheckPrecision,
  GradcheckReport,
  InputDetails,
  InputReport,
  Kink,
  Verdict,
} from './gradcheck/report/report.js';
export type { CheckedFunction, CheckedInputs } from './gradcheck/engine/subject.js';

export { fromLayersModel, notesOf, toLayersModel, type ModelNotes } from './models/layers-model.js';
export type { ImageForm } from './data/image-form.js';
