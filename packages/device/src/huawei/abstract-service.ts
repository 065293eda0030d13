import { LianyunError, type JsonObject, type JsonValue } from '@lianyun/protocol';
import { CommandRsp, IotResult, type DeviceEvent } from './data.ts';
import type { Command } from './gateway-data.ts';
import type { Told } from './listeners.ts';

/** A value of a property, at once or later. */
export type PropertyValue = JsonValue | Promise<JsonValue>;

/** A property of a service, kept in a field of the service (the vendor's `Property`). */
export class Property {
  /** Its value. A method `getX` of the service, where the field is `x`, is asked instead of it, and `setX` is told instead. */
  val: JsonValue;
  /** The field of the service that holds it. */
  fieldName: string;
  /** Its name in the product model. */
  propName: string;
  /** Whether the platform may set it. */
  writeable: boolean;

  constructor({ val = null, fieldName = '', propName = fieldName, writeable = true }: Partial<Property> = {}) {
    this.val = val;
    this.fieldName = fieldName;
    this.propName = propName;
    this.writeable = writeable;
  }
}

/** What a service asks of the device that it was added to. */
export interface ServiceOwner {
  getDeviceId(): string;
  firePropertiesChanged(serviceId: string, properties: readonly string[]): void;
}

/** What the decorators leave for the services that are made. */
interface Declared {
  readonly readable: Record<string, string>;
  readonly writeable: Record<string, string>;
  readonly commands: Record<string, string>;
}

type Decorated = ClassMethodDecoratorContext | ClassAccessorDecoratorContext | ClassFieldDecoratorContext | ClassGetterDecoratorContext;

/**
 * Makes a field, accessor or getter of an {@link AbstractService} a property of the service (a decorator of the language, stage 3):
 * `@property() accessor temperature = 20`.
 * @param propName its name in the product model; left out: its own.
 */
export function property(propName?: string, { writeable }: { readonly writeable?: boolean } = {}) {
  return (_target: unknown, context: ClassAccessorDecoratorContext | ClassFieldDecoratorContext | ClassGetterDecoratorContext): void => {
    const name = textual(context, 'property');
    context.addInitializer(function (this: unknown) {
      const { readable, writeable: writes } = declaredOf(this);
      readable[propName ?? name] = name;
      if (writeable ?? context.kind !== 'getter') writes[propName ?? name] = name;
    });
  };
}

/** Makes a method of an {@link AbstractService} a command of the service: `@command('ringAlarm') ring(paras) { … }`. @param commandName left out: its own. */
export function command(commandName?: string) {
  return (_target: unknown, context: ClassMethodDecoratorContext): void => {
    const name = textual(context, 'command');
    context.addInitializer(function (this: unknown) {
      declaredOf(this).commands[commandName ?? name] = name;
    });
  };
}

function textual({ name, static: isStatic }: Decorated, decorator: string): string {
  if (typeof name !== 'string' || isStatic || name.startsWith('#')) throw new LianyunError('bad-input', `@${decorator}() belongs to a public member of an instance, not to ${String(name)}.`);
  return name;
}

const declared = new WeakMap<object, Declared>();

function declaredOf(service: unknown): Declared {
  // A decorator's initializer runs with the instance.
  const instance = service as object;
  let known = declared.get(instance);
  if (known === undefined) declared.set(instance, (known = { readable: {}, writeable: {}, commands: {} }));
  return known;
}

/**
 * A service of the product model: define its properties and commands once, and sets, gets, reports and commands follow. Extend it, name its properties
 * with {@link defineProperties} or `@property()` and its commands with {@link command2method} or `@command()`, and add it with `IotDevice.addService()`.
 */
export abstract class AbstractService {
  /** As in the product model; `addService()` gives it. */
  serviceId = '';
  /** Properties that can be read, and those that can be written: names of the model to fields of this object, as the vendor's SDK has them. */
  readonly readableProp2field: Record<string, string> = {};
  readonly writeableProp2field: Record<string, string> = {};
  /** Commands of the model to methods of this object. A method takes the command's parameters and gives a {@link CommandRsp}, at once or later. */
  command2method: Record<string, string> = {};
  #device: ServiceOwner | undefined;
  #stopAutoReport: (() => void) | undefined;
  #every: ((ms: number, work: () => void) => () => void) | undefined;

  /** Names the properties that this service keeps in fields. */
  defineProperties(...properties: readonly Property[]): void {
    for (const { propName, fieldName, writeable } of properties) {
      this.readableProp2field[propName] = fieldName;
      if (writeable) this.writeableProp2field[propName] = fieldName;
    }
  }

  /** Values by property name. @param properties names of the model; empty: all that can be read. What cannot be read is left out. */
  onRead(properties: readonly string[]): JsonObject | Promise<JsonObject> {
    const table = this.#table('readable');
    const names = (properties.length === 0 ? Object.keys(table) : [...properties]).filter((name) => Object.hasOwn(table, name));
    const values: Record<string, JsonValue> = {};
    const waits: Promise<void>[] = [];
    for (const name of names) {
      const value = this.#valueOf(table[name] ?? '');
      if (value instanceof Promise) {
        // Keeps its place.
        values[name] = null;
        const keep = (each: JsonValue | undefined): void => void (each === undefined ? delete values[name] : (values[name] = each));
        waits.push(value.then(keep, (error: unknown) => (this.#problem(`${name} could not be read`, error), keep(undefined))));
      } else if (value !== undefined) values[name] = value;
    }
    return waits.length === 0 ? values : Promise.all(waits).then(() => values);
  }

  /** Sets values by property name, one after the other; the first that cannot be set ends it. What changed is reported. */
  onWrite(properties: JsonObject): IotResult | Promise<IotResult> {
    return this.#write(Object.entries(properties), []);
  }

  /** Runs a command. */
  onCommand({ commandName, paras }: Command): CommandRsp | Promise<CommandRsp> {
    const table = this.#table('commands');
    const failed = (error: string): CommandRsp => new CommandRsp({ resultCode: -1, paras: { error } });
    if (!Object.hasOwn(table, commandName)) return failed(`command not found: ${commandName}`);
    const name = table[commandName] ?? '';
    const method = this.#method(name);
    if (method === undefined) return failed(`method not found: ${name}`);
    const threw = (error: unknown): CommandRsp => {
      this.#problem(`the command ${commandName}`, error);
      return failed(`method execute failed, Exception: ${textOf(error)}`);
    };
    const answered = (answer: unknown): CommandRsp => (typeof answer === 'object' && answer !== null ? (answer as CommandRsp) : new CommandRsp());
    try {
      const answer = method(paras);
      return answer instanceof Promise ? answer.then(answered, threw) : answered(answer);
    } catch (error) {
      return threw(error);
    }
  }

  /** An event of the platform for this service. Override it to take it. */
  onEvent(_deviceEvent: DeviceEvent): Told {
    return undefined;
  }

  /** Reports properties of this service. @param properties names of the model; empty: all. */
  firePropertiesChanged(properties: readonly string[] = []): void {
    this.getIotDevice()?.firePropertiesChanged(this.serviceId, properties);
  }

  /** Reports all properties again and again, until {@link disableAutoReport}. @param reportInterval seconds. */
  enableAutoReport(reportInterval: number): void {
    if (this.#stopAutoReport !== undefined) return;
    if (!(reportInterval > 0)) throw new LianyunError('bad-input', `enableAutoReport() takes seconds above 0, not ${String(reportInterval)}.`);
    if (this.#every === undefined) throw new LianyunError('bad-input', `The service ${this.serviceId} was added to no device: call addService() before enableAutoReport().`);
    this.#stopAutoReport = this.#every(reportInterval * 1000, () => this.firePropertiesChanged());
  }

  /** Ends {@link enableAutoReport}. */
  disableAutoReport(): void {
    this.#stopAutoReport?.();
    this.#stopAutoReport = undefined;
  }

  /** The device that it was added to. */
  getIotDevice(): ServiceOwner | undefined {
    return this.#device;
  }

  /** Puts it onto a device; `addService()` does. */
  setIotDevice(device: ServiceOwner): void {
    this.#device = device;
  }

  /** What it needs of its device. @internal */
  join(every: (ms: number, work: () => void) => () => void, problem: (what: string, error: unknown) => void): void {
    this.#every = every;
    this.#report = problem;
  }

  #report: ((what: string, error: unknown) => void) | undefined;

  #problem(what: string, error: unknown): void {
    this.#report?.(`${this.serviceId}: ${what}`, error);
  }

  #table(kind: keyof Declared): Readonly<Record<string, string>> {
    const own = { readable: this.readableProp2field, writeable: this.writeableProp2field, commands: this.command2method }[kind];
    return { ...declared.get(this)?.[kind], ...own };
  }

  #member(name: string): unknown {
    return (this as unknown as Readonly<Record<string, unknown>>)[name];
  }

  #method(name: string): ((argument?: unknown) => unknown) | undefined {
    const member = this.#member(name);
    return typeof member === 'function' ? (argument) => Reflect.apply(member, this, argument === undefined ? [] : [argument]) as unknown : undefined;
  }

  #valueOf(field: string): PropertyValue | undefined {
    const getter = this.#method(`get${capital(field)}`);
    try {
      if (getter !== undefined) return getter() as PropertyValue;
    } catch (error) {
      this.#problem(`${field} could not be read`, error);
      return undefined;
    }
    const value = this.#member(field);
    // A field holds what its service put there.
    return value instanceof Property ? value.val : (value as JsonValue | undefined);
  }

  #write(entries: readonly (readonly [string, JsonValue])[], changed: readonly string[]): IotResult | Promise<IotResult> {
    const [first, ...rest] = entries;
    if (first === undefined) {
      if (changed.length > 0) this.firePropertiesChanged(changed);
      return IotResult.SUCCESS;
    }
    const [name, value] = first;
    const threw = (error: unknown): IotResult => {
      this.#problem(`${name} could not be set`, error);
      return IotResult.failed(textOf(error));
    };
    try {
      const result = this.#assign(name, value);
      if (typeof result === 'string') return IotResult.failed(result);
      const next = (): IotResult | Promise<IotResult> => this.#write(rest, [...changed, name]);
      return result instanceof Promise ? result.then(next, threw) : next();
    } catch (error) {
      return threw(error);
    }
  }

  /** Sets a property; gives why it cannot be set, or the promise of its being set. */
  #assign(name: string, value: JsonValue): string | Promise<unknown> | undefined {
    const table = this.#table('writeable');
    if (!Object.hasOwn(table, name)) return `property not found or not writeable: ${name}`;
    const field = table[name] ?? '';
    const setter = this.#method(`set${capital(field)}`);
    if (setter !== undefined) {
      const result = setter(value);
      return result instanceof Promise ? result : undefined;
    }
    const member = this.#member(field);
    if (member instanceof Property) member.val = value;
    else if (declared.get(this)?.writeable[name] === field) (this as unknown as Record<string, unknown>)[field] = value;
    else return field in this ? `setter method not found: set${capital(field)}` : `field not found: ${name}`;
    return undefined;
  }
}

const capital = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
