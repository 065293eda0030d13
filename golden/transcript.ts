// The format of the transcripts: one JSON object a line, what a call was and what was seen on the wire and in the program.
import { readFile } from 'node:fs/promises';

/** A downlink that the server sends. `payload`: an object is sent as JSON, text as it is, `{ $base64 }` and `{ $bytes }` as bytes. */
export interface Injection {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly payload: unknown;
}

/** One recorded case. Members beyond these are observations as well, and compared under their own names. */
export interface Case {
  readonly id: string;
  readonly sdk: string;
  readonly scenario: string;
  readonly api: string;
  readonly call: Readonly<Record<string, unknown>>;
  readonly inject?: Injection | readonly Injection[];
  /** CONNACK codes that the server answers with, in turn; 0 when there are none left. */
  readonly connack?: readonly number[];
  /** JSON pointers to what may differ from run to run. */
  readonly volatile?: readonly string[];
  /** JSON pointers to what even a second run of the same program did otherwise. */
  readonly timingDependent?: readonly string[];
  readonly note?: string;
  /** The file that it was read from, which scenarios of the same name are told apart by. */
  readonly file?: string;
  readonly [observation: string]: unknown;
}

/** The downlinks of a case. */
export const injectionsOf = ({ inject }: Case): readonly Injection[] => (inject === undefined ? [] : Array.isArray(inject) ? (inject as readonly Injection[]) : [inject as Injection]);

/** Reads transcripts. Throws, with file and line, when a line is no case. */
export async function readTranscripts(files: readonly string[]): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [number, file] of files.entries()) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    for (const [index, line] of lines.entries()) if (line.trim() !== '') cases.push({ ...readCase(line, `${file}:${index + 1}`), file: `${number} ${file}` });
  }
  return cases;
}

function readCase(line: string, place: string): Case {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new Error(`${place}: the line is no JSON: ${String(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${place}: an object is expected.`);
  for (const member of ['id', 'sdk', 'scenario', 'api']) {
    if (typeof (value as Record<string, unknown>)[member] !== 'string') throw new Error(`${place}: ${member} is missing or no text.`);
  }
  // The members that every case has were checked; the others are optional and read with care where they are used.
  return { call: {}, ...value } as Case;
}

/** What cases of one scenario have in common, and no others: the names of scenarios are those of a file. */
export const scenarioOf = ({ file = '', sdk, scenario }: Case): string => JSON.stringify([file, sdk, scenario]);

/** Cases of one scenario ran one after another in one process; they are replayed so. */
export function byScenario(cases: readonly Case[]): Map<string, Case[]> {
  const scenarios = new Map<string, Case[]>();
  for (const each of cases) {
    const key = scenarioOf(each);
    const known = scenarios.get(key);
    if (known === undefined) scenarios.set(key, [each]);
    else known.push(each);
  }
  return scenarios;
}

/** The bytes of an injected payload. */
export function bytesOf(payload: unknown): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  if (typeof payload === 'object' && payload !== null) {
    const { $base64, $bytes } = payload as { $base64?: unknown; $bytes?: unknown };
    if (typeof $base64 === 'string') return Buffer.from($base64, 'base64');
    if (typeof $bytes === 'string') return Buffer.from($bytes, 'latin1');
  }
  return Buffer.from(pythonJson(payload));
}

/** JSON with the spaces that Python writes: programs that look at the bytes see them. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pythonJson(each)}`).join(', ')}}`;
}
