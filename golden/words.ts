// The vendor's names and ours: Python's snake_case on one side, camelCase on the other.

export const camel = (name: string): string => name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The members of an object with our names. */
export const camelMembers = (given: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(given).map(([name, value]) => [camel(name), value]));

interface Shown {
  /** The recorded name of a class. */
  className?(value: object): string;
  /** Members that the vendor's class does not have. */
  readonly hidden?: ReadonlySet<string>;
}

/** A value as the transcripts write it. */
export function shown(value: unknown, options: Shown = {}): unknown {
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    const text = bytes.toString('utf8');
    return Buffer.from(text).equals(bytes) ? { $bytes: text } : { $base64: bytes.toString('base64') };
  }
  if (value instanceof Error) return { $error: value.name, message: value.message };
  if (Array.isArray(value)) return value.map((each: unknown) => shown(each, options));
  if (typeof value !== 'object' || value === null) return value;
  const isPlain = Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
  // What a program gave or got as JSON keeps its names.
  if (isPlain) return value;
  const members = Object.entries(value).filter(([name, each]) => options.hidden?.has(name) !== true && each !== undefined);
  return { $class: options.className?.(value) ?? value.constructor.name, ...Object.fromEntries(members.map(([name, each]) => [snake(name), shown(each, options)])) };
}
