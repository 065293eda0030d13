import type { JsonObject } from '../json.ts';
import type { DeviceEvent, PropertyGroup } from '../vocabulary.ts';
import type { CloudModel } from './for-cloud.ts';
import type { Cloud, EnumOption, EventType, ThingModel } from './model.ts';
import type { ModelLiteral } from './literal.ts';

/** A thing model that the compiler knows: what `defineModel` returns. */
export interface DefinedModel<L extends ModelLiteral = ModelLiteral> extends ThingModel<'both'> {
  /** Only a type: no model has this member at run time. */
  readonly '~literal'?: L;
}

/** A 64-bit integer as a program gives it: a number up to 2^53 - 1, a bigint, or digits. */
export type Int64 = bigint | number | string;

/** The literal of a model, or of the model that was put onto a cloud; never for one that is read at run time. */
type LiteralOf<M> = M extends CloudModel<Cloud, infer S> ? OwnLiteral<S> : OwnLiteral<M>;
type OwnLiteral<M> = M extends DefinedModel<infer L> ? (ModelLiteral extends L ? never : L) : never;

/** Whether the compiler knows the names and values of `M`: a model of `defineModel`, or one that `forCloud` made of it. */
export type IsTyped<M> = [LiteralOf<M>] extends [never] ? false : true;

/**
 * A group of values that a device with the model `M` may report; a union over the services. Names and values are exact,
 * any subset may be given. Of a model that is no literal, any group.
 */
export type ReportOf<M> = IsTyped<M> extends true ? Groups<LiteralOf<M>, 'all', Int64> : PropertyGroup;

/** A group of values that the cloud may set: only the writable properties. A long is a bigint there. */
export type SetOf<M> = IsTyped<M> extends true ? Groups<LiteralOf<M>, 'writable', bigint> : PropertyGroup;

/** The names of the services; undefined for a model without services. */
export type ServiceNames<M> = IsTyped<M> extends true ? NamesOf<Services<LiteralOf<M>>> : string | undefined;

/** The names of the commands of all services, or of one. */
export type CommandNames<M, S extends ServiceNames<M> = ServiceNames<M>> = IsTyped<M> extends true ? MemberNames<LiteralOf<M>, S, 'commands'> : string;

/** What the handler of the command `C` gets; a union if several services have a command of that name. */
export type ArgsOf<M, S extends ServiceNames<M>, C extends CommandNames<M, S>> = IsTyped<M> extends true ? Args<MemberOf<LiteralOf<M>, S, 'commands', C>> : JsonObject;

/** What the command `C` may answer. One without a declared answer may answer any object. */
export type OutputOf<M, S extends ServiceNames<M>, C extends CommandNames<M, S>> = IsTyped<M> extends true ? Output<MemberOf<LiteralOf<M>, S, 'commands', C>> : JsonObject;

/** A call of a command; a union over commands and services, told apart by `name` and `service`. */
export type CallOf<M, C extends CommandNames<M> = CommandNames<M>> =
  IsTyped<M> extends true
    ? { [S in keyof Services<LiteralOf<M>>]: CallsIn<S, Members<Services<LiteralOf<M>>[S], 'commands'>, C> }[keyof Services<LiteralOf<M>>]
    : { readonly service?: string; readonly name: string; readonly args: JsonObject };

/** An event that a device may post; a union over services and events. */
export type EventsOf<M> =
  IsTyped<M> extends true
    ? { [S in keyof Services<LiteralOf<M>>]: EventsIn<S, Members<Services<LiteralOf<M>>[S], 'events'>> }[keyof Services<LiteralOf<M>>]
    : DeviceEvent;

type CallsIn<S, T, C> = { [N in keyof T & C & string]: Addressed<S> & { readonly name: N; readonly args: Args<T[N]> } }[keyof T & C & string];

type EventsIn<S, E> = { [N in keyof E & string]: Addressed<S> & EventBody<N, E[N]> }[keyof E & string];

interface EventBody<N, E> {
  readonly name: N;
  /** Taken from the model when left out. */
  readonly severity?: E extends { readonly severity: infer T } ? T : EventType;
  readonly params: E extends { readonly params: infer P } ? Parameters<P, Int64> : Empty;
  /** When it happened, ms since 1970. Left out: the cloud stamps the arrival. */
  readonly at?: number;
}

/** The services of a literal by name; a flat one has its own members under {@link FLAT}. */
type Services<L> = L extends { readonly services: infer S } ? S : { readonly [FLAT]: L };
declare const FLAT: unique symbol;
type NamesOf<S> = { [K in keyof S]: K extends string ? K : undefined }[keyof S];
type Keyed<S> = S extends string ? S : typeof FLAT;
type Addressed<S> = S extends string ? { readonly service: S } : { readonly service?: undefined };

type Empty = { readonly [name in never]: never };
type Members<S, K extends string> = S extends { readonly [k in K]: infer T } ? T : Empty;
type MemberOf<L, S, K extends string, N> = S extends S ? Members<Lookup<Services<L>, Keyed<S>>, K> extends infer T ? (N extends keyof T ? T[N] : never) : never : never;
type MemberNames<L, S, K extends string> = S extends S ? keyof Members<Lookup<Services<L>, Keyed<S>>, K> & string : never;
type Lookup<T, K> = K extends keyof T ? T[K] : never;

/** One group for every service that has such a property: an empty group would take any value. */
type Groups<L, Use, Long> = { [S in keyof Services<L>]: Group<S, NamesFor<Members<Services<L>[S], 'properties'>, Use>, Members<Services<L>[S], 'properties'>, Long> }[keyof Services<L>];
type Group<S, N, P, Long> = [N] extends [never] ? never : Addressed<S> & { readonly values: Values<P, N, Long>; /** When the values were taken, ms since 1970. */ readonly at?: number };
type NamesFor<P, Use> = Use extends 'all' ? keyof P : { [N in keyof P]: P[N] extends { readonly writable: true } ? N : never }[keyof P];
type Values<P, N, Long> = { readonly [K in keyof P as K & N]?: ValueOf<P[K], Long> | Inherited<K> };
/** What every object has under a name such as `constructor` when a message leaves it out. */
type Inherited<K> = K extends keyof typeof Object.prototype ? (typeof Object.prototype)[K] : never;

type Args<C> = C extends { readonly args: infer P } ? Parameters<P, bigint> : Empty;
type Output<C> = C extends { readonly output: infer P } ? Parameters<P, Int64> : C extends { readonly responses: infer R } ? { [N in keyof R]: Parameters<R[N], Int64> }[keyof R] : JsonObject;
type Parameters<P, Long> = { readonly [N in keyof P as P[N] extends { readonly required: false } ? never : N]: ValueOf<P[N], Long> } & {
  readonly [N in keyof P as P[N] extends { readonly required: false } ? N : never]?: ValueOf<P[N], Long> | Inherited<N>;
};

/** The values of a type as a program has them, on either cloud. */
type ValueOf<T, Long> = T extends { readonly values: infer V }
  ? OneOf<V>
  : T extends { readonly members: infer P }
    ? { readonly [N in keyof P]?: ValueOf<P[N], Long> | Inherited<N> }
    : T extends { readonly items: infer I }
      ? readonly ValueOf<I, Long>[]
      : T extends { readonly type: infer K }
        ? Plain<K, Long>
        : Plain<T, Long>;

type OneOf<V> = V extends readonly (infer O)[] ? (O extends EnumOption ? O['value'] : O) : keyof V & string;

type Plain<K, Long> = K extends keyof PlainValues ? PlainValues[K] : K extends 'long' ? Long : never;

interface PlainValues {
  int: number;
  decimal: number;
  string: string;
  boolean: boolean;
  'date-time': string;
  timestamp: number;
  'json-object': JsonObject;
  'string-list': readonly string[];
}
