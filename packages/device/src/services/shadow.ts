import { LianyunError, type Conversion, type Outcome, type ShadowService as ShadowPart } from '@lianyun/protocol';
import type { DeviceContext } from './context.ts';
import type { PropertiesService } from './properties.ts';

/** The state that the cloud keeps of this device. */
export interface ShadowState {
  /** Ties {@link ShadowService.clear} to this reading. */
  readonly id: string;
  readonly services: readonly ShadowPart[];
}

interface ShadowReading {
  readonly service?: string;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** The device's shadow: what the cloud knows of it, and wants of it (Huawei 3.9; Tencent: get_status, clear_control). */
export class ShadowService {
  readonly #context: DeviceContext;
  readonly #properties: PropertiesService;

  constructor(context: DeviceContext, properties: PropertiesService) {
    this.#context = context;
    this.#properties = properties;
  }

  /**
   * Asks for the state that the cloud keeps (Huawei 3.9, Tencent 2.3). Rejects with `timeout`, `offline`, `refused`.
   * @param options.service only this service's part (Huawei); left out: all.
   * @param options.deadlineMs how long to wait; left out: as long as the cloud itself would.
   */
  async get(options: ShadowReading = {}): Promise<ShadowState> {
    const { id, services } = await this.#read(options);
    const { fromWire } = this.#context.model ?? {};
    return { id, services: fromWire === undefined ? services : servicesOf(services, fromWire) };
  }

  /** The state as the cloud has it. */
  async #read(options: ShadowReading): Promise<ShadowState> {
    const { peer, device, dialect } = this.#context;
    const body = options.service === undefined ? {} : { service: options.service };
    const message = await peer.request('shadow.get', { device, body }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs, ...(options.signal && { signal: options.signal }) });
    if (message.body.code !== 0) throw refused('shadow.get', device, message.body);
    return { id: message.id ?? '', services: message.body.services };
  }

  /** Tells the cloud that the desired state of a reading was applied (Tencent 2.5). */
  async clear(state: Pick<ShadowState, 'id'>, options: { readonly deadlineMs?: number } = {}): Promise<void> {
    const { peer, device, dialect } = this.#context;
    const { body } = await peer.request('shadow.clear', { device, id: state.id, body: {} }, { deadlineMs: options.deadlineMs ?? dialect.limits.answerMs });
    if (body.code !== 0) throw refused('shadow.clear', device, body);
  }

  /** Applies what the cloud wanted while the device was away, through the handler of `properties.onSet`, and clears it. */
  async resync(): Promise<void> {
    // Huawei pushes what is desired by itself (3.9); who has to take it back has to fetch it.
    if (!this.#context.peer.supports('shadow.clear') || !this.#properties.handlesSet) return;
    const state = await this.#read({});
    const groups = state.services.flatMap(({ service, desired }) => (desired === undefined || Object.keys(desired).length === 0 ? [] : [{ ...(service === undefined ? {} : { service }), values: desired }]));
    if (groups.length === 0) return;
    const outcome = await this.#properties.set(this.#context.device, groups);
    if (outcome.code === 0) await this.clear(state);
  }
}

/** The parts of a shadow as a program has them: by the services of its model, whichever the cloud has. */
function servicesOf(parts: readonly ShadowPart[], fromWire: Conversion): readonly ShadowPart[] {
  const services = new Map<string | undefined, ShadowPart>();
  for (const { service, reported, desired, ...rest } of parts) {
    for (const [side, values] of [['reported', reported], ['desired', desired]] as const) {
      for (const group of values === undefined ? [] : fromWire.properties([{ ...(service === undefined ? {} : { service }), values }])) {
        services.set(group.service, { ...rest, ...services.get(group.service), ...(group.service === undefined ? {} : { service: group.service }), [side]: group.values });
      }
    }
  }
  return [...services.values()];
}

function refused(what: string, device: string, { code, text }: Outcome): LianyunError {
  return new LianyunError('refused', `The cloud refused ${what} with code ${code}: ${text ?? 'no text'}.`, { device, number: code });
}
