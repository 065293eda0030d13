import { EventEmitter } from 'node:events';
import { codecOf, LianyunError, Peer, rightsOf, systemClock, type Clock, type DeviceEvent, type DeviceMessage, type DeviceRef, type Link, type MessageProperties } from '@lianyun/protocol';
import { admit, DIALECTS, keyOf } from './admission.ts';
import type { AccessPolicy, AccessPort, Client, Cloud, Uplink } from './access/port.ts';
import { createAccessServer } from './access/server.ts';
import { openChildren } from './children-intake.ts';
import { Broadcaster } from './broadcaster.ts';
import type { Children } from './children.ts';
import { DesiredPusher } from './desired.ts';
import { DeviceDownlink } from './device-downlink.ts';
import { DeviceHttp } from './device-http/device-http.ts';
import type { Downlink } from './downlink.ts';
import type { EventLog } from './event-log.ts';
import { Files } from './files.ts';
import { HuaweiServices } from './huawei/services.ts';
import { INTAKE } from './intake.ts';
import type { Mailbox } from './mailbox.ts';
import { createNorthbound, type Northbound } from './north/server.ts';
import { DeviceLogs } from './logs.ts';
import { Objects } from './objects/objects.ts';
import { Origin } from './objects/origin.ts';
import { GrantSigner } from './objects/signer.ts';
import { unpacked } from './packing.ts';
import type { PlatformAddress, PlatformEvents, PlatformOptions, PlatformPorts } from './platform-options.ts';
import { Postman } from './postman.ts';
import { mayAsk, mayHear } from './provisioning/provisioning-rights.ts';
import { Registry } from './registry.ts';
import { forgetDevice, openStorage, type Storage } from './storage/storage.ts';
import { openTencentServices, type TencentServices, type TencentServicesOptions } from './tencent/services.ts';
import type { Authority } from './tls/authority.ts';
import { openListenerTls } from './tls/listener-tls.ts';
import type { ServerTls } from './tls/server-tls.ts';
import { Upgrades } from './upgrades/upgrades.ts';
import { traceFrame } from './trace.ts';
import type { Twins } from './twin.ts';

/** Both clouds' platform on this machine. */
export class Platform extends EventEmitter<PlatformEvents> implements AsyncDisposable {
  readonly registry: Registry;
  readonly twins: Twins;
  readonly events: EventLog;
  readonly mailbox: Mailbox;
  readonly objects: Objects;
  readonly files: Files;
  readonly upgrades: Upgrades;
  readonly logs: DeviceLogs;
  /** What Huawei's platform does beside: provisioning, rules and configurations of devices, commands that nobody waits for. */
  readonly huawei: HuaweiServices;
  /** What only Tencent's cloud does. */
  readonly tencent: TencentServices;
  readonly downlink: Downlink;
  readonly access: AccessPort;
  readonly #clock: Clock;
  readonly #storage: Storage;
  readonly #peers: Readonly<Record<Cloud, Peer>>;
  readonly #postman: Postman;
  readonly #desired: DesiredPusher;
  readonly #broadcaster: Broadcaster;
  readonly #children: Children;
  readonly #origin: Origin;
  readonly #north: Northbound;
  readonly #forgetStorage: () => void;
  #tls: ServerTls | undefined;
  #authority: Authority | undefined;

  constructor({ keys, projectId, publicUrl, clock = systemClock, storage = openStorage({ clock }) }: PlatformOptions) {
    super();
    this.#clock = clock;
    this.#storage = storage;
    this.registry = new Registry({ store: storage.registryStore, clock, onDisabled: (cloud, device) => this.#disconnect(cloud, device), onDeleted: (cloud, device) => this.#forget(cloud, device) });
    this.twins = storage.twins;
    this.#forgetStorage = storage.onFault((fault) => this.#tell('problem', fault));
    this.events = storage.events;
    this.mailbox = storage.mailbox;
    this.access = createAccessServer({ policy: this.#policy(), clock });
    this.#peers = { huawei: this.#peer('huawei'), tencent: this.#peer('tencent') };
    this.#children = openChildren({
      peers: this.#peers,
      access: this.access,
      registry: this.registry,
      storage,
      clock,
      cameOnline: (cloud, device) => {
        this.#tell('online', { cloud, device });
        if (cloud === 'huawei') {
          this.logs.cameOnline(device);
          this.#desired.cameOnline(device);
          this.huawei.cameOnline(device);
        }
        this.upgrades.cameOnline(cloud, device);
      },
      wentOffline: (cloud, device, reason) => this.#tell('offline', { cloud, device, reason }),
      onReported: (device) => this.#desired.reported(device),
      problem: (problem) => this.#tell('problem', problem),
    });
    this.downlink = new DeviceDownlink({ peers: this.#peers, access: this.access, registry: this.registry, clock, problem: (fault) => this.#tell('problem', fault) });
    this.objects = new Objects({ storage, clock });
    this.#origin = new Origin(this.access, publicUrl);
    const signer = new GrantSigner(storage.secret('grants'));
    const problem = (fault: LianyunError): void => this.#tell('problem', fault);
    this.files = new Files({ storage, objects: this.objects, signer, origin: this.#origin, peer: this.#peers.huawei, clock, problem, onFile: (file) => this.#tell('file', file) });
    const { registry, mailbox, downlink, objects, files } = this;
    this.upgrades = new Upgrades({ storage, objects, signer, origin: this.#origin, registry, downlink, clock, peers: this.#peers, problem, onUpgrade: (upgrade) => this.#tell('upgrade', upgrade) });
    this.logs = new DeviceLogs({ peers: this.#peers, storage, registry, downlink, clock, problem, onLog: (entry) => this.#tell('log', entry) });
    this.huawei = new HuaweiServices({ storage, registry, downlink, access: this.access, peer: this.#peers.huawei, clock, problem, addressFor: ({ device, proof }) => this.#origin.mqttFor('huawei', device, proof.isSecure) });
    const tell: Pick<TencentServicesOptions, 'onClaim' | 'onResource'> = { onClaim: (claim) => this.#tell('claim', claim), onResource: (resource) => this.#tell('resource', resource) };
    this.tencent = openTencentServices({ peer: this.#peers.tencent, access: this.access, downlink, registry, storage, objects, signer, origin: this.#origin, clock, ...tell });
    this.#postman = new Postman({ mailbox, downlink, registry, clock });
    this.#desired = new DesiredPusher({ storage, downlink, registry, problem });
    this.#broadcaster = new Broadcaster({ access: this.access, downlink, registry, peers: this.#peers });
    const deviceHttp = new DeviceHttp({ registry, clock, issue: (name) => this.#authority?.forDevice(name), takeUplink: (device, frame) => this.#takeUplink(device, frame), takeLogs: (device, lines) => this.logs.take('tencent', device, lines), problem });
    this.#north = createNorthbound({ deviceHttp, tencent: this.tencent, logs: this.logs, registry, storage, postman: this.#postman, downlink, children: this.#children, desired: this.#desired, broadcasts: this.#broadcaster, objects, signer, origin: this.#origin, files, upgrades: this.upgrades, huawei: this.huawei, keys, clock, ...(projectId === undefined ? {} : { projectId }) });
  }

  /** Starts to listen. Resolves with the real ports. Rejects with `port-in-use` or `bad-config`; nothing listens then. */
  async listen({ host, mqtt, http, mqtts, https, authority }: PlatformAddress): Promise<PlatformPorts> {
    this.#authority = authority;
    try {
      const tls = mqtts === undefined && https === undefined ? undefined : (this.#tls = openListenerTls({ authority, host, clock: this.#clock, keyOf: (identity) => keyOf(identity, this.registry), notice: (text) => this.#tell('notice', { kind: 'certificate', peer: 'listener', text }) }));
      const mqttPort = await this.access.listen({ host, port: mqtt });
      const plain = await this.#north.listen({ host, port: http });
      this.access.serve(plain.server);
      this.#origin.listensOn({ host, port: plain.port });
      const ports: PlatformPorts = { mqtt: mqttPort, http: plain.port };
      this.#origin.listensForMqtt(ports);
      if (tls === undefined) return ports;
      const secured = https === undefined ? undefined : await this.#north.listen({ host, port: https, tls });
      this.#origin.listensOn({ host, port: plain.port, https: secured?.port });
      if (secured !== undefined) this.access.serve(secured.server, tls);
      const all = {
        ...ports,
        ...(mqtts === undefined ? {} : { mqtts: await this.access.listen({ host, port: mqtts, tls }) }),
        ...(secured === undefined ? {} : { https: secured.port }),
      };
      this.#origin.listensForMqtt(all);
      return all;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends every connection and listener. */
  async close(): Promise<void> {
    this.#broadcaster.close();
    for (const peer of Object.values(this.#peers)) peer.fail(() => new LianyunError('server-shutdown', 'The platform is going down.'));
    await Promise.all([this.access.close(), this.#north.close()]);
    this.#tls?.close();
    this.upgrades.close();
    this.huawei.close();
    this.#forgetStorage();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The platform's answers to the access server. */
  #policy(): AccessPolicy {
    return {
      admit: (request) => admit(request, { registry: this.registry, clock: this.#clock, provisioning: this.huawei.provisioning }),
      kindOf: ({ cloud, device, scope }, topic) => {
        if (scope !== undefined) return mayAsk(device, topic) ? 'system' : 'forbidden';
        const kind = this.#children.kindOf(cloud, device, topic);
        return kind === 'forbidden' && cloud === 'tencent' && this.tencent.topicPolicies.mayPublish(topic, this.#children.speaksFor(cloud, device, topic)) ? 'custom' : kind;
      },
      maySubscribe: ({ cloud, device, scope }, filter) => {
        if (scope !== undefined) return mayHear(device, filter);
        if (rightsOf(DIALECTS[cloud]).maySubscribe(filter, this.#children.speaksFor(cloud, device, filter))) return true;
        return cloud === 'tencent' && this.tencent.topicPolicies.maySubscribe(filter, this.#children.speaksFor(cloud, device, filter));
      },
      isImplicit: ({ cloud }, topic) => codecOf(DIALECTS[cloud]).knows('down', topic) && !codecOf(DIALECTS[cloud]).isOnUse(topic),
      isRouted: ({ cloud, device }, filter) => [...this.#children.speaksFor(cloud, device, filter)].some((each) => rightsOf(DIALECTS[cloud]).meetsCustom(filter, each) || (cloud === 'tencent' && this.tencent.topicPolicies.meets(filter, each))),
      // A custom topic is between devices and applications: the access server routes it, nothing here reads it but the answer to a call.
      onUplink: (client, uplink, kind) => {
        if (kind === 'custom') {
          if (client.cloud === 'tencent') this.tencent.calls.onCustom(client.device, uplink.topic, uplink.payload);
          return undefined;
        }
        const taken = this.#receive(client, uplink);
        return taken === undefined ? this.#storage.stored() : taken.then(() => this.#storage.stored());
      },
      onOnline: ({ cloud, device, scope }) => {
        // Who asks where to connect is not there yet.
        if (scope !== undefined) return;
        this.registry.cameOnline(cloud, device, this.#clock.now());
        this.#tell('online', { cloud, device });
        this.#children.gatewayCame(cloud, device);
        this.upgrades.cameOnline(cloud, device);
        if (cloud !== 'huawei') return;
        this.logs.cameOnline(device);
        this.#postman.cameOnline(device);
        this.#desired.cameOnline(device);
        this.huawei.cameOnline(device);
      },
      onOffline: ({ cloud, device, scope }, reason) => {
        if (scope !== undefined) return;
        this.registry.wentOffline(cloud, device, this.#clock.now());
        this.#peers[cloud].fail(() => new LianyunError('offline', `${device} went offline (${reason}) before it answered.`, { device }), device);
        this.#children.gatewayWent(cloud, device, reason);
        this.#tell('offline', { cloud, device, reason });
      },
      wantsTrace: () => this.listenerCount('frame') > 0,
      onFrame: (client, direction, frame) => this.#tell('frame', traceFrame(client, direction, frame, this.#clock.now())),
      onNotice: (notice) => this.#tell('notice', notice),
    };
  }

  /** What a Tencent device published without a connection (7.7); what the platform answers needs one. */
  #takeUplink(device: DeviceRef, uplink: Uplink): void | Promise<void> {
    if (codecOf(DIALECTS.tencent).knows('up', uplink.topic)) return this.#receive({ cloud: 'tencent', device }, uplink);
    this.access.publish('tencent', uplink);
  }

  /** What cannot be unpacked is told and acknowledged, as every frame that cannot be read: sent again it would be the same. */
  #receive({ cloud, device }: Pick<Client, 'cloud' | 'device'>, { topic, payload, properties }: Pick<Uplink, 'topic' | 'payload' | 'properties'>): void | Promise<void> {
    const plain = unpacked({ cloud, device, topic, payload });
    return Buffer.isBuffer(plain) ? this.#peers[cloud].receive(topic, plain, device, properties) : this.#tell('problem', plain);
  }

  /** A device that was disabled is not let in again, nor does it stay: neither on its own connection nor on its gateway's. */
  #disconnect(cloud: Cloud, device: DeviceRef): void {
    this.access.kick(cloud, device, 'the device was disabled');
    if (this.registry.device(cloud, device).gateway !== undefined) this.#children.setOnline(cloud, device, false, 'kicked');
  }

  /** A device is no more: nothing that is known of it stays. */
  #forget(cloud: Cloud, device: DeviceRef): void {
    forgetDevice(this.#storage, cloud, device);
    this.upgrades.forget(cloud, device);
    if (cloud === 'tencent') return this.tencent.resources.forget(device);
    this.files.forget(device);
    this.huawei.forget(device);
  }

  /** A listener that throws must not break what goes on between a device and the platform. */
  #tell<K extends keyof PlatformEvents>(event: K, ...args: PlatformEvents[K]): void {
    try {
      // The event and its arguments belong together by the signature above.
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      process.emitWarning(`A listener of the platform's event ${event} threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, 'LianyunWarning');
    }
  }

  #peer(cloud: Cloud): Peer {
    const link: Link = {
      send: (via, frame) => this.access.deliver(cloud, via, frame),
      // The platform's own messages settle with the transport; answers go to the waiting requests.
      settle: () => false,
    };
    const problem = (error: LianyunError): void => this.#tell('problem', error);
    const mayCarry = (via: DeviceRef, device: DeviceRef): boolean => this.#children.carries(cloud, via, device);
    const peer = new Peer({ role: 'platform', dialect: DIALECTS[cloud], link, clock: this.#clock, onProblem: problem, mayCarry });
    const { registry } = this;
    const onEvent = (device: DeviceRef, event: DeviceEvent): void => this.#tell('event', { cloud, device, event });
    const onMessage = (device: DeviceRef, message: DeviceMessage, properties?: MessageProperties): void => this.#tell('message', { cloud, device, message, ...(properties === undefined ? {} : { properties }) });
    const onReported = (device: DeviceRef): void => this.#desired.reported(device);
    INTAKE[cloud]({ peer, registry, storage: this.#storage, clock: this.#clock, onReported, onEvent, onMessage, rulesOf: (device) => this.huawei.rules.shadow(device), problem });
    return peer;
  }
}
