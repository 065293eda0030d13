/**
 * Modules of Node.js that a device over plain TCP has no use for, each loaded when it is first asked for: together they take as long as all that a connection
 * needs. A static import would load them at the start; any `import` asks for all that a module exports, and with that `node:tls` reads every root certificate.
 */
export const node = {
  dns: () => process.getBuiltinModule('node:dns/promises'),
  fs: () => process.getBuiltinModule('node:fs'),
  fsPromises: () => process.getBuiltinModule('node:fs/promises'),
  http: () => process.getBuiltinModule('node:http'),
  https: () => process.getBuiltinModule('node:https'),
  tls: () => process.getBuiltinModule('node:tls'),
  util: () => process.getBuiltinModule('node:util'),
  zlib: () => process.getBuiltinModule('node:zlib'),
} as const;
