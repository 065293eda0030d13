import type { Clock, Peer } from '@lianyun/protocol';
import type { AccessPort } from '../access/port.ts';
import type { Downlink } from '../downlink.ts';
import type { Objects } from '../objects/objects.ts';
import type { Origin } from '../objects/origin.ts';
import type { GrantSigner } from '../objects/signer.ts';
import type { Registry } from '../registry.ts';
import type { Storage } from '../storage/storage.ts';
import { Bindings, type BindingClaim } from './bindings.ts';
import { Calls } from './calls.ts';
import { Projects } from './projects.ts';
import { RemoteConfigs } from './remote-configs.ts';
import type { Resource } from './resource-records.ts';
import { Resources } from './resources.ts';
import { ShadowDocuments } from './shadow-documents.ts';
import { TopicPolicies } from './topic-policies.ts';

export interface TencentServicesOptions {
  readonly peer: Pick<Peer, 'handle' | 'send' | 'request'>;
  readonly access: Pick<AccessPort, 'online'>;
  readonly downlink: Downlink;
  readonly registry: Registry;
  readonly storage: Storage;
  readonly objects: Objects;
  readonly signer: GrantSigner;
  readonly origin: Origin;
  readonly clock: Clock;
  onClaim(claim: BindingClaim): void;
  onResource(resource: Resource): void;
}

/** What only Tencent's cloud does for its devices. */
export interface TencentServices {
  readonly bindings: Bindings;
  readonly calls: Calls;
  readonly projects: Projects;
  readonly remoteConfigs: RemoteConfigs;
  readonly resources: Resources;
  readonly shadows: ShadowDocuments;
  readonly topicPolicies: TopicPolicies;
}

/** Makes them; from then on they answer what devices ask. */
export function openTencentServices(options: TencentServicesOptions): TencentServices {
  return { bindings: new Bindings(options), calls: new Calls(options), projects: new Projects(options), remoteConfigs: new RemoteConfigs(options), resources: new Resources(options), shadows: new ShadowDocuments(options), topicPolicies: new TopicPolicies(options.registry) };
}
