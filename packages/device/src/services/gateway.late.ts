import { Scopes, type ScopesOptions } from './gateway-scopes.ts';
import { FileTopology, type FileTopologyOptions } from './gateway-topology-file.ts';
import { GatewayService, type GatewayOptions } from './gateway.ts';

export function makeGateway(options: GatewayOptions): GatewayService {
  return new GatewayService(options);
}

export function makeScopes(options: ScopesOptions): Scopes {
  return new Scopes(options);
}

export function makeFileTopology(options: FileTopologyOptions): FileTopology {
  return new FileTopology(options);
}
