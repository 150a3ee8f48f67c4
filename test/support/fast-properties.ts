import v8 from 'node:v8';
import vm from 'node:vm';

/** Whether V8 keeps an object's properties at fixed places, and not as a dictionary in which each access has to look. */
export function isFast(target: object): boolean {
  v8.setFlagsFromString('--allow-natives-syntax');
  const ask = vm.runInThisContext('(target) => %HasFastProperties(target)') as (target: object) => boolean;
  return ask(target);
}
