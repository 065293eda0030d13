import { isJsonObject, parseExact, type JsonValue } from '@lianyun/protocol';

/** A place in a text; both count from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** The names and indices that lead from the root of a JSON document to one of its values. */
export type JsonPath = readonly (string | number)[];

/** A JSON document and where each of its values stands. */
export interface JsonMap {
  readonly value: JsonValue;
  /** Where the value at `path` stands; of a path that leads nowhere, where its nearest ancestor does. */
  where(path: JsonPath): TextPosition;
}

/** Makes the error that is thrown for a text that is no JSON. */
export type TextFault = (position: TextPosition, what: string) => Error;

const DEPTH = 200;
const SPACE = /[ \t\n\r]*/y;
// Unrolled, so that no text is tried in two ways: a string without an end must not cost more than one with it.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** A node of the document: where it begins, and the nodes within it by name or index. */
interface Node {
  readonly value: JsonValue;
  readonly at: number;
  readonly inner?: ReadonlyMap<string | number, Node>;
}

/**
 * Parses JSON and remembers where every value stands, which JSON.parse does not. Throws what `fault` makes of a text that is no JSON, or has a name
 * twice in one object.
 */
export function mapJson(text: string, fault: TextFault): JsonMap {
  const root = new Scan(text, fault).document();
  return {
    value: root.value,
    where(path) {
      let node = root;
      for (const step of path) {
        const next = node.inner?.get(step);
        if (next === undefined) break;
        node = next;
      }
      return positionOf(text, node.at);
    },
  };
}

/** A path in words: `huawei.devices[0].product_id`. */
export function showPath(path: JsonPath): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : /^[\w$-]+$/.test(step) ? `${index === 0 ? '' : '.'}${step}` : `[${JSON.stringify(step)}]`)).join('');
}

/** Reads `$.a[0].b` back into its steps. */
export function readPath(shown: string): JsonPath {
  return [...shown.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.([^.[\]]+)/g)].map(([, index, quoted, name]) => (index !== undefined ? Number(index) : quoted !== undefined ? (JSON.parse(quoted) as string) : (name ?? '')));
}

/** The value at `path`, undefined when there is none. */
export function valueAt(value: JsonValue, path: JsonPath): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const step of path) {
    const inner: JsonValue | readonly JsonValue[] | undefined = at;
    if (typeof step === 'number' ? !Array.isArray(inner) : !isJsonObject(inner) || !Object.hasOwn(inner, step)) return undefined;
    at = (inner as Record<string | number, JsonValue>)[step]; // an array for an index, an object for a name
  }
  return at;
}

function positionOf(text: string, at: number): TextPosition {
  const before = text.slice(0, at);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: at - lastBreak };
}

class Scan {
  readonly #text: string;
  readonly #fault: TextFault;
  #at: number;

  constructor(text: string, fault: TextFault) {
    this.#text = text;
    this.#fault = fault;
    this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  }

  document(): Node {
    const node = this.#value(0);
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#fail(`${this.#shown()} after the end of the document`);
    return node;
  }

  #value(depth: number): Node {
    this.#take(SPACE);
    const at = this.#at;
    if (depth > DEPTH) this.#fail(`more than ${DEPTH} levels`);
    const first = this.#text[at];
    if (first === '{') return this.#object(at, depth);
    if (first === '[') return this.#array(at, depth);
    const token = first === '"' ? this.#string() : this.#take(SCALAR);
    if (token === undefined) this.#fail(`${this.#shown()} where a value is expected`);
    return { at, value: parseExact(token) as JsonValue };
  }

  #object(at: number, depth: number): Node {
    const inner = new Map<string, Node>();
    this.#list('}', () => {
      this.#take(SPACE);
      const nameAt = this.#at;
      if (this.#text[nameAt] !== '"') this.#fail(`${this.#shown()} where a name in quotes is expected`);
      const name = JSON.parse(this.#string()) as string;
      if (inner.has(name)) this.#fail(`the name ${JSON.stringify(name)} stands twice in one object`, nameAt);
      this.#take(SPACE);
      if (this.#text[this.#at] !== ':') this.#fail(`${this.#shown()} where ":" is expected`);
      this.#at++;
      const { at: _valueAt, ...node } = this.#value(depth + 1);
      // A member's place is its name: the value may stand on a later line.
      inner.set(name, { ...node, at: nameAt });
    });
    return { at, inner, value: Object.fromEntries([...inner].map(([name, node]) => [name, node.value])) };
  }

  #array(at: number, depth: number): Node {
    const inner = new Map<number, Node>();
    this.#list(']', () => inner.set(inner.size, this.#value(depth + 1)));
    return { at, inner, value: [...inner.values()].map((node) => node.value) };
  }

  #list(end: string, element: () => void): void {
    this.#at++;
    this.#take(SPACE);
    if (this.#text[this.#at] === end) {
      this.#at++;
      return;
    }
    while (true) {
      element();
      this.#take(SPACE);
      const next = this.#text[this.#at];
      if (next !== end && next !== ',') this.#fail(`${this.#shown()} where "," or "${end}" is expected`);
      this.#at++;
      if (next === end) return;
    }
  }

  #string(): string {
    return this.#take(STRING) ?? this.#fail('a string that does not end in its line, or holds a control character or an unknown escape');
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [token] = pattern.exec(this.#text) ?? [];
    if (token !== undefined) this.#at += token.length;
    return token;
  }

  #shown(): string {
    const found = this.#text.codePointAt(this.#at);
    return found === undefined ? 'the text ends' : JSON.stringify(String.fromCodePoint(found));
  }

  #fail(what: string, at = this.#at): never {
    throw this.#fault(positionOf(this.#text, at), what);
  }
}
