import type { DeviceRef } from '@lianyun/protocol';
import type { BindingService } from './binding.ts';
import type { CommandsService } from './commands.ts';
import type { DeviceContext } from './context.ts';
import type { EventsService } from './events.ts';
import type { FilesService } from './files.ts';
import type { InfoService } from './info.ts';
import type { LogsService } from './logs.ts';
import type { MessagesService } from './messages.ts';
import type { OtaService } from './ota.ts';
import type { PropertiesService } from './properties.ts';
import type { RemoteConfigService } from './remote-config.ts';
import type { ResourcesService } from './resources.ts';
import type { RpcService } from './rpc.ts';
import type { ShadowService } from './shadow.ts';
import type { TimeService } from './time.ts';
import type { TopicsService } from './topics.ts';
import type { VersionedResourcesService } from './versioned-resources.ts';
import { makeFiles, makeOta, makeResources, makeVersionedResources } from './transfers.late.ts';
import { makeBinding, makeCommands, makeEvents, makeInfo, makeLogs, makeMessages, makeProperties, makeRemoteConfig, makeRpc, makeShadow, makeTime } from './usual.late.ts';

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
    this.properties = makeProperties(context);
    this.commands = makeCommands(context);
    this.shadow = makeShadow(context, this.properties);
  }

  get events(): EventsService {
    return (this.#events ??= makeEvents(this.#context));
  }

  get messages(): MessagesService {
    return (this.#messages ??= makeMessages(this.#context));
  }

  get info(): InfoService {
    return (this.#info ??= makeInfo(this.#context));
  }

  /** The cloud's time, asked for in the sub-device's name. What is measured counts for the whole connection: the clock is its gateway's. */
  get time(): TimeService {
    return (this.#time ??= makeTime(this.#context));
  }

  /** Versions of the sub-device, and new ones from the cloud: its gateway downloads for it (Huawei 9.4, Tencent 3.8). */
  get ota(): OtaService {
    return (this.#ota ??= makeOta(this.#context));
  }

  /** The sub-device is online again. @internal */
  onOnline(): void {
    this.#ota?.onOnline();
    this.#versionedResources?.onOnline();
    this.#logs?.onOnline();
    this.#info?.onOnline();
  }

  /** Topics of the sub-device's own (Tencent 3.8), subscribed while it is online. Throws `unsupported` on Huawei, where a sub-device has none. */
  get topics(): TopicsService {
    return (this.#topics ??= this.#topicsOf());
  }

  /** Files in the sub-device's own place in the cloud's storage. */
  get files(): FilesService {
    return (this.#files ??= makeFiles(this.#context));
  }

  /** The sub-device's log, and what the cloud wants of it (Huawei 5.6, Tencent 7.6). Its connection is its gateway's, whose log tells of that. */
  get logs(): LogsService {
    return (this.#logs ??= makeLogs(this.#context));
  }

  /** Users that bind the sub-device and let go of it (Tencent 2.8). */
  get binding(): BindingService {
    return (this.#binding ??= makeBinding(this.#context));
  }

  /** The configuration of the sub-device's product (Tencent 7.5). */
  get remoteConfig(): RemoteConfigService {
    return (this.#remoteConfig ??= makeRemoteConfig(this.#context));
  }

  /** Files that the sub-device puts into the cloud's storage, and gets from it (Tencent 7.8): its gateway transfers them. */
  get resources(): ResourcesService {
    return (this.#resources ??= makeResources(this.#context));
  }

  /** Resources of the sub-device that have versions (Tencent 7.9): its gateway transfers them. */
  get versionedResources(): VersionedResourcesService {
    return (this.#versionedResources ??= makeVersionedResources(this.#context));
  }

  /** Calls without a model that the cloud waits for (Tencent 7.3). */
  get rpc(): RpcService {
    return (this.#rpc ??= makeRpc(this.#context));
  }
}
