import { isJsonObject, LianyunError, type Outcome, type PropertyGroup, type Receipt, type ReportOf, type SetOf } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import type { RulesService } from './rules.ts';

/** What the cloud asks to be set. `M` is the device's model. */
export interface PropertySet<M = undefined> {
  readonly device: string;
  readonly groups: readonly SetOf<M>[];
  /** Aborted when the cloud has given up waiting for the answer. */
  readonly signal: AbortSignal;
}

/** What the cloud asks to be told. `service` is undefined when it asks for all. */
export interface PropertyGet {
  readonly device: string;
  readonly service: string | undefined;
  readonly signal: AbortSignal;
}

/** Nothing, or `{ code: 0 }`, is success; another code, or a throw, is failure. */
export type SetHandler<M = undefined> = (set: PropertySet<M>) => Outcome | void | Promise<Outcome | void>;
/** What it returns are the live values that the cloud asked for; after a throw the answer is an empty list. */
export type GetHandler<M = undefined> = (get: PropertyGet) => readonly ReportOf<M>[] | Promise<readonly ReportOf<M>[]>;

/** Result code of a request that threw, was not handled or broke the model (Huawei reference 3.6). */
const FAILED = -1;

/** Types say so already; a program in JavaScript can pass anything. */
function isGroups(value: unknown): boolean {
  return Array.isArray(value) && value.every(isGroup);
}

function isGroup(value: unknown): boolean {
  return isJsonObject(value) && isJsonObject(value['values']);
}

/** The properties of this device: reported, set and read by the cloud. `M` is the device's model: it says their names and values. */
export class PropertiesService<M = undefined> {
  readonly #context: DeviceContext;
  /** @internal Sees what is reported, and takes its own out of what is set. */
  rules: Pick<RulesService, 'take' | 'reported'> | undefined;
  #onSet: SetHandler<M> | undefined;
  #onGet: GetHandler<M> | undefined;

  constructor(context: DeviceContext) {
    this.#context = context;
    const { peer } = context;
    if (peer.supports('property.set')) peer.handle('property.set', (message) => this.set(message.device, message.body.groups));
    if (peer.supports('property.get')) peer.handle('property.get', (message) => this.#get(message.device, message.body.service));
  }

  /**
   * Tells the cloud values of properties (Huawei 3.4, Tencent 2.1).
   * @param groups values, with the service of the product model on Huawei, without on Tencent; with a model of both clouds as that has it.
   * @returns a receipt; fails with `model-violation`, `bad-input`, `too-large`, `outbox-full`, `refused`, `expired`, `dropped`, `closed`.
   */
  report(groups: ReportOf<M> | readonly ReportOf<M>[]): Receipt {
    const { peer, device, model, qos } = this.#context;
    // Whatever a model says of them, they are groups.
    const list = (Array.isArray(groups) ? groups : [groups]) as readonly PropertyGroup[];
    if (!isGroups(list))
      return this.#context.refuse(new LianyunError('bad-input', 'report() takes { values } or a list of such groups; values is an object of property names and values.', { device }));
    if (list.length === 0) return this.#context.refuse(new LianyunError('bad-input', 'report() was given no values: give { values } or a list of groups.'));
    const violation = model?.check.checkProperties(list, 'report');
    if (violation !== undefined) return this.#context.refuse(new LianyunError('model-violation', violation.message, { path: violation.path, device }));
    const wire = model?.toWire?.properties(list) ?? list;
    const receipt = peer.send('property.report', { device, body: { groups: wire } }, qos === undefined ? undefined : { qos });
    this.rules?.reported(wire);
    return receipt;
  }

  /**
   * Registers what happens when the cloud sets properties (Huawei 3.6, Tencent 2.4). What it returns is the answer.
   * @returns a function that takes the registration back. Throws `duplicate-handler`.
   */
  onSet(handler: SetHandler<M>): () => void {
    if (this.#onSet !== undefined) throw new LianyunError('duplicate-handler', 'properties.onSet() has a handler already.');
    this.#onSet = handler;
    this.#context.resync();
    return () => {
      if (this.#onSet === handler) this.#onSet = undefined;
    };
  }

  /**
   * Registers what answers when the cloud reads live values (Huawei 3.7). Only on clouds that can ask.
   * @returns a function that takes the registration back. Throws `duplicate-handler`, `unsupported`.
   */
  onGet(handler: GetHandler<M>): () => void {
    if (!this.#context.peer.supports('property.get')) throw new LianyunError('unsupported', `The ${this.#context.dialect.name} cloud never reads live values: report them.`);
    if (this.#onGet !== undefined) throw new LianyunError('duplicate-handler', 'properties.onGet() has a handler already.');
    this.#onGet = handler;
    return () => {
      if (this.#onGet === handler) this.#onGet = undefined;
    };
  }

  /** Whether somebody handles sets. */
  get handlesSet(): boolean {
    return this.#onSet !== undefined;
  }

  /** Runs the handler as if the cloud had set these values. */
  async set(device: string, all: readonly PropertyGroup[]): Promise<Outcome> {
    const taken = this.rules?.take(all);
    if (taken?.rest.length === 0) return { code: 0, text: 'Success' };
    const wire = taken?.rest ?? all;
    const handler = this.#onSet;
    const { model } = this.#context;
    if (handler === undefined) return { code: FAILED, text: 'this device takes no property set' };
    const groups = model?.fromWire?.properties(wire) ?? wire;
    const violation = model?.check.checkProperties(groups, 'set');
    if (violation !== undefined) {
      this.#context.problem(new LianyunError('model-violation', `The cloud set a value that the model does not allow: ${violation.message}`, { path: violation.path, device }));
      return { code: FAILED, text: violation.message };
    }
    const result = await withDeadline(this.#context, 'property.set', (signal) => handler({ device, groups, signal }));
    if ('failure' in result) return { code: FAILED, text: result.failure };
    const outcome = result.value ?? { code: 0 };
    return Number.isInteger(outcome.code) ? outcome : { code: FAILED, text: this.#badResult('onSet', 'nothing or { code, text }') };
  }

  async #get(device: string, service: string | undefined): Promise<{ groups: readonly PropertyGroup[] }> {
    const handler = this.#onGet;
    const { model } = this.#context;
    if (handler === undefined) return { groups: [] };
    const result = await withDeadline(this.#context, 'property.get', (signal) => handler({ device, service, signal }));
    if ('failure' in result) return { groups: [] };
    if (!isGroups(result.value)) {
      this.#badResult('onGet', 'a list of groups { values }');
      return { groups: [] };
    }
    const groups = result.value as readonly PropertyGroup[]; // isGroups says so
    if (model?.toWire === undefined) return { groups };
    const violation = model.check.checkProperties(groups, 'report');
    if (violation === undefined) return { groups: model.toWire.properties(groups) };
    this.#context.problem(new LianyunError('model-violation', `The handler of properties.onGet gave a value that the model does not allow: ${violation.message}`, { path: violation.path, device }));
    return { groups: [] };
  }

  /** A program in JavaScript can return anything. */
  #badResult(handler: string, expected: string): string {
    const text = `the handler of properties.${handler} did not return ${expected}`;
    this.#context.problem(new LianyunError('handler-failed', `${text}.`, { device: this.#context.device }));
    return text;
  }
}
