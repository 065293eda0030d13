import type { CallOf, CommandNames, OutputOf, ServiceNames } from '@lianyun/protocol';
import type { CommandCall, CommandReply } from './commands.ts';

/** A call of the commands `C` of the model `M`, in the services `S`. */
export type TypedCall<M, C extends CommandNames<M>, S = ServiceNames<M>> = Pick<CommandCall, 'device' | 'signal'> & Extract<CallOf<M, C>, { readonly service?: S }>;

/** What a handler returns: the output, which may be left out when no part of it is needed, or `reply()`. */
type Answer<O> = O | CommandReply | (Record<never, never> extends O ? void : never);

/** Commands and actions of a device whose model the compiler knows. */
export interface TypedCommands<M> {
  /**
   * Registers what a command of one service does. The answer is checked by the model as well.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  handle<const S extends ServiceNames<M>, C extends CommandNames<M> & CommandNames<M, S>>(
    name: C,
    handler: (call: TypedCall<M, C, S>) => Answer<OutputOf<M, S, C>> | Promise<Answer<OutputOf<M, S, C>>>,
    options: { readonly service: S },
  ): () => void;
  /**
   * Registers what a command does, whatever the service (Huawei 4.1, Tencent 2.7).
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  handle<C extends CommandNames<M>>(name: C, handler: (call: TypedCall<M, C>) => Answer<OutputOf<M, ServiceNames<M>, C>> | Promise<Answer<OutputOf<M, ServiceNames<M>, C>>>): () => void;
  /** Registers what takes every command without a handler of its own. */
  handle(name: '*', handler: (call: TypedCall<M, CommandNames<M>>) => Answer<OutputOf<M, ServiceNames<M>, CommandNames<M>>> | Promise<Answer<OutputOf<M, ServiceNames<M>, CommandNames<M>>>>): () => void;
}
