// Programs that are not ours and that tests run against: the real thing instead of our idea of it.
// scripts/test.mjs counts what did not run for want of one; with LIANYUN_REQUIRE_FOREIGN=1 a missing program is a failure.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'vitest';

/** Each program with how to install it. */
const PROGRAMS = {
  curl: 'apt-get install curl',
  mosquitto: 'apt-get install mosquitto',
  mosquitto_pub: 'apt-get install mosquitto-clients',
  mosquitto_sub: 'apt-get install mosquitto-clients',
  // The oldest that we support, beside the Node.js that came with npm ci.
  node22: `npm install --prefix .foreign node-22@npm:node-linux-${process.arch}@22.13.0 && ln -s node_modules/node-22/bin/node .foreign/node22`,
  openssl: 'apt-get install openssl',
  // Keys in hardware: the engine of OpenSSL for PKCS#11, and a token to try it with.
  'pkcs11.so': 'apt-get install libengine-pkcs11-openssl',
  'softhsm2-util': 'apt-get install softhsm2',
} as const;

/** A program that {@link foreign} knows. */
export type ForeignProgram = keyof typeof PROGRAMS;

declare module 'vitest' {
  interface TaskMeta {
    /** Set on a test that did not run because this program is missing; scripts/test.mjs reads it. */
    missing?: { readonly program: string; readonly install: string };
  }
}

// A user's PATH often lacks the directories that servers are installed in.
const BESIDE_PATH = [path.resolve(import.meta.dirname, '../../.foreign'), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];
// And where the engines of OpenSSL 3 are.
const ENGINES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/engines-3`);

/** The path of a foreign program, or undefined if it is not installed. Throws instead under LIANYUN_REQUIRE_FOREIGN=1. */
export function foreign(program: ForeignProgram, directories = directoriesOfPrograms()): string | undefined {
  const found = directories.map((directory) => path.join(directory, program)).find(isExecutable);
  if (found === undefined && process.env.LIANYUN_REQUIRE_FOREIGN === '1') throw new Error(`${program} is not installed (${PROGRAMS[program]})`);
  return found;
}

/**
 * A `describe` whose tests need foreign programs: `body` gets their paths, in the order asked for. When one is missing the tests are
 * skipped and counted as not run, or, under LIANYUN_REQUIRE_FOREIGN=1, one test fails and says how to install it.
 */
export function describeForeign<const P extends ForeignProgram | readonly ForeignProgram[]>(
  programs: P,
  name: string,
  body: (...paths: Paths<P>) => void,
): void {
  const wanted: readonly ForeignProgram[] = typeof programs === 'string' ? [programs] : programs;
  let paths: (string | undefined)[];
  try {
    paths = wanted.map((program) => foreign(program));
  } catch (error) {
    describe(name, () => it(`needs ${wanted.join(' and ')}`, () => Promise.reject(error as Error)));
    return;
  }
  const missing = wanted.find((_, index) => paths[index] === undefined);
  const options = missing === undefined ? {} : { skip: true, meta: { missing: { program: missing, install: PROGRAMS[missing] } } };
  // The name stands in for a path that no test gets to use: the tests of a skipped suite are collected, not run.
  describe(name, options, () => body(...(wanted.map((program, index) => paths[index] ?? program) as Paths<P>)));
}

/** One path for each program asked for. */
type Paths<P> = P extends readonly unknown[] ? { [K in keyof P]: string } : [string];

function directoriesOfPrograms(): string[] {
  return [...(process.env.PATH ?? '').split(path.delimiter), ...BESIDE_PATH, ...ENGINES].filter((each) => path.isAbsolute(each));
}

function isExecutable(file: string): boolean {
  try {
    // A library is read, not run.
    accessSync(file, file.endsWith('.so') ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
