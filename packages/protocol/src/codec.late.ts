// What is derived from the rows of a dialect. A device that its platform subscribes by itself connects without.
export { codecOf, entriesOf } from './codec.ts';
export { filtersAtConnect, filtersFor, rightsOf } from './rights.ts';
