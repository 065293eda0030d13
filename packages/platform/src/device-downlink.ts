import { isLianyunError, LianyunError, stringifyExact, type Clock, type CommandResult, type DeviceMessage, type DeviceRef, type MessageProperties, type Outcome, type Peer, type PropertyGroup } from '@lianyun/protocol';
import { DIALECTS } from './admission.ts';
import type { AccessPort, Cloud } from './access/port.ts';
import type { Downlink, Invocation } from './downlink.ts';
import type { Registry } from './registry.ts';

interface DeviceDownlinkOptions {
  readonly peers: Readonly<Record<Cloud, Peer>>;
  readonly access: AccessPort;
  readonly registry: Registry;
  readonly clock: Clock;
  problem(problem: LianyunError): void;
}

/** Downlinks over the devices' own connections, or their gateways'. */
export class DeviceDownlink implements Downlink {
  readonly #options: DeviceDownlinkOptions;

  constructor(options: DeviceDownlinkOptions) {
    this.#options = options;
  }

  isOnline(cloud: Cloud, device: DeviceRef): boolean {
    const { access, registry } = this.#options;
    if (access.isOnline(cloud, device)) return true;
    const found = registry.findDevice(cloud, device);
    // A sub-device is as its gateway says.
    return found?.gateway !== undefined && found.onlineSince !== undefined;
  }

  /** On Huawei the gateway's connection is all that counts (14.9); a Tencent gateway gets nothing for a sub-device that is not online (3.8). */
  reaches(cloud: Cloud, device: DeviceRef): boolean {
    return this.#options.access.isOnline(cloud, this.#via(cloud, device)) && (cloud === 'huawei' || this.isOnline(cloud, device));
  }

  route(cloud: Cloud, device: DeviceRef): DeviceRef | undefined {
    return this.reaches(cloud, device) ? this.#via(cloud, device) : undefined;
  }

  async setProperties(cloud: Cloud, device: DeviceRef, { id, groups }: { readonly id: string; readonly groups: readonly PropertyGroup[] }): Promise<Outcome> {
    const { via, deadlineMs } = this.#reach(cloud, device);
    const { body } = await this.#options.peers[cloud].request('property.set', { device, via, id, body: { groups } }, { deadlineMs });
    return body;
  }

  async getProperties(cloud: Cloud, device: DeviceRef, { id, service }: { readonly id: string; readonly service?: string }): Promise<readonly PropertyGroup[]> {
    const { via, deadlineMs } = this.#reach(cloud, device);
    const { body } = await this.#options.peers[cloud].request('property.get', { device, via, id, body: service === undefined ? {} : { service } }, { deadlineMs });
    return body.groups;
  }

  async invoke(cloud: Cloud, device: DeviceRef, { id, ...call }: Invocation & { readonly id: string }, onDelivered?: () => void): Promise<CommandResult> {
    const { via, deadlineMs } = this.#reach(cloud, device);
    const at = cloud === 'tencent' ? { at: this.#options.clock.now() } : {};
    const { body } = await this.#options.peers[cloud].request('command.invoke', { device, via, id, body: { ...call, ...at } }, { deadlineMs, onDelivered });
    if (cloud === 'tencent' && body.code === 0) this.#judge(device, call.name, body);
    return body;
  }

  async control(cloud: Cloud, device: DeviceRef, { id, groups }: { readonly id: string; readonly groups: readonly PropertyGroup[] }): Promise<{ readonly sent: boolean }> {
    const via = this.#via(cloud, device);
    if (!this.reaches(cloud, device)) return { sent: false };
    try {
      await this.#options.peers[cloud].send('property.set', { device, via, id, body: { groups } }).delivered;
      return { sent: true };
    } catch (error) {
      if (isLianyunError(error)) return { sent: false };
      throw error;
    }
  }

  async post(cloud: Cloud, device: DeviceRef, { id, name, content, format, encoding, topic, properties: given }: Parameters<Downlink['post']>[2]): Promise<void> {
    const { via } = this.#reach(cloud, device);
    const { peers, access } = this.#options;
    const text = (): string => (typeof content === 'string' ? content : stringifyExact(content));
    const body: DeviceMessage = format === 'raw' ? { bytes: Buffer.from(text(), encoding === 'base64' ? 'base64' : 'utf8') } : { content, messageId: id, ...(name === undefined ? {} : { name }) };
    const { correlationData, ...rest } = given ?? {};
    const properties: MessageProperties | undefined = given === undefined ? undefined : { ...rest, ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }) };
    if (topic === undefined) return peers[cloud].send('message.down', { device, via, id, body, ...(properties === undefined ? {} : { properties }) }).delivered;
    // On a topic of the device's own the format is the same (14.7).
    const { payload } = peers[cloud].codec.encode('message.down', { device, via, id, body });
    return access.deliver(cloud, via, { topic, payload, qos: 1, properties }).delivered;
  }

  async publish(cloud: Cloud, device: DeviceRef, frame: Parameters<Downlink['publish']>[2]): Promise<void> {
    const { via } = this.#reach(cloud, device);
    return this.#options.access.deliver(cloud, via, frame).delivered;
  }

  kick(cloud: Cloud, device: DeviceRef, reason: string): void {
    this.#options.access.kick(cloud, device, reason);
  }

  /** The answer of an action is handed on as it came; that its template knows another is told. */
  #judge(device: DeviceRef, action: string, { output = {} }: CommandResult): void {
    const { registry, problem } = this.#options;
    const found = registry.findDevice('tencent', device);
    if (found === undefined) return;
    const { model, checkOutput } = registry.model('tencent', found.productId);
    // A template that declares nothing of it says nothing of what comes.
    const declared = model.services.flatMap(({ commands }) => commands).find(({ name }) => name === action)?.outputs.some(({ params }) => params.length > 0);
    const violation = declared === true ? checkOutput(undefined, action, output) : undefined;
    if (violation !== undefined) problem(new LianyunError('model-violation', `${device} answered the action ${action} with what its template does not allow: ${violation.message}`, { device, path: violation.path }));
  }

  #via(cloud: Cloud, device: DeviceRef): DeviceRef {
    const { access, registry } = this.#options;
    return access.isOnline(cloud, device) ? device : (registry.findDevice(cloud, device)?.gateway ?? device);
  }

  #reach(cloud: Cloud, device: DeviceRef): { readonly via: DeviceRef; readonly deadlineMs: number } {
    const via = this.#via(cloud, device);
    if (!this.reaches(cloud, device)) throw new LianyunError('offline', `${via} is not connected.`, { device });
    return { via, deadlineMs: DIALECTS[cloud].limits.answerMs };
  }
}
