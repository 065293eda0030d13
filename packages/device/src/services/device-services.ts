import { LianyunError, rightsOf, type DeviceRef, type HandlerFinder, type Message, type Op, type Peer } from '@lianyun/protocol';
import type { Session } from '../session.ts';
import type { Ending } from '../session-state.ts';
import type { BindingService } from './binding.ts';
import type { CommandsService } from './commands.ts';
import type { DeviceContext } from './context.ts';
import type { EventsService } from './events.ts';
import type { FilesService } from './files.ts';
import type { Scopes } from './gateway-scopes.ts';
import type { FileTopology } from './gateway-topology-file.ts';
import type { TopologyStore } from './gateway-topology.ts';
import type { GatewayService } from './gateway.ts';
import type { InfoService } from './info.ts';
import type { LogsService } from './logs.ts';
import type { MessagesService } from './messages.ts';
import type { OtaService } from './ota.ts';
import type { PropertiesService } from './properties.ts';
import type { RemoteConfigService } from './remote-config.ts';
import type { ResourcesService } from './resources.ts';
import type { RpcService } from './rpc.ts';
import type { RulesService } from './rules.ts';
import type { ShadowService } from './shadow.ts';
import type { TimeService } from './time.ts';
import type { ReceivedMessage, TopicsService } from './topics.ts';
import type { VersionedResourcesService } from './versioned-resources.ts';
import { makeFileTopology, makeGateway, makeScopes } from './gateway.late.ts';
import { makeRules } from './rules.late.ts';
import { makeFiles, makeOta, makeResources, makeVersionedResources } from './transfers.late.ts';
import { makeBinding, makeCommands, makeEvents, makeInfo, makeLogs, makeMessages, makeProperties, makeRemoteConfig, makeRpc, makeShadow, makeTime, makeTopics } from './usual.late.ts';

interface DeviceParts {
  readonly context: DeviceContext;
  readonly peer: Peer;
  readonly session: Session;
  /** Where a gateway keeps its sub-devices, if the program says so. */
  readonly topology: TopologyStore | string | undefined;
}

/** The services of one device. Each is made when the program or the cloud first asks for it: of thousands of devices in a process most use two. */
export class DeviceServices implements HandlerFinder {
  readonly #parts: DeviceParts;
  #properties: PropertiesService | undefined;
  #commands: CommandsService | undefined;
  #shadow: ShadowService | undefined;
  #events: EventsService | undefined;
  #messages: MessagesService | undefined;
  #info: InfoService | undefined;
  #time: TimeService | undefined;
  #topics: TopicsService | undefined;
  #ota: OtaService | undefined;
  #logs: LogsService | undefined;
  #files: FilesService | undefined;
  #binding: BindingService | undefined;
  #remoteConfig: RemoteConfigService | undefined;
  #resources: ResourcesService | undefined;
  #versionedResources: VersionedResourcesService | undefined;
  #rpc: RpcService | undefined;
  #gateway: GatewayService | undefined;
  #rules: RulesService | undefined;
  #scopes: Scopes | undefined;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    // A gateway that knows sub-devices from before listens from the start.
    if (parts.topology !== undefined) this.#gateway = this.gateway;
  }

  get properties(): PropertiesService {
    this.#properties ??= makeProperties(this.#parts.context);
    this.#properties.rules = this.#rules;
    return this.#properties;
  }

  get commands(): CommandsService {
    return (this.#commands ??= makeCommands(this.#parts.context));
  }

  get shadow(): ShadowService {
    return (this.#shadow ??= makeShadow(this.#parts.context, this.properties));
  }

  get events(): EventsService {
    return (this.#events ??= makeEvents(this.#parts.context));
  }

  get messages(): MessagesService {
    return (this.#messages ??= makeMessages(this.#parts.context));
  }

  get info(): InfoService {
    return (this.#info ??= makeInfo(this.#parts.context));
  }

  get time(): TimeService {
    return (this.#time ??= makeTime(this.#parts.context));
  }

  get topics(): TopicsService {
    const { context, session } = this.#parts;
    return (this.#topics ??= makeTopics(context, session, rightsOf(context.dialect)));
  }

  get ota(): OtaService {
    return (this.#ota ??= makeOta(this.#parts.context));
  }

  get logs(): LogsService {
    return (this.#logs ??= makeLogs(this.#parts.context));
  }

  get files(): FilesService {
    return (this.#files ??= makeFiles(this.#parts.context));
  }

  get binding(): BindingService {
    return (this.#binding ??= makeBinding(this.#parts.context));
  }

  get remoteConfig(): RemoteConfigService {
    return (this.#remoteConfig ??= makeRemoteConfig(this.#parts.context));
  }

  get resources(): ResourcesService {
    return (this.#resources ??= makeResources(this.#parts.context));
  }

  get versionedResources(): VersionedResourcesService {
    return (this.#versionedResources ??= makeVersionedResources(this.#parts.context));
  }

  get rpc(): RpcService {
    return (this.#rpc ??= makeRpc(this.#parts.context));
  }

  get gateway(): GatewayService {
    const { context, session, topology } = this.#parts;
    return (this.#gateway ??= makeGateway({
      context,
      scopes: this.#childScopes,
      topology: typeof topology === 'string' ? this.#fileTopology(topology) : topology,
      session,
      topics: () => this.topics,
    }));
  }

  /** Throws `unsupported` where the cloud has none. */
  get rules(): RulesService {
    const { context } = this.#parts;
    const { rules, name } = context.dialect;
    if (rules === undefined) throw new LianyunError('unsupported', `The ${name} cloud has no rules that its devices run.`);
    this.#rules ??= makeRules(context, { rules, invoke: (call) => this.commands.invoke(call) });
    if (this.#properties !== undefined) this.#properties.rules = this.#rules;
    return this.#rules;
  }

  /** The cloud asks what no handler is registered for: makes the service that has an answer to it all the same. */
  wake(op: Op): void {
    if (op === 'command.invoke') this.#commands = this.commands;
    else if (op === 'property.set' || op === 'property.get') this.#properties = this.properties;
    else if (op === 'ota.query') this.#ota = this.ota;
    else if (op === 'log.config') this.#logs = this.logs;
  }

  /** What handles an operation for a sub-device. */
  childHandler(op: Op, device: DeviceRef): ((message: Message) => unknown) | undefined {
    return this.#childScopes.handlerOf(op, device);
  }

  /** Whether a service, or the program by one, has subscribed a topic. */
  takes(topic: string): boolean {
    return this.#parts.session.subscriptions.keeps(topic) || this.#topics?.takes(topic) === true;
  }

  /** Hands a message to the handlers that the program subscribed for its topic. False when there is none. */
  receive(message: ReceivedMessage): boolean {
    return this.#topics?.receive(message) === true;
  }

  /** The device is online. */
  onOnline(): void {
    this.#gateway?.onOnline();
    this.#ota?.onOnline();
    this.#versionedResources?.onOnline();
    this.#rules?.onOnline();
    this.#logs?.onOnline();
    this.#info?.onOnline();
  }

  /** An attempt to connect failed, or the connection ended. */
  onOffline(ending: Ending): void {
    this.#logs?.onOffline(ending);
  }

  /** The device is closing: what was reported until now goes before the door is shut. */
  onClosing(): void {
    this.#scopes?.flush();
    this.#parts.session.stopIntake();
  }

  /** The device is closed: resolves when nothing of it is left to do. */
  async onClosed(): Promise<void> {
    await this.#gateway?.onClosed();
  }

  /** Applies what the cloud wanted while the device was away, if anybody handles it. */
  async resync(): Promise<void> {
    if (this.#properties?.handlesSet === true) await this.shadow.resync();
  }

  #fileTopology(file: string): FileTopology {
    const { context } = this.#parts;
    // A device that is being made has no listeners yet.
    return makeFileTopology({ file, gateway: context.device, problem: (problem) => queueMicrotask(() => context.problem(problem)) });
  }

  get #childScopes(): Scopes {
    const { context, peer } = this.#parts;
    return (this.#scopes ??= makeScopes({ peer, own: context.device, dialect: context.dialect, problem: (error) => context.problem(error) }));
  }
}
