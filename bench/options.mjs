// The command line of the benchmark.
import os from 'node:os';
import { parseArgs } from 'node:util';

export const DEFAULT_ROUNDS = 7;

export const USAGE = `npm run bench -- [--rounds N] [--only a,b] [--json FILE] [--pin none|split|same] [--no-build] [--list]
  --rounds N   rounds of every part, ${DEFAULT_ROUNDS} when left out; goals are judged by the median of the rounds
  --only a,b   only these parts
  --json FILE  writes every figure of every round as well
  --pin HOW    split: servers on core 0, clients on core 1; same: everything on core 0; none: as the kernel likes (default)
  --no-build   measures what lies in packages/*/dist, without building it anew
  --list       names the parts`;

/** Reads the command line; throws an Error in words. `partNames` are the names that `--only` knows. */
export function readOptions(argv, partNames) {
  const { values } = parseArgs({
    args: argv,
    options: {
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      only: { type: 'string' },
      json: { type: 'string' },
      pin: { type: 'string', default: 'none' },
      'no-build': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a number from 1 on is expected`);
  const only = values.only === undefined ? partNames : values.only.split(',').map((name) => name.trim());
  const stranger = only.find((name) => !partNames.includes(name));
  if (stranger !== undefined) throw new Error(`--only ${stranger}: there is no such part; the parts are ${partNames.join(', ')}`);
  if (!['none', 'split', 'same'].includes(values.pin)) throw new Error(`--pin ${values.pin}: none, split or same is expected`);
  if (values.pin === 'split' && os.cpus().length < 2) throw new Error('--pin split: this machine has one core only');
  return { rounds, only, json: values.json, pin: values.pin, builds: !values['no-build'], lists: values.list, helps: values.help };
}
