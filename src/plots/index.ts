/** `gradparity/plots`: pictures as SVG, drawn by @observablehq/plot, which is to be installed beside this library. */

export {
  barPlot,
  curvePlot,
  type BarPlotOptions,
  type CurvePlotOptions,
  type Point,
  type Series,
} from './curves.js';
export { confusionPlot, type ConfusionPlotOptions } from './confusion.js';
export { imagePlot, type ImagePlotOptions } from './images.js';
export {
  boundaryGrid,
  boundaryPlot,
  contourPathPlot,
  type Boundary,
  type BoundaryGridOptions,
  type BoundaryPlotOptions,
  type ContourPathPlotOptions,
  type Domain,
  type LabelledPoint,
} from './planes.js';
export { pictureGrid, type DrawingOptions, type PictureGridOptions } from './svg.js';
export {
  sparkLine,
  textCurves,
  textImages,
  textPlane,
  type TextCurveOptions,
  type TextImageOptions,
  type TextSeries,
} from './terminal.js';
export { trainingPlot, type NamedRun, type TrainingCurve, type TrainingPlotOptions } from './training.js';
