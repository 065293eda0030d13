import type { JsonValue } from '../json.ts';

/**
 * What a product can do, in the words of neither cloud: read from a Huawei product profile (`readHuaweiProfile`) or a
 * Tencent data template (`readTencentTemplate`). It is plain, immutable data; names are values of `name` members and
 * never keys of an object, so `__proto__` or `constructor` is a name like any other.
 */
export interface ThingModel<C extends Cloud | 'both' = Cloud> {
  /**
   * Whose rules hold for values: the same type is judged differently by the clouds (a boolean is `true` or `1`). `both`: a
   * model for either cloud (`defineModel`, `toBoth`), whose values are a program's, before `forCloud` puts them on a wire.
   */
  readonly cloud: C;
  /** Huawei: the services of the product. Tencent: exactly one, without a name. Both: either. */
  readonly services: readonly Service[];
  /** `version` of a Tencent template. */
  readonly version?: string;
  /** `profile.ProductId` of a Tencent template. */
  readonly productId?: string;
  /** `profile.CategoryId` of a Tencent template. */
  readonly categoryId?: string;
}

/** A model of one cloud or of both. */
export type AnyModel = ThingModel<Cloud | 'both'>;

/** The cloud that a model was written for. */
export type Cloud = 'huawei' | 'tencent';

/** A service of a product: properties, commands and events that belong together (huawei 14.6). */
export interface Service {
  /** `service_id`. Left out for Tencent, whose template has no services, as in `PropertyGroup.service`. */
  readonly name?: string;
  /** `service_type`; Huawei takes the name when it is left out. */
  readonly type?: string;
  readonly option?: 'Master' | 'Mandatory' | 'Optional';
  readonly description?: string;
  readonly properties: readonly Property[];
  readonly commands: readonly Command[];
  readonly events: readonly Event[];
}

/** A named, typed place for a value: a parameter of a command or an event, a member of a struct. */
export interface Parameter {
  /** The name on the wire: `property_name`, `para_name`, `id`. */
  readonly name: string;
  /** The name for people. Tencent's `name`; Huawei has none. */
  readonly title?: string;
  readonly description?: string;
  readonly type: ValueType;
  /**
   * Whether the cloud refuses a message without it: Huawei's `required`; for Tencent true for the input and output of an
   * action and for the parameters of an event (2.6, 2.10), false for members of a struct.
   */
  readonly required: boolean;
  /** `default_value` as it stands in the profile; it is not judged by the type. A bigint beyond 2^53. Huawei only. */
  readonly defaultValue?: JsonValue;
}

/** A property. `required` is the flag as declared: a report or a set may name any subset of the properties all the same. */
export interface Property extends Parameter {
  /** Huawei: `R`; Tencent: every property. */
  readonly readable: boolean;
  /** Whether the cloud can set it. Huawei: `W`; Tencent: `rw`. */
  readonly writable: boolean;
  /** Whether the device tells changes by itself. Huawei: `E`; Tencent: every property. */
  readonly observable: boolean;
}

/** A command (Huawei) or an action (Tencent). */
export interface Command {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** Tencent's `required`. */
  readonly required?: boolean;
  readonly args: readonly Parameter[];
  /** What it may answer. Huawei: none or several, told apart by name; none leaves the answer free. Tencent: exactly one. */
  readonly outputs: readonly CommandOutput[];
}

/** One form of the answer to a command. */
export interface CommandOutput {
  /** `response_name`. Left out for Tencent. */
  readonly name?: string;
  readonly params: readonly Parameter[];
}

/** An event. */
export interface Event {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  /** Tencent's `required`. */
  readonly required?: boolean;
  /** The severity, which a message repeats. Tencent only. */
  readonly type?: EventType;
  readonly params: readonly Parameter[];
}

/** The severities of Tencent's events. */
export type EventType = (typeof EVENT_TYPES)[number];
/** The severities of Tencent's events (2.10). */
export const EVENT_TYPES = ['info', 'alert', 'fault'] as const;

/**
 * What a value may be. The comment names the type in Huawei's profile and in Tencent's template. `maxLength` is judged on
 * strings only: what it counts in a `DateTime`, a `jsonObject` or a `string list` is documented nowhere.
 */
export type ValueType =
  /** `int`; `int`. Huawei: 32 bits unless the bounds say more. */
  | ({ readonly kind: 'int' } & Scale<number>)
  /** `long`: 64 bits. Huawei only. */
  | ({ readonly kind: 'long' } & Scale<bigint>)
  /** `decimal`; `float`. */
  | ({ readonly kind: 'decimal' } & Scale<number>)
  /** `string`; `string`. Lengths are UTF-16 units, as the vendors' Java code counts them. */
  | { readonly kind: 'string'; readonly minLength?: number; readonly maxLength?: number; readonly options?: readonly Option<string>[] }
  /** `boolean`, on the wire `true` or `false`; `bool`, on the wire `0` or `1`. */
  | { readonly kind: 'boolean'; readonly labels?: { readonly off: string; readonly on: string } }
  /** `enum`; `stringenum`. In a model of both clouds also Tencent's `enum`: its options have numbers. */
  | { readonly kind: 'string-enum'; readonly options: readonly EnumOption[] }
  /** Tencent's `enum`: an integer that is a key of the mapping. Not in a model of both clouds. */
  | { readonly kind: 'int-enum'; readonly options: readonly Option<number>[] }
  /** `DateTime`: `yyyyMMdd'T'HHmmss'Z'` or ISO 8601 in UTC. Huawei only. */
  | { readonly kind: 'date-time'; readonly maxLength?: number }
  /** `timestamp`: seconds (10 digits) or milliseconds (13 digits) since 1970. Tencent only. */
  | { readonly kind: 'timestamp' }
  /** `jsonObject`: any JSON object. Huawei only. */
  | { readonly kind: 'json-object'; readonly maxLength?: number }
  /** `string list`. Huawei only. */
  | { readonly kind: 'string-list'; readonly maxLength?: number }
  /** `struct`: an object with any subset of the members. Tencent only. */
  | { readonly kind: 'struct'; readonly members: readonly Parameter[] }
  /** `array`. Tencent only. */
  | { readonly kind: 'array'; readonly items: ValueType };

/** The bounds of a number, both inclusive. */
export interface Scale<N extends number | bigint> {
  readonly min?: N;
  readonly max?: N;
  /** The distance of two values. Told to people, enforced by neither cloud (tencent 2.10). */
  readonly step?: number;
  /** The value that a slider starts with. Tencent only. */
  readonly start?: number;
  readonly unit?: string;
}

/** One value of an enumeration of strings. */
export interface EnumOption extends Option<string> {
  /** The integer that stands for it on Tencent's wire; all options of a type have one, or none. Only in a model of both clouds. */
  readonly number?: number;
}

/** One value of an enumeration. */
export interface Option<V extends string | number> {
  readonly value: V;
  /** The text for people. Tencent only. */
  readonly label?: string;
}
