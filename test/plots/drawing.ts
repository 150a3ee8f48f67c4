/** Reading pictures back: what the tests of the plots share. */
import { parseHTML } from 'linkedom';
import { nodeDocument } from '../../src/plots/node-document.js';
import { present } from '../support/present.js';

export const document = nodeDocument();

/** The drawn picture's root element. */
export function read(svg: string): Element {
  return present(parseHTML(svg).document.querySelector('svg'));
}

export const texts = (root: Element): string[] =>
  Array.from(root.querySelectorAll('text')).map((text) => text.textContent);

/** The elements under a mark's group, which Plot labels: 'line', 'dot', 'contour' … */
export function mark(root: Element, label: string, tag = 'path'): Element[] {
  return Array.from(root.querySelectorAll(`[aria-label="${label}"]`)).flatMap((group) =>
    Array.from(group.querySelectorAll(tag)),
  );
}

/** The lines of a path without curves: its M and L points, a list for each M. */
export function outline(path: Element): [number, number][][] {
  const pieces = present(path.getAttribute('d')).split('M').slice(1);
  return pieces.map((piece) =>
    piece
      .replace(/Z$/, '')
      .split('L')
      .map((point) => point.split(',').map(Number) as [number, number]),
  );
}

export const attribute = (element: Element, name: string): number => Number(element.getAttribute(name));
