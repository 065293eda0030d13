import type { CommandLiteral, EventLiteral, ModelLiteral, ParameterTraits, PropertyTraits, ServiceLiteral, TextsLiteral, TypeLiteral } from './literal.ts';

/**
 * Nothing more for a literal that has only the members of `ModelLiteral`, else a type that it cannot have, naming them.
 * The compiler lets an object with more members pass for a type parameter: `{ type: 'int', mni: 0 }` would compile. A
 * union of the faults is many times cheaper for it than a type of the same shape as the literal.
 */
export type Strict<L> = [Strangers<L>] extends [never] ? unknown : { readonly 'no such member': Strangers<L> };

type Strangers<L> = OtherThan<L, KeysOf<ModelLiteral>> | (L extends { readonly services: infer S } ? { [N in keyof S]: InService<S[N]> }[keyof S] : InMembers<L>);

type KeysOf<T> = T extends T ? keyof T : never;
type OtherThan<T, K> = Exclude<keyof T, K>;

type InService<S> = OtherThan<S, keyof ServiceLiteral> | InMembers<S>;

type InMembers<S> =
  | (S extends { readonly properties: infer P } ? InTypes<P, keyof PropertyTraits> : never)
  | (S extends { readonly commands: infer C } ? { [N in keyof C]: InCommand<C[N]> }[keyof C] : never)
  | (S extends { readonly events: infer E } ? { [N in keyof E]: OtherThan<E[N], keyof EventLiteral> | InParameters<E[N], 'params'> }[keyof E] : never);

type InCommand<C> =
  | OtherThan<C, keyof CommandLiteral>
  | InParameters<C, 'args'>
  | InParameters<C, 'output'>
  | (C extends { readonly responses: infer R } ? { [N in keyof R]: InTypes<R[N], keyof ParameterTraits> }[keyof R] : never);

type InParameters<T, K extends string> = T extends { readonly [k in K]: infer P } ? InTypes<P, keyof ParameterTraits> : never;

type InTypes<P, Traits> = { [N in keyof P]: InType<P[N], Traits> }[keyof P];

type InType<T, Traits> = T extends { readonly type: infer K extends TypeLiteral['type'] }
  ? OtherThan<T, Traits | MembersByType[K]> | (T extends { readonly members: infer M } ? InTypes<M, keyof TextsLiteral> : T extends { readonly items: infer I } ? InType<I, never> | (keyof I & 'values') : never)
  : never;

/** The members of each type. */
type MembersByType = { [K in TypeLiteral['type']]: KeysOf<Extract<TypeLiteral, { readonly type: K }>> };
