/** What is drawn: strokes over an opened image, on white paper of its own, from which the network reads. */
import type { Image } from '../../data/images.js';

export type Stroke = [x: number, y: number][];

/** Pixels along a side of the drawing area. */
export const PAD = 280;

/** Width of the pen over the paper's: MNIST's strokes have about an eighth of the digit's height. */
const PEN = 1 / 14;

export class Drawing {
  private readonly paper: HTMLCanvasElement;
  private strokes: Stroke[] = [];
  private image: ImageBitmap | undefined;

  constructor(private readonly size: number) {
    this.paper = document.createElement('canvas');
    this.paper.width = this.paper.height = size;
    this.paint();
  }

  get isEmpty(): boolean {
    return this.strokes.length === 0 && !this.image;
  }

  /** Whether there is an image below the strokes. */
  get hasImage(): boolean {
    return this.image !== undefined;
  }

  begin(x: number, y: number): void {
    this.strokes.push([[x, y]]);
    this.paint();
  }

  /** Goes on with the last stroke. */
  to(x: number, y: number): void {
    this.strokes.at(-1)?.push([x, y]);
    this.paint();
  }

  undo(): void {
    if (this.strokes.pop() === undefined) this.image = undefined;
    this.paint();
  }

  clear(): void {
    this.strokes = [];
    this.image = undefined;
    this.paint();
  }

  show({ strokes = [], image }: { strokes?: readonly Stroke[]; image?: ImageBitmap }): void {
    this.strokes = strokes.map((stroke) => [...stroke]);
    this.image = image;
    this.paint();
  }

  /** Puts the drawing on a canvas, with a cross where the keyboard's pen is. */
  onto(canvas: HTMLCanvasElement, pen?: { x: number; y: number; isDown: boolean }): void {
    const context = contextOf(canvas);
    context.drawImage(this.paper, 0, 0);
    if (!pen) return;
    context.lineWidth = 2;
    context.strokeStyle = pen.isDown ? '#d55e00' : '#0072b2';
    context.beginPath();
    for (const [dx, dy] of [
      [9, 0],
      [0, 9],
    ]) {
      context.moveTo(pen.x - dx, pen.y - dy);
      context.lineTo(pen.x + dx, pen.y + dy);
    }
    context.stroke();
  }

  /** The paper's pixels, `isInverted` bright on black. */
  pixels({ isInverted = false } = {}): Image {
    const { data } = contextOf(this.paper).getImageData(0, 0, this.size, this.size);
    const rgb = new Float32Array(this.size * this.size * 3);
    for (let pixel = 0; pixel < this.size * this.size; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        const value = data[4 * pixel + channel] / 255;
        rgb[3 * pixel + channel] = isInverted ? 1 - value : value;
      }
    }
    return { width: this.size, height: this.size, rgb };
  }

  private paint(): void {
    const context = contextOf(this.paper);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, this.size, this.size);
    if (this.image) {
      const { width, height } = this.image;
      const scale = this.size / Math.max(width, height);
      const [w, h] = [scale * width, scale * height];
      context.drawImage(this.image, (this.size - w) / 2, (this.size - h) / 2, w, h);
    }
    context.lineWidth = PEN * this.size;
    context.lineCap = context.lineJoin = 'round';
    context.strokeStyle = '#000';
    for (const [first, ...rest] of this.strokes) {
      context.beginPath();
      context.moveTo(...first);
      // A point is a stroke of no length, which has round ends.
      for (const point of rest.length === 0 ? [first] : rest) context.lineTo(...point);
      context.stroke();
    }
  }
}

export function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser has no 2D canvas.');
  return context;
}

/** Numbers as a picture, blue above 0 and orange below it, white at 0; `scale` is what has the full colour. */
export function paintSigned(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  { rows, columns, scale }: { rows: number; columns: number; scale: number },
): void {
  canvas.width = columns;
  canvas.height = rows;
  const picture = new ImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    const share = scale > 0 ? Math.min(1, Math.abs(values[k]) / scale) : 0;
    const full = values[k] > 0 ? [0, 90, 160] : [213, 94, 0];
    full.forEach((channel, c) => (picture.data[4 * k + c] = 255 + share * (channel - 255)));
    picture.data[4 * k + 3] = 255;
  }
  contextOf(canvas).putImageData(picture, 0, 0);
}

/** Numbers from 0 to 1 as dark ink on white. */
export function paintInk(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number> | undefined,
  { rows, columns }: { rows: number; columns: number },
): void {
  canvas.width = columns;
  canvas.height = rows;
  const picture = new ImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    picture.data.fill(255 * (1 - (values?.[k] ?? 0)), 4 * k, 4 * k + 3);
    picture.data[4 * k + 3] = 255;
  }
  contextOf(canvas).putImageData(picture, 0, 0);
}
