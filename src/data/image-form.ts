/** What a network takes pictures as. */

/** How images became a network's inputs. */
export interface ImageForm {
  rows: number;
  columns: number;
  /** 'digit': bright on 0, 20 of 28 pixels large, its centre of mass in the middle, as MNIST; 'plain': grey and resized. */
  preparation: 'digit' | 'plain';
}
