/** What every picture shares: the colours, the axes, and the step from drawn panels to one SVG text that stands alone. */
import * as Plot from '@observablehq/plot';
import { InputError } from '../errors.js';
import { escapeHtml } from '../escape-html.js';
import { labelOf } from './labels.js';

const namespace = 'http://www.w3.org/2000/svg';
const fontFamily = "system-ui, 'Segoe UI', Helvetica, Arial, 'Noto Sans CJK SC', sans-serif";
const fontSize = 13;
const titleSize = 16;

/** Text and axes. */
export const ink = '#222222';
/** Okabe and Ito's palette, told apart by colour-blind readers too (Color Universal Design, 2008), without its yellow, too pale for lines. */
export const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'] as const;
/** Dashes, so that a picture printed in grey still tells its lines apart. */
export const dashes = ['none', '7 3', '2 3', '9 3 2 3'] as const;

export const colourOf = (index: number): string => palette[index % palette.length];
export const dashOf = (index: number): string => dashes[index % dashes.length];

/** What each picture can be told about where and how large it is drawn. */
export interface DrawingOptions {
  /** Makes the elements: the page's own `document` in a browser (the default there), `nodeDocument()` in Node. */
  readonly document?: Document;
  /** Pixels, for the whole picture. */
  readonly width?: number;
  /** Pixels, for one panel without title and legend. */
  readonly height?: number;
}

export interface LegendItem {
  readonly name: string;
  readonly colour: string;
  /** `stroke-dasharray` of a line; a line is the default mark. */
  readonly dash?: string;
  readonly strokeWidth?: number;
  /** A filled square in place of the line. */
  readonly square?: boolean;
  /** A dot in place of the line. */
  readonly dot?: boolean;
}

export interface FigureOptions {
  readonly document: Document;
  readonly title?: string;
  readonly legend?: readonly LegendItem[];
  /** Drawings of `plotPanel`, row by row. */
  readonly rows: readonly (readonly Element[])[];
}

/** The document to draw with; `caller` is named in the error when there is none. */
export function documentFor(caller: string, document: Document | undefined): Document {
  const found = document ?? globalThis.document;
  if (found === undefined) {
    throw new InputError(
      `${caller}: there is no document to draw with. In Node pass \`document: nodeDocument()\`, from gradparity/plots/node.`,
    );
  }
  return found;
}

/** `given`, checked to be a size in pixels, or `usual`. */
export function pixels(caller: string, name: string, given: number | undefined, usual: number): number {
  const size = given ?? usual;
  if (!(size >= 100 && size <= 10_000)) {
    throw new InputError(`${caller}: ${name} must be between 100 and 10000 pixels, got ${size}.`);
  }
  return size;
}

/** Plot.plot as a bare SVG element in this house's manner. */
export function plotPanel(document: Document, options: Plot.PlotOptions): Element {
  const panel = Plot.plot({
    marginTop: 12,
    marginRight: 28,
    marginBottom: 48,
    marginLeft: 76,
    ...options,
    document,
  });
  // The figure gives fonts and colours to all panels at once; rules for a class would not reach every viewer.
  panel.querySelector('style')?.remove();
  for (const name of ['class', 'font-family', 'font-size']) panel.removeAttribute(name);
  return panel;
}

export interface AxisOptions {
  readonly label?: string;
  readonly scale?: 'linear' | 'log';
  /** The ends of the axis, smaller first. */
  readonly domain?: readonly [number, number];
}

/** Settings of the x axis for `plotPanel`: the label in the middle, a pale grid, ticks in plain figures. */
export function xAxis({ label = '', scale = 'linear', domain }: AxisOptions): Plot.ScaleOptions {
  return {
    type: scale,
    grid: true,
    label,
    labelAnchor: 'center',
    labelArrow: 'none',
    labelOffset: 40,
    tickFormat: scale === 'log' ? logTick : tick,
    ...(domain && { domain: [...domain] }),
  };
}

/** `xAxis` for y, its label beyond the widest ticks. */
export function yAxis(options: AxisOptions): Plot.ScaleOptions {
  return { ...xAxis(options), labelOffset: 60 };
}

/** A number as a tick: at most ten digits, an exponent outside 1e-4 … 1e5, a real minus sign. */
export function tick(value: number): string {
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(10));
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e5) ? rounded.toExponential().replace('e+', 'e') : `${rounded}`;
  return text.replaceAll('-', '−');
}

/** Powers of ten as such; the ticks between them stay without a number. */
function logTick(value: number): string {
  const exponent = Math.round(Math.log10(value));
  if (Math.abs(value / 10 ** exponent - 1) > 1e-9) return '';
  if (exponent >= 0 && exponent <= 3) return `${10 ** exponent}`;
  return `10${[...`${exponent}`].map((c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)])).join('')}`;
}

/**
 * The panels, under a title and a legend, as one SVG text: size and view box, white ground and fonts are its own,
 * so that it looks the same in a README in dark mode, in a notebook and in an image viewer.
 */
export function figure({ document, rows, ...more }: FigureOptions): string {
  const title = more.title && labelOf(document, more.title);
  const legend = (more.legend ?? []).map((item) => ({ ...item, name: labelOf(document, item.name) }));
  for (const text of rows.flat().flatMap((panel) => [...panel.querySelectorAll('text')])) {
    // Lines of a text are elements of their own; the labels of axes and points have one line.
    if (text.childElementCount > 0) continue;
    const label = labelOf(document, text.textContent);
    if (label !== text.textContent) text.textContent = label;
  }
  const width = Math.max(...rows.map((row) => row.reduce((sum, panel) => sum + sizeOf(panel, 'width'), 0)));
  const root = element(document, 'svg', { xmlns: namespace, 'text-anchor': 'middle', fill: 'currentColor' });
  root.setAttribute('style', `color: ${ink}; font-family: ${fontFamily}; font-size: ${fontSize}px`);
  if (title) {
    root.setAttribute('role', 'img');
    root.setAttribute('aria-label', title);
  }
  const ground = element(document, 'rect', { width: '100%', height: '100%', fill: 'white' });
  root.append(ground);

  let top = 6;
  if (title) {
    const size = Math.min(titleSize, (titleSize * (width - 20)) / textWidth(title, titleSize));
    root.append(
      text(document, title, width / 2, top + 17, { 'font-size': `${size}px`, 'font-weight': '600' }),
    );
    top += 28;
  }
  for (const line of legendLines(legend, width)) {
    root.append(...legendLine(document, line, (width - lineWidth(line)) / 2, top + 10));
    top += 22;
  }
  for (const row of rows) {
    let left = 0;
    for (const panel of row) {
      panel.setAttribute('x', `${left}`);
      panel.setAttribute('y', `${top}`);
      root.append(panel);
      left += sizeOf(panel, 'width');
    }
    top += Math.max(...row.map((panel) => sizeOf(panel, 'height')));
  }
  root.setAttribute('width', `${width}`);
  root.setAttribute('height', `${top}`);
  root.setAttribute('viewBox', `0 0 ${width} ${top}`);
  return `${serialize(document, root)}\n`;
}

/** What `pictureGrid` puts together. */
export interface PictureGridOptions {
  readonly title?: string;
  /** SVG texts as the other functions here return them. */
  readonly pictures: readonly string[];
  readonly columns?: number;
}

/**
 * Whole pictures side by side in one, as SVG, each with its own title and legend.
 *
 * @throws InputError for no pictures, and a text that is no SVG with a size
 */
export function pictureGrid({ title, pictures, columns = 3 }: PictureGridOptions): string {
  if (pictures.length === 0) throw new InputError('pictureGrid: pictures is empty; give at least one.');
  if (!(Number.isInteger(columns) && columns > 0)) {
    throw new InputError(`pictureGrid: columns must be a positive whole number, got ${columns}.`);
  }
  const placed = pictures.map((picture, k) => {
    const [root] = /^\s*<svg\b[^>]*>/.exec(picture) ?? [''];
    const [width, height] = ['width', 'height'].map((side) =>
      Number(new RegExp(` ${side}="([\\d.]+)"`).exec(root)?.[1]),
    );
    if (!(width > 0 && height > 0))
      throw new InputError(`pictureGrid: picture ${k} must be an SVG text with a width and a height.`);
    return { picture, width, height };
  });
  const cellWidth = Math.max(...placed.map(({ width }) => width));
  let top = title ? 36 : 0;
  const parts: string[] = [];
  for (let start = 0; start < placed.length; start += columns) {
    const row = placed.slice(start, start + columns);
    row.forEach(({ picture }, k) =>
      parts.push(picture.trim().replace('<svg ', `<svg x="${k * cellWidth}" y="${top}" `)),
    );
    top += Math.max(...row.map(({ height }) => height));
  }
  const width = cellWidth * Math.min(columns, placed.length);
  const words = title ? escapeHtml(title) : '';
  const label = title ? ` role="img" aria-label="${words}"` : '';
  const head = title
    ? `<text x="${width / 2}" y="25" text-anchor="middle" font-size="${titleSize}" font-weight="600" fill="${ink}" style="font-family: ${fontFamily}">${words}</text>`
    : '';
  return `<svg xmlns="${namespace}"${label} width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"><rect width="100%" height="100%" fill="white"/>${head}${parts.join('')}</svg>\n`;
}

const sizeOf = (panel: Element, side: 'width' | 'height') => Number(panel.getAttribute(side));

function element(document: Document, name: string, attributes: Record<string, string>): Element {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function text(
  document: Document,
  content: string,
  x: number,
  y: number,
  more: Record<string, string>,
): Element {
  const made = element(document, 'text', { x: `${x}`, y: `${y}`, ...more });
  made.textContent = content;
  return made;
}

/** Nothing measures text in Node: a Latin letter is taken as 0.56 of the font size, a Chinese character as the whole. */
function textWidth(content: string, size = fontSize): number {
  return [...content].reduce((sum, c) => sum + (c > '\u2e80' ? 1 : 0.56) * size, 0);
}

const swatch = 26;
const gap = 20;
const itemWidth = (item: LegendItem) => swatch + 6 + textWidth(item.name);
const lineWidth = (items: readonly LegendItem[]) =>
  items.reduce((sum, item) => sum + itemWidth(item) + gap, -gap);

function legendLines(items: readonly LegendItem[], width: number): LegendItem[][] {
  const lines: LegendItem[][] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last && lineWidth([...last, item]) <= width - 20) last.push(item);
    else lines.push([item]);
  }
  return lines;
}

function legendLine(document: Document, items: readonly LegendItem[], left: number, y: number): Element[] {
  return items.flatMap((item) => {
    const mark = legendMark(document, item, left, y);
    const name = text(document, item.name, left + swatch + 6, y + 4.5, { 'text-anchor': 'start' });
    left += itemWidth(item) + gap;
    return [mark, name];
  });
}

function legendMark(document: Document, item: LegendItem, left: number, y: number): Element {
  const { colour: fill } = item;
  if (item.square) {
    return element(document, 'rect', { x: `${left + 6}`, y: `${y - 7}`, width: '14', height: '14', fill });
  }
  if (item.dot)
    return element(document, 'circle', { cx: `${left + swatch / 2}`, cy: `${y}`, r: '3.5', fill });
  return element(document, 'path', {
    d: `M${left},${y}h${swatch}`,
    stroke: item.colour,
    'stroke-width': `${item.strokeWidth ?? 2}`,
    'stroke-dasharray': item.dash ?? 'none',
  });
}

/** The element as XML: a browser's outerHTML would be HTML, which image viewers refuse. */
function serialize(document: Document, root: Element): string {
  const Serializer = document.defaultView?.XMLSerializer;
  const xml = Serializer ? new Serializer().serializeToString(root) : root.outerHTML;
  // XML has no place for control characters, not even escaped.
  return xml.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}
