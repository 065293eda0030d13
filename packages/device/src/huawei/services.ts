import { LianyunError, type JsonObject } from '@lianyun/protocol';
import type { AbstractService, ServiceOwner } from './abstract-service.ts';
import { CommandRsp, IotResult, ServiceProperty } from './data.ts';
import { Command } from './gateway-data.ts';
import type { Speaker } from './speaker.ts';

/** The services of one device, and what is theirs to answer. */
export class Services {
  readonly #speaker: Speaker;
  readonly #owner: ServiceOwner;
  readonly #services = new Map<string, AbstractService>();

  constructor(speaker: Speaker, owner: ServiceOwner) {
    this.#speaker = speaker;
    this.#owner = owner;
  }

  /** Whether there are any. */
  get any(): boolean {
    return this.#services.size > 0;
  }

  add(serviceId: string, service: AbstractService): void {
    if (typeof serviceId !== 'string' || serviceId === '' || typeof service?.onRead !== 'function') throw new LianyunError('bad-input', 'addService() takes the id of a service of the product model and an AbstractService.');
    service.serviceId = serviceId;
    service.setIotDevice(this.#owner);
    service.join(
      (ms, work) => this.#every(ms, work),
      (what, cause) => this.#speaker.core.onProblem(new LianyunError('handler-failed', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { device: this.#speaker.device, cause })),
    );
    this.#services.set(serviceId, service);
  }

  get(serviceId: string): AbstractService | undefined {
    return this.#services.get(serviceId);
  }

  /** Values of services, those that are there. @param properties names; empty: all. */
  read(serviceIds: readonly string[], properties: readonly string[], eventTime?: string): ServiceProperty[] | Promise<ServiceProperty[]> {
    const services = serviceIds.flatMap((id) => this.#services.get(id) ?? []);
    const values = services.map((service) => readOf(service, properties));
    const named = (all: readonly JsonObject[]): ServiceProperty[] => services.map(({ serviceId }, index) => new ServiceProperty({ serviceId, properties: all[index] ?? {}, eventTime }));
    const atOnce = values.filter((each): each is JsonObject => !(each instanceof Promise));
    return atOnce.length === values.length ? named(atOnce) : Promise.all(values.map((each) => Promise.resolve(each))).then(named);
  }

  /** All services. */
  readAll(): ServiceProperty[] | Promise<ServiceProperty[]> {
    return this.read([...this.#services.keys()], []);
  }

  /** Sets values, service by service; the first failure ends it. */
  async write(services: readonly ServiceProperty[]): Promise<IotResult> {
    const known = services.filter(({ serviceId }) => this.#services.has(serviceId));
    const [first] = services;
    // What nobody took is no success.
    if (known.length === 0 && first !== undefined) return IotResult.failed(`service not found: ${first.serviceId}`);
    for (const { serviceId, properties } of known) {
      const result = await this.#services.get(serviceId)?.onWrite(properties);
      if (result !== undefined && result.resultCode !== 0) return result;
    }
    return IotResult.SUCCESS;
  }

  /** Runs a command. */
  async command(serviceId: string, commandName: string, paras: Command['paras']): Promise<CommandRsp> {
    const service = this.#services.get(serviceId);
    if (service === undefined) return new CommandRsp({ resultCode: -1, paras: { error: `service not found: ${serviceId}` } });
    return service.onCommand(new Command({ deviceId: this.#speaker.device, serviceId, commandName, paras }));
  }

  /** Ends what goes on by itself. */
  stop(): void {
    for (const service of this.#services.values()) service.disableAutoReport();
  }

  #every(ms: number, work: () => void): () => void {
    let timer = this.#speaker.clock.after(ms, again, true);
    const { clock } = this.#speaker;
    function again(): void {
      timer = clock.after(ms, again, true);
      work();
    }
    return () => timer.cancel();
  }
}

/** What a service gives; what it throws at once is as if it had come later, so that whoever waits for the values is told. */
function readOf(service: AbstractService, properties: readonly string[]): JsonObject | Promise<JsonObject> {
  try {
    return service.onRead(properties);
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}
