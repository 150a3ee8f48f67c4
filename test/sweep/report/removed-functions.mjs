/** Puts back the two functions of node:util that tfjs-node calls; Node 23 has removed them. */
import util from 'node:util';

util.isArray = Array.isArray;
util.isNullOrUndefined = (value) => value === null || value === undefined;
