// What is wrong with a connection, in words.
export { goodbyeOf, hintFor, refusalOf } from './connack.ts';
export { endingOf } from './net/fault.ts';
export { protocolFault } from './net/socket-fault.ts';
