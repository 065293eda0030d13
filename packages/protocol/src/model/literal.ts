import type { JsonValue } from '../json.ts';
import type { EnumOption, EventType, Scale, Service } from './model.ts';

/**
 * A thing model as a program writes it, for `defineModel`. Names are keys; whatever is left out has the value that most
 * models want. A model with `services` serves both clouds; one without them (the members of its only service stand at the
 * top) is a Tencent template, and has no form on Huawei.
 *
 * A key `__proto__` must be written `['__proto__']`, or JavaScript does not take it for a name.
 */
export type ModelLiteral = ServicesLiteral | FlatLiteral;

interface ModelHead {
  /** `version` of a Tencent template, `1.0` when left out. */
  readonly version?: string;
  /** `profile.ProductId` of a Tencent template. */
  readonly productId?: string;
  /** `profile.CategoryId` of a Tencent template. */
  readonly categoryId?: string;
}

interface ServicesLiteral extends ModelHead {
  readonly services: { readonly [service: string]: ServiceLiteral };
  readonly properties?: never;
  readonly commands?: never;
  readonly events?: never;
}

interface FlatLiteral extends ModelHead, ServiceMembers {
  readonly services?: never;
}

interface ServiceMembers {
  readonly properties?: { readonly [name: string]: PropertyLiteral };
  readonly commands?: { readonly [name: string]: CommandLiteral };
  readonly events?: { readonly [name: string]: EventLiteral };
}

/** A service; `type`, `option` and `description` are Huawei's. */
export interface ServiceLiteral extends ServiceMembers, Pick<Service, 'type' | 'option' | 'description'> {}

/** What people read. The title is Tencent's `name`; Huawei has none. */
export interface TextsLiteral {
  readonly title?: string;
  readonly description?: string;
}

/** A property: the name of its type, or the type with what belongs to it. */
export type PropertyLiteral = PlainType | (TypeLiteral & PropertyTraits);

/** What a property has beside its type. */
export interface PropertyTraits extends TextsLiteral {
  /** Whether the cloud can set it. Left out: no. */
  readonly writable?: boolean;
  /** Whether the cloud can read it. Left out: yes. Tencent reads every property. */
  readonly readable?: boolean;
  /** Whether the device tells changes by itself. Left out: yes. Tencent takes every property for such. */
  readonly observable?: boolean;
  /** The flag as Huawei and Tencent declare it; a report may name any subset all the same. Left out: no. */
  readonly required?: boolean;
  /** `default_value` of Huawei. */
  readonly defaultValue?: JsonValue;
}

/** A parameter of a command, an answer or an event. */
export type ParameterLiteral = PlainType | (TypeLiteral & ParameterTraits);

/** What a parameter has beside its type. */
export interface ParameterTraits extends TextsLiteral {
  /** Left out: yes. Tencent requires every parameter. */
  readonly required?: boolean;
  /** `default_value` of Huawei. */
  readonly defaultValue?: JsonValue;
}

/** The parameters of a command, an answer or an event, by name. */
export interface ParametersLiteral {
  readonly [name: string]: ParameterLiteral;
}

/** A command (Huawei) or an action (Tencent). */
export interface CommandLiteral extends TextsLiteral {
  readonly args?: ParametersLiteral;
  /** What it answers. Left out, and no `responses` either: anything on Huawei, nothing on Tencent. */
  readonly output?: ParametersLiteral;
  /** What it answers when there are several forms, by `response_name`. Tencent has the first only. */
  readonly responses?: { readonly [name: string]: ParametersLiteral };
  /** The flag as Tencent declares it. */
  readonly required?: boolean;
}

/** An event. */
export interface EventLiteral extends TextsLiteral {
  /** How grave it is, `info` when left out. Tencent only. */
  readonly severity?: EventType;
  readonly params?: ParametersLiteral;
  /** The flag as Tencent declares it. */
  readonly required?: boolean;
}

/** The types that may be written as their name alone. */
export type PlainType = 'int' | 'long' | 'decimal' | 'string' | 'boolean' | 'date-time' | 'timestamp' | 'json-object' | 'string-list';

/** A type with what belongs to it; the words are those of `ValueType`, and the folder's comment says what becomes of it on each cloud. */
export type TypeLiteral = FlatType | JsonType | StructType | ArrayType;

type IntType = { readonly type: 'int' } & Scale<number>;
type DecimalType = { readonly type: 'decimal' } & Scale<number>;
type StringType = { readonly type: 'string'; readonly minLength?: number; readonly maxLength?: number };

type FlatType =
  | IntType
  | DecimalType
  | ({ readonly type: 'long' } & Scale<bigint | number>)
  | (StringType & { readonly values?: readonly string[] })
  | { readonly type: 'boolean'; readonly labels?: { readonly off: string; readonly on: string } }
  | EnumType
  | { readonly type: 'date-time'; readonly maxLength?: number }
  | { readonly type: 'timestamp' };

type JsonType = { readonly type: 'json-object'; readonly maxLength?: number } | { readonly type: 'string-list'; readonly maxLength?: number };

/**
 * One of several strings. Given a number each, `{ red: 0, green: 1 }`, they are integers on Tencent's wire (`enum`); in a
 * list, `['red', 'green']`, they are strings there too (`stringenum`). Labels make it a list of options:
 * `[{ value: 'red', number: 0, label: 'Rot' }]`.
 */
type EnumType = { readonly type: 'enum'; readonly values: EnumValues };

/** The values of an enumeration. */
export type EnumValues = readonly (string | EnumOption)[] | { readonly [name: string]: number };

/** A member of a struct; a message may leave out any of them. */
export type MemberLiteral = Exclude<PlainType, 'json-object' | 'string-list'> | (FlatType & TextsLiteral);

type StructType = { readonly type: 'struct'; readonly members: { readonly [name: string]: MemberLiteral } };

/** What an array may hold. */
export type ItemLiteral = 'int' | 'decimal' | 'string' | IntType | DecimalType | StringType | StructType;

type ArrayType = { readonly type: 'array'; readonly items: ItemLiteral };
