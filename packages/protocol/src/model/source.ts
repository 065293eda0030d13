import { LianyunError } from '../errors.ts';
import { toBoth } from './both.ts';
import { literalOf } from './literal-of.ts';
import type { AnyModel } from './model.ts';

/** How the source of a model is written. */
export interface ModelSourceOptions {
  /** The name of the constant, `model` when left out; the types are named after it. */
  readonly name?: string;
  /** What `defineModel` is imported from, `lianyun` when left out. */
  readonly from?: string;
  /** Where the model comes from, for the first line: a file. */
  readonly source?: string;
}

/**
 * Writes a model as the source of a TypeScript module that calls `defineModel`: what `lianyun codegen FILE` prints. The
 * same model gives the same text, and running the text gives the model ({@link toBoth}), whatever its names are; members
 * whose names are whole numbers come first, as in any object of JavaScript.
 *
 * @throws LianyunError `bad-input` for a name that is no identifier
 */
export function generateModelSource(model: AnyModel, options: ModelSourceOptions = {}): string {
  const { name = 'model', from = 'lianyun', source } = options;
  if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) || RESERVED.has(name)) {
    throw new LianyunError('bad-input', `${JSON.stringify(name)} cannot be the name of a constant: letters, digits, _ and $, no word of the language.`);
  }
  const types = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return [
    `// Written by \`lianyun codegen\`${source === undefined ? '' : ` from ${printed(source)}`}: write it again instead of changing it.`,
    `import { defineModel, type ReportOf, type SetOf } from ${printed(from)};`,
    '',
    `export const ${name} = defineModel(${write(literalOf(toBoth(model)), '')});`,
    '',
    '/** What the device may report. */',
    `export type ${types}Report = ReportOf<typeof ${name}>;`,
    '/** What the cloud may set. */',
    `export type ${types}Set = SetOf<typeof ${name}>;`,
    '',
  ].join('\n');
}

const RESERVED = new Set(
  'await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield arguments defineModel ReportOf SetOf'.split(' '),
);

/** A string literal on one line, with nothing that ends a comment line. */
function printed(text: string): string {
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${json.replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}

const LINE = 160;

/** A value as source: on one line where it fits. */
function write(value: unknown, indent: string): string {
  switch (typeof value) {
    case 'string':
      return printed(value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      break;
    default:
      return String(value);
  }
  if (value === null) return 'null';
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((each: unknown) => write(each, inner))
    : Object.entries(value).map(([name, each]) => `${key(name)}: ${write(each, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const line = Array.isArray(value) ? `[${parts.join(', ')}]` : `{ ${parts.join(', ')} }`;
  if (indent.length + line.length <= LINE && !line.includes('\n') && !isDeep(value)) return line;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}

/** Whether an object holds objects that hold objects: such are easier to read on lines of their own. */
function isDeep(value: object): boolean {
  return Object.values(value).some((each) => isObject(each) && Object.values(each).some(isObject));
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function key(name: string): string {
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : printed(name);
}
