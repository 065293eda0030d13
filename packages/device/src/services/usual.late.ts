// What most programs use, loaded together.
import type { Rights } from '@lianyun/protocol';
import { BindingService } from './binding.ts';
import { CommandsService } from './commands.ts';
import type { DeviceContext } from './context.ts';
import { EventsService } from './events.ts';
import { InfoService } from './info.ts';
import { LogsService } from './logs.ts';
import { MessagesService } from './messages.ts';
import { PropertiesService } from './properties.ts';
import { RemoteConfigService } from './remote-config.ts';
import { RpcService } from './rpc.ts';
import { ShadowService } from './shadow.ts';
import { TimeService } from './time.ts';
import { TopicsService, type TopicSession } from './topics.ts';

export { reply } from './commands.ts';

export function makeProperties(context: DeviceContext): PropertiesService {
  return new PropertiesService(context);
}

export function makeCommands(context: DeviceContext): CommandsService {
  return new CommandsService(context);
}

export function makeShadow(context: DeviceContext, properties: PropertiesService): ShadowService {
  return new ShadowService(context, properties);
}

export function makeEvents(context: DeviceContext): EventsService {
  return new EventsService(context);
}

export function makeMessages(context: DeviceContext): MessagesService {
  return new MessagesService(context);
}

export function makeInfo(context: DeviceContext): InfoService {
  return new InfoService(context);
}

export function makeTime(context: DeviceContext): TimeService {
  return new TimeService(context);
}

export function makeTopics(context: DeviceContext, session: TopicSession, rights: Rights): TopicsService {
  return new TopicsService(context, session, rights);
}

export function makeLogs(context: DeviceContext): LogsService {
  return new LogsService(context);
}

export function makeBinding(context: DeviceContext): BindingService {
  return new BindingService(context);
}

export function makeRemoteConfig(context: DeviceContext): RemoteConfigService {
  return new RemoteConfigService(context);
}

export function makeRpc(context: DeviceContext): RpcService {
  return new RpcService(context);
}
