/** Methods that are replaced and put back. Oracle: the object before. */
import { expect, test } from '@jest/globals';
import { isInherited, replaceMethods } from '../src/methods.js';
import { isFast } from './support/fast-properties.js';

class Base {
  inherited(): string {
    return 'of the class';
  }
  own(): string {
    return 'of the class';
  }
}

test('what is there before is there again, inherited or the object’s own', () => {
  const target = new Base();
  const own = (): string => 'its own';
  target.own = own;
  const putBack = replaceMethods(target, { inherited: () => 'new', own: () => 'new' });
  expect([target.inherited(), target.own()]).toEqual(['new', 'new']);
  putBack();
  expect(Object.keys(target)).toEqual(['own']);
  expect([isInherited(target, 'inherited'), isInherited(target, 'own')]).toEqual([true, false]);
  expect(target.own).toBe(own);
  expect(target.inherited()).toBe('of the class');
});

test('replaced twice, it is put back in the reverse order', () => {
  const target = new Base();
  const outer = replaceMethods(target, { own: () => 'outer' });
  const inner = replaceMethods(target, { own: () => 'inner' });
  inner();
  expect(target.own()).toBe('outer');
  outer();
  expect(Object.keys(target)).toEqual([]);
});

test('a method of the class that is changed afterwards is the changed one, and so is one that is put back', () => {
  class Own extends Base {}
  const target = new Own();
  const { inherited } = Base.prototype;
  Own.prototype.inherited = () => 'changed before';
  const putBack = replaceMethods(target, { inherited: () => 'new' });
  putBack();
  expect(target.inherited()).toBe('changed before');
  Own.prototype.inherited = inherited;
  expect(target.inherited()).toBe('of the class');
});

test('the object stays a fast one, which it does not where a property is deleted', () => {
  const target = new Base();
  replaceMethods(target, { inherited: () => 'new' })();
  replaceMethods(target, { inherited: () => 'new', own: () => 'new' })();
  expect(isFast(target)).toBe(true);
  Reflect.deleteProperty(target, 'inherited');
  expect(isFast(target)).toBe(false);
});
