/** The demo's page in the browser: what is drawn is read at once, and its gradient is taken twice as soon as the pen rests. */
import * as tf from '@tensorflow/tfjs';
import { toInputs } from '../../data/digits.js';
import { InputError } from '../../errors.js';
import type { Mlp } from '../../networks/mlp.js';
import { Drawing, PAD, paintInk, paintSigned, type Stroke } from './drawing.js';
import { networkOfDemo, type DemoModel } from './model.js';
import { compare, read, relativeOf, type Compared, type Reading } from './reading.js';
import samples from './samples.json' with { type: 'json' };
import texts from './texts.json' with { type: 'json' };

type Language = keyof typeof texts;
type TextKey = keyof (typeof texts)['en'];

/** Units of the first layer that are shown; pictures of more would be a wall. */
const MOST_UNITS = 200;
/** Milliseconds that the pen rests before the gradients are taken, and before the answer is spoken. */
const REST = 120;
const SPEAK = 700;
/** Pixels that the keyboard's pen moves at a key. */
const MOVE = 10;
/** Relative differences up to this are the truncation of central differences with h = 1e-4. */
const AGREED = 1e-4;
const LANGUAGE_KEY = 'gradparity-demo-language';

const element = <T extends HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found as T;
};

async function start(): Promise<void> {
  const model = (globalThis as { gradparityDemo?: DemoModel }).gradparityDemo;
  if (!model) throw new Error('model.js is not beside this page.');
  // One picture at a time: a graphics card would wait longer for its data than it computes.
  await tf.setBackend('cpu');
  new Page(model, await networkOfDemo(model));
}

class Page {
  private readonly drawing = new Drawing(PAD);
  private readonly pad = element<HTMLCanvasElement>('pad');
  private readonly pen = { x: PAD / 2, y: PAD / 2, isDown: false, isShown: false };
  private language: Language = 'en';
  private inputs: Float32Array | undefined;
  private reading: Reading | undefined;
  private compared: Compared | undefined;
  private unit = 0;
  private isScheduled = false;
  private rest: number | undefined;
  private speech: number | undefined;

  constructor(
    private readonly model: DemoModel,
    private readonly network: Mlp,
  ) {
    this.chooseLanguage(readersLanguage());
    this.fillUnits();
    this.listen();
    this.changed();
  }

  // ---- words ----

  private say(key: TextKey, values: Record<string, string | number> = {}): string {
    return texts[this.language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  }

  private percent = (share: number): string =>
    new Intl.NumberFormat(this.language, { style: 'percent', maximumFractionDigits: 1 }).format(share);

  private chooseLanguage(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    document.title = `gradparity: ${this.say('title')}`;
    element<HTMLSelectElement>('language').value = language;
    for (const each of document.querySelectorAll<HTMLElement>('[data-text]')) {
      each.textContent = this.say(each.dataset.text as TextKey);
    }
    element('intro').textContent = this.say('intro', { layers: this.network.structure.sizes.join('-') });
    fillSelect(element('sample'), [['', this.say('sampleNone')], ...Object.keys(samples).map(twice)]);
    fillSelect(element('target'), [
      ['', this.say('asRead')],
      ...this.model.classes.map((name, k): [string, string] => [String(k), name]),
    ]);
    element('seen').setAttribute('aria-label', this.say('seenLabel', { ...this.model.image }));
    for (const input of document.querySelectorAll<HTMLInputElement>('.unit input')) {
      input.setAttribute('aria-label', this.say('unit', { number: Number(input.value) + 1 }));
    }
    this.countUnits();
  }

  /** To a screen reader, when nothing has changed for a while. */
  private speak(): void {
    clearTimeout(this.speech);
    this.speech = window.setTimeout(() => {
      element('spoken').textContent =
        `${element('answer').textContent} ${this.compared ? element('parity').textContent : ''}`;
    }, SPEAK);
  }

  // ---- events ----

  private listen(): void {
    element<HTMLSelectElement>('language').addEventListener('change', (event) => {
      const language = (event.target as HTMLSelectElement).value as Language;
      remember(language);
      this.chooseLanguage(language);
      this.showReading();
      this.showCompared();
    });
    element('undo').addEventListener('click', () => this.change(() => this.drawing.undo()));
    element('clear').addEventListener('click', () => this.clear());
    element<HTMLSelectElement>('sample').addEventListener('change', (event) => {
      const select = event.target as HTMLSelectElement;
      const strokes = (samples as unknown as Record<string, Stroke[]>)[select.value];
      if (strokes) this.change(() => this.drawing.show({ strokes }));
    });
    element<HTMLSelectElement>('target').addEventListener('change', () => this.changed());
    element<HTMLInputElement>('file').addEventListener('change', (event) => {
      const input = event.target as HTMLInputElement;
      const [file] = input.files ?? [];
      // The same file may be opened again.
      input.value = '';
      if (file) void this.open(file);
    });
    this.listenToPointer();
    this.listenToKeys();
  }

  private async open(file: File): Promise<void> {
    let image: ImageBitmap;
    try {
      image = await createImageBitmap(file);
    } catch {
      element('image-error').textContent = this.say('badImage', { name: file.name });
      return;
    }
    this.change(() => this.drawing.show({ image }));
  }

  private listenToPointer(): void {
    const { pad } = this;
    let drawing: number | undefined;
    const place = (event: PointerEvent): [number, number] => {
      const box = pad.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * PAD, ((event.clientY - box.top) / box.height) * PAD];
    };
    pad.addEventListener('pointerdown', (event) => {
      if (drawing !== undefined || event.button !== 0) return;
      drawing = event.pointerId;
      pad.setPointerCapture(event.pointerId);
      Object.assign(this.pen, { isDown: false, isShown: false });
      this.change(() => this.drawing.begin(...place(event)));
    });
    pad.addEventListener('pointermove', (event) => {
      if (event.pointerId !== drawing) return;
      const all = event.getCoalescedEvents?.() ?? [];
      this.change(() => {
        for (const each of all.length > 0 ? all : [event]) this.drawing.to(...place(each));
      });
    });
    const end = (event: PointerEvent): void => {
      if (event.pointerId === drawing) drawing = undefined;
    };
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      pad.addEventListener(name, end);
    }
  }

  private listenToKeys(): void {
    const { pad, pen } = this;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-MOVE, 0],
      ArrowRight: [MOVE, 0],
      ArrowUp: [0, -MOVE],
      ArrowDown: [0, MOVE],
    };
    pad.addEventListener('keydown', (event) => {
      if (event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey)) {
        this.change(() => this.drawing.undo());
      } else if (event.ctrlKey || event.metaKey || event.altKey) return;
      else if (moves[event.key]) {
        pen.isShown = true;
        pen.x = Math.min(PAD, Math.max(0, pen.x + moves[event.key][0]));
        pen.y = Math.min(PAD, Math.max(0, pen.y + moves[event.key][1]));
        this.change(() => pen.isDown && this.drawing.to(pen.x, pen.y));
        if (!event.repeat) this.sayPen();
      } else if (event.key === ' ' || event.key === 'Enter') {
        if (event.repeat) return event.preventDefault();
        pen.isShown = true;
        pen.isDown = !pen.isDown;
        this.change(() => pen.isDown && this.drawing.begin(pen.x, pen.y));
        this.sayPen();
      } else if (event.key === 'Delete' || event.key === 'Backspace') this.clear();
      else return;
      event.preventDefault();
    });
    pad.addEventListener('blur', () => {
      Object.assign(pen, { isDown: false, isShown: false });
      this.drawing.onto(pad);
    });
  }

  private sayPen(): void {
    const { x, y, isDown } = this.pen;
    element('pen').textContent = this.say(isDown ? 'penDown' : 'penUp', { x: x / MOVE, y: y / MOVE });
  }

  private clear(): void {
    this.pen.isDown = false;
    this.change(() => this.drawing.clear());
    element('pen').textContent = this.say('cleared');
  }

  private change(action: () => void): void {
    action();
    element('image-error').textContent = '';
    this.drawing.onto(this.pad, this.pen.isShown ? this.pen : undefined);
    this.changed();
  }

  // ---- what the network makes of it ----

  private changed(): void {
    if (!this.isScheduled) {
      this.isScheduled = true;
      requestAnimationFrame(() => {
        this.isScheduled = false;
        this.readDrawing();
      });
    }
    clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.takeGradients(), REST);
  }

  private readDrawing(): void {
    const { image } = this.model;
    this.inputs = undefined;
    try {
      // Digits are found by what differs from the ground; other pictures are bright on black, as MNIST's kin.
      const isInverted = image.preparation === 'plain' && !this.drawing.hasImage;
      if (!this.drawing.isEmpty) this.inputs = toInputs(this.drawing.pixels({ isInverted }), image, '');
    } catch (error) {
      // A speck, or an image of one colour.
      if (!(error instanceof InputError)) throw error;
    }
    this.reading = this.inputs && read(this.network, this.inputs);
    this.showReading();
  }

  private takeGradients(): void {
    if (this.isScheduled) this.readDrawing();
    const { inputs, reading } = this;
    const target = element<HTMLSelectElement>('target').value;
    this.compared =
      inputs && reading && compare(this.network, inputs, target === '' ? reading.best : Number(target));
    this.showCompared();
    this.speak();
  }

  private showReading(): void {
    const { reading, model } = this;
    element('answer').textContent = reading
      ? this.say('answer', {
          label: model.classes[reading.best],
          percent: this.percent(reading.probabilities[reading.best]),
        })
      : this.say('nothing');
    const body = element('probabilities').querySelector('tbody') as HTMLTableSectionElement;
    if (body.rows.length === 0) {
      for (const name of model.classes) {
        const row = body.insertRow();
        row.append(header(name));
        const bar = document.createElement('span');
        bar.className = 'bar';
        bar.append(document.createElement('i'), document.createElement('span'));
        row.insertCell().append(bar);
      }
    }
    Array.from(body.rows).forEach((row, k) => {
      const share = reading?.probabilities[k] ?? 0;
      row.classList.toggle('best', reading?.best === k);
      row.style.setProperty('--share', String(share));
      const words = row.cells[1].querySelector('span span') as HTMLElement;
      words.textContent = reading ? this.percent(share) : '–';
    });
    paintInk(element('seen'), this.inputs, model.image);
    this.showActivations();
  }

  // ---- the first layer ----

  private fillUnits(): void {
    const { image } = this.model;
    const weights = this.network.parameters.W1.dataSync();
    const [inputs = 0, units = 0] = this.network.parameters.W1.shape;
    for (let unit = 0; unit < Math.min(units, MOST_UNITS); unit++) {
      const own = Float32Array.from({ length: inputs }, (_, i) => weights[i * units + unit]);
      const label = document.createElement('label');
      label.className = 'unit';
      const input = document.createElement('input');
      Object.assign(input, { type: 'radio', name: 'unit', value: String(unit), checked: unit === 0 });
      input.setAttribute('aria-label', this.say('unit', { number: unit + 1 }));
      input.addEventListener('change', () => {
        this.unit = unit;
        this.showCompared();
      });
      const canvas = document.createElement('canvas');
      canvas.setAttribute('aria-hidden', 'true');
      paintSigned(canvas, own, { ...image, scale: largestOf(own) });
      label.append(input, canvas, document.createElement('i'));
      element('units').append(label);
    }
    this.countUnits();
  }

  private countUnits(): void {
    const [, all = 0] = this.network.parameters.W1.shape;
    const note = element('units-shown');
    note.hidden = all <= MOST_UNITS;
    note.textContent = this.say('unitsShown', { shown: Math.min(all, MOST_UNITS), all });
  }

  private showActivations(): void {
    const activations = this.reading?.activations ?? [];
    const most = Math.max(1, largestOf(activations));
    document.querySelectorAll<HTMLElement>('.unit').forEach((label, unit) => {
      const value = activations[unit] ?? 0;
      label.style.setProperty('--share', String(Math.abs(value) / most));
      label.querySelector('i')?.classList.toggle('negative', value < 0);
    });
  }

  // ---- the gradients ----

  private showCompared(): void {
    const { compared, model, unit } = this;
    const body = element('gradients').querySelector('tbody') as HTMLTableSectionElement;
    body.replaceChildren();
    const maps = element('maps');
    maps.replaceChildren();
    if (!compared) {
      element('parity').textContent = this.say('noGradient');
      return;
    }
    const exponent = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
    element('parity').textContent = this.say(compared.relative <= AGREED ? 'agree' : 'kink', {
      relative: exponent(compared.relative),
      loss: compared.loss.toPrecision(3),
      numericalTime: compared.milliseconds.numerical.toFixed(0),
      autodiffTime: compared.milliseconds.autodiff.toFixed(0),
    });
    for (const each of compared.parameters) {
      const row = body.insertRow();
      row.append(header(each.name));
      const cells = [
        String(each.entries),
        exponent(each.largest),
        exponent(each.largestDifference),
        exponent(relativeOf(each)),
      ];
      for (const text of cells) row.insertCell().textContent = text;
    }
    const [, units = 0] = this.network.parameters.W1.shape;
    const column = (values: ArrayLike<number>): number[] =>
      Array.from({ length: model.image.rows * model.image.columns }, (_, i) => values[i * units + unit]);
    const [numerical, autodiff] = [column(compared.numerical), column(compared.autodiff)];
    const difference = numerical.map((value, k) => value - autodiff[k]);
    const [scale, apart] = [largestOf([...numerical, ...autodiff]), largestOf(difference)];
    const factor = apart === 0 ? 0 : scale / apart;
    const captions = [
      this.say('numerical'),
      this.say('autodiff'),
      factor === 0
        ? this.say('noDifference')
        : this.say('difference', { factor: factor < 1000 ? factor.toPrecision(2) : factor.toExponential(0) }),
    ];
    [numerical, autodiff, difference].forEach((values, k) => {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', this.say('gradientOf', { number: unit + 1, kind: captions[k] }));
      paintSigned(canvas, values, { ...model.image, scale: k === 2 ? apart : scale });
      const caption = document.createElement('figcaption');
      caption.textContent = captions[k];
      figure.append(canvas, caption);
      maps.append(figure);
    });
  }
}

// ---- small things ----

const twice = (text: string): [string, string] => [text, text];

const largestOf = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let k = 0; k < values.length; k++) most = Math.max(most, Math.abs(values[k]));
  return most;
};

function header(text: string): HTMLTableCellElement {
  const cell = document.createElement('th');
  cell.scope = 'row';
  cell.textContent = text;
  return cell;
}

/** The options anew, with the chosen one as it was. */
function fillSelect(select: HTMLSelectElement, options: [value: string, text: string][]): void {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  select.value = chosen;
}

/** The language that the reader chose before, else the browser's. */
function readersLanguage(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(LANGUAGE_KEY);
  } catch {
    // A page from a folder may have no storage.
  }
  if (chosen !== null && chosen in texts) return chosen as Language;
  const spoken = navigator.languages.map((each) => each.toLowerCase().slice(0, 2));
  return spoken.find((each) => each === 'zh' || each === 'en') === 'zh' ? 'zh-CN' : 'en';
}

function remember(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // The choice holds until the page is closed.
  }
}

start().catch((error: unknown) => {
  const failure = element('failure');
  failure.hidden = false;
  failure.textContent = texts[readersLanguage()].failed.replace(
    '{message}',
    error instanceof Error ? error.message : String(error),
  );
});
