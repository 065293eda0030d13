import { isJsonObject, LianyunError, type CommandResult, type Conversion, type JsonObject } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import { withDeadline } from './deadline.ts';

/** A command (Huawei) or an action (Tencent) that the cloud called. */
export interface CommandCall {
  readonly device: string;
  /** The service of the product model; undefined on Tencent. */
  readonly service: string | undefined;
  readonly name: string;
  readonly args: JsonObject;
  /** Aborted when the cloud is about to give up waiting for the answer. */
  readonly signal: AbortSignal;
}

const REPLY = Symbol('lianyun.reply');

/** A command's answer with its own code and name. Made by {@link reply}. */
export type CommandReply = CommandResult & { readonly [REPLY]: true };

/**
 * An answer whose code is not simply 0: `return reply({ code: 5, output: { left: 2 } })`.
 * `name` is Huawei's response_name, `text` Tencent's status. Throws `bad-input` for a code that is no whole number.
 */
export function reply(result: CommandResult): CommandReply {
  if (!Number.isInteger(result?.code)) throw new LianyunError('bad-input', 'reply() needs a code: reply({ code: 0, output }).');
  return { ...result, [REPLY]: true };
}

/** What it returns is the output of the command, with code 0; what it throws is a failure with the error's text. */
export type CommandHandler = (call: CommandCall) => JsonObject | CommandReply | void | Promise<JsonObject | CommandReply | void>;

/** Result code of a command that threw, was not handled or broke the model (Huawei reference 4.2). */
const FAILED = -1;

/** Commands and actions that the cloud calls on this device. */
export class CommandsService {
  readonly #context: DeviceContext;
  readonly #handlers = new Map<string, CommandHandler>();

  constructor(context: DeviceContext) {
    this.#context = context;
    context.peer.handle('command.invoke', ({ device, body }) => this.invoke({ device, service: body.service, name: body.name, args: body.args }));
  }

  /**
   * Registers what a command does (Huawei 4.1, Tencent 2.7).
   * @param name the command's name; `*` takes every command without a handler of its own.
   * @param options.service only this service's command (Huawei); left out: whatever the service.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `bad-input`.
   */
  handle(name: string, handler: CommandHandler, options: { readonly service?: string } = {}): () => void {
    if (typeof name !== 'string' || typeof handler !== 'function') throw new LianyunError('bad-input', "handle() takes the command's name and a function: handle('reboot', ({ args }) => ({ ok: true })).");
    const key = keyOf(name, options.service);
    if (this.#handlers.has(key)) throw new LianyunError('duplicate-handler', `The command ${name} has a handler already.`);
    this.#handlers.set(key, handler);
    return () => {
      if (this.#handlers.get(key) === handler) this.#handlers.delete(key);
    };
  }

  /** @internal Runs a command as if the cloud had called it. */
  async invoke(wire: Omit<CommandCall, 'signal'>): Promise<CommandResult> {
    const { model } = this.#context;
    const call = model?.fromWire === undefined ? wire : programCall(wire, model.fromWire);
    const handler = this.#handlers.get(keyOf(call.name, call.service)) ?? this.#handlers.get(keyOf(call.name, undefined)) ?? this.#handlers.get('*');
    if (handler === undefined) {
      this.#context.problem(new LianyunError('unknown-message', `Nothing handles the command ${call.name}: register it with commands.handle(${JSON.stringify(call.name)}, …).`, { device: call.device }));
      return { code: FAILED, text: `this device has no command ${call.name}` };
    }
    const violation = model?.check.checkArgs(call.service, call.name, call.args);
    if (violation !== undefined) return { code: FAILED, text: violation.message };
    const result = await withDeadline(this.#context, `the command ${call.name}`, (signal) => handler({ ...call, signal }));
    if ('failure' in result) return { code: FAILED, text: result.failure };
    const { value } = result;
    if (value === undefined || value === null) return this.#answer(call, { code: 0 });
    if (!isJsonObject(value)) {
      const text = `the handler of ${call.name} returned what is no object`;
      this.#context.problem(new LianyunError('handler-failed', `${text}: an object, reply() or nothing is expected.`, { device: call.device }));
      return { code: FAILED, text };
    }
    if (isReply(value)) {
      const { [REPLY]: _, ...plain } = value;
      return this.#answer(call, plain);
    }
    return this.#answer(call, { code: 0, output: value });
  }

  /** The answer as the cloud has it; a failure's output is as free as it is there. */
  #answer({ service, name, device }: Omit<CommandCall, 'signal'>, result: CommandResult): CommandResult {
    const { model } = this.#context;
    if (model?.toWire === undefined || result.code !== 0) return result;
    const { output = {}, name: response } = result;
    const violation = model.check.checkOutput(service, name, output, response);
    if (violation === undefined) return result.output === undefined ? result : { ...result, output: model.toWire.output({ ...(service === undefined ? {} : { service }), name }, output, response) };
    this.#context.problem(new LianyunError('model-violation', `The handler of ${name} answered what the model does not allow: ${violation.message}`, { path: violation.path, device }));
    return { code: FAILED, text: violation.message };
  }
}

/** A call as the program has it: with the service of the model where the cloud has none. */
function programCall(wire: Omit<CommandCall, 'signal'>, fromWire: Conversion): Omit<CommandCall, 'signal'> {
  const { service, ...call } = fromWire.call(wire);
  return { ...call, service };
}

function keyOf(name: string, service: string | undefined): string {
  return service === undefined ? name : `${service}\n${name}`;
}

function isReply(value: JsonObject | CommandReply): value is CommandReply {
  return REPLY in value;
}
