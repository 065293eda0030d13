import { LianyunError, rightsOf, type DeviceRef, type HandlerFinder, type Message, type Op, type Peer } from '@lianyun/protocol';
import type { Session } from '../session.ts';
import type { Ending } from '../session-state.ts';
import { BindingService } from './binding.ts';
import { CommandsService } from './commands.ts';
import type { DeviceContext } from './context.ts';
import { EventsService } from './events.ts';
import { FilesService } from './files.ts';
import { Scopes } from './gateway-scopes.ts';
import { FileTopology } from './gateway-topology-file.ts';
import type { TopologyStore } from './gateway-topology.ts';
import { GatewayService } from './gateway.ts';
import { InfoService } from './info.ts';
import { LogsService } from './logs.ts';
import { MessagesService } from './messages.ts';
import { OtaService } from './ota.ts';
import { PropertiesService } from './properties.ts';
import { RemoteConfigService } from './remote-config.ts';
import { ResourcesService } from './resources.ts';
import { RpcService } from './rpc.ts';
import { RulesService } from './rules.ts';
import { ShadowService } from './shadow.ts';
import { TimeService } from './time.ts';
import { TopicsService, type ReceivedMessage } from './topics.ts';
import { VersionedResourcesService } from './versioned-resources.ts';

interface DeviceParts {
  readonly context: DeviceContext;
  readonly peer: Peer;
  readonly session: Session;
  /** Where a gateway keeps its sub-devices, if the program says so. */
  readonly topology: TopologyStore | string | undefined;
  /** The server that is used now, as the program wrote it. */
  readonly server: () => string;
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
    this.#properties ??= new PropertiesService(this.#parts.context);
    this.#properties.rules = this.#rules;
    return this.#properties;
  }

  get commands(): CommandsService {
    return (this.#commands ??= new CommandsService(this.#parts.context));
  }

  get shadow(): ShadowService {
    return (this.#shadow ??= new ShadowService(this.#parts.context, this.properties));
  }

  get events(): EventsService {
    return (this.#events ??= new EventsService(this.#parts.context));
  }

  get messages(): MessagesService {
    return (this.#messages ??= new MessagesService(this.#parts.context));
  }

  get info(): InfoService {
    return (this.#info ??= new InfoService(this.#parts.context));
  }

  get time(): TimeService {
    return (this.#time ??= new TimeService(this.#parts.context));
  }

  get topics(): TopicsService {
    const { context, session } = this.#parts;
    return (this.#topics ??= new TopicsService(context, session, rightsOf(context.dialect)));
  }

  get ota(): OtaService {
    return (this.#ota ??= new OtaService(this.#parts.context));
  }

  get logs(): LogsService {
    return (this.#logs ??= new LogsService(this.#parts.context, this.#parts.server));
  }

  get files(): FilesService {
    return (this.#files ??= new FilesService(this.#parts.context));
  }

  get binding(): BindingService {
    return (this.#binding ??= new BindingService(this.#parts.context));
  }

  get remoteConfig(): RemoteConfigService {
    return (this.#remoteConfig ??= new RemoteConfigService(this.#parts.context));
  }

  get resources(): ResourcesService {
    return (this.#resources ??= new ResourcesService(this.#parts.context));
  }

  get versionedResources(): VersionedResourcesService {
    return (this.#versionedResources ??= new VersionedResourcesService(this.#parts.context));
  }

  get rpc(): RpcService {
    return (this.#rpc ??= new RpcService(this.#parts.context));
  }

  get gateway(): GatewayService {
    const { context, session, topology } = this.#parts;
    return (this.#gateway ??= new GatewayService({
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
    this.#rules ??= new RulesService(context, { rules, invoke: (call) => this.commands.invoke(call) });
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
    return new FileTopology({ file, gateway: context.device, problem: (problem) => queueMicrotask(() => context.problem(problem)) });
  }

  get #childScopes(): Scopes {
    const { context, peer } = this.#parts;
    return (this.#scopes ??= new Scopes({ peer, own: context.device, dialect: context.dialect, problem: (error) => context.problem(error) }));
  }
}
