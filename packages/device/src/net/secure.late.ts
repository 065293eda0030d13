// TLS.
export { contextOf, readTls } from './tls-options.ts';
export { connectOptions, openTls, openTlsIn, pskOptions } from './tls.ts';
