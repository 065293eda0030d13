import type { DeviceRef } from '@lianyun/protocol';
import { BindingService } from './binding.ts';
import { CommandsService } from './commands.ts';
import type { DeviceContext } from './context.ts';
import { EventsService } from './events.ts';
import { FilesService } from './files.ts';
import { InfoService } from './info.ts';
import { LogsService } from './logs.ts';
import { MessagesService } from './messages.ts';
import { OtaService } from './ota.ts';
import { PropertiesService } from './properties.ts';
import { RemoteConfigService } from './remote-config.ts';
import { ResourcesService } from './resources.ts';
import { RpcService } from './rpc.ts';
import { ShadowService } from './shadow.ts';
import { TimeService } from './time.ts';
import type { TopicsService } from './topics.ts';
import { VersionedResourcesService } from './versioned-resources.ts';

/** A sub-device on its gateway's connection (Huawei 9.1, Tencent 3.8): services like a device's own, with handlers of its own. */
export class GatewayChild {
  readonly id: DeviceRef;
  readonly properties: PropertiesService;
  readonly commands: CommandsService;
  readonly shadow: ShadowService;
  readonly #context: DeviceContext;
  readonly #topicsOf: () => TopicsService;
  // A gateway may have thousands of sub-devices: what a sub-device does not use is not made.
  #events: EventsService | undefined;
  #messages: MessagesService | undefined;
  #info: InfoService | undefined;
  #time: TimeService | undefined;
  #ota: OtaService | undefined;
  #files: FilesService | undefined;
  #topics: TopicsService | undefined;
  #logs: LogsService | undefined;
  #binding: BindingService | undefined;
  #remoteConfig: RemoteConfigService | undefined;
  #resources: ResourcesService | undefined;
  #versionedResources: VersionedResourcesService | undefined;
  #rpc: RpcService | undefined;

  /** @internal */
  constructor(context: DeviceContext, topicsOf: () => TopicsService) {
    this.id = context.device;
    this.#context = context;
    this.#topicsOf = topicsOf;
    this.properties = new PropertiesService(context);
    this.commands = new CommandsService(context);
    this.shadow = new ShadowService(context, this.properties);
  }

  get events(): EventsService {
    return (this.#events ??= new EventsService(this.#context));
  }

  get messages(): MessagesService {
    return (this.#messages ??= new MessagesService(this.#context));
  }

  get info(): InfoService {
    return (this.#info ??= new InfoService(this.#context));
  }

  /** The cloud's time, asked for in the sub-device's name. What is measured counts for the whole connection: the clock is its gateway's. */
  get time(): TimeService {
    return (this.#time ??= new TimeService(this.#context));
  }

  /** Versions of the sub-device, and new ones from the cloud: its gateway downloads for it (Huawei 9.4, Tencent 3.8). */
  get ota(): OtaService {
    return (this.#ota ??= new OtaService(this.#context));
  }

  /** The sub-device is online again. @internal */
  onOnline(): void {
    this.#ota?.onOnline();
    this.#versionedResources?.onOnline();
    this.#logs?.onOnline();
  }

  /** Topics of the sub-device's own (Tencent 3.8), subscribed while it is online. Throws `unsupported` on Huawei, where a sub-device has none. */
  get topics(): TopicsService {
    return (this.#topics ??= this.#topicsOf());
  }

  /** Files in the sub-device's own place in the cloud's storage. */
  get files(): FilesService {
    return (this.#files ??= new FilesService(this.#context));
  }

  /** The sub-device's log, and what the cloud wants of it (Huawei 5.6, Tencent 7.6). Its connection is its gateway's, whose log tells of that. */
  get logs(): LogsService {
    return (this.#logs ??= new LogsService(this.#context));
  }

  /** Users that bind the sub-device and let go of it (Tencent 2.8). */
  get binding(): BindingService {
    return (this.#binding ??= new BindingService(this.#context));
  }

  /** The configuration of the sub-device's product (Tencent 7.5). */
  get remoteConfig(): RemoteConfigService {
    return (this.#remoteConfig ??= new RemoteConfigService(this.#context));
  }

  /** Files that the sub-device puts into the cloud's storage, and gets from it (Tencent 7.8): its gateway transfers them. */
  get resources(): ResourcesService {
    return (this.#resources ??= new ResourcesService(this.#context));
  }

  /** Resources of the sub-device that have versions (Tencent 7.9): its gateway transfers them. */
  get versionedResources(): VersionedResourcesService {
    return (this.#versionedResources ??= new VersionedResourcesService(this.#context));
  }

  /** Calls without a model that the cloud waits for (Tencent 7.3). */
  get rpc(): RpcService {
    return (this.#rpc ??= new RpcService(this.#context));
  }
}
