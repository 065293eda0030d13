import { documentRows } from './document-rows.ts';
import { eventRows } from './event-rows.ts';
import { gatewayRows } from './gateway-rows.ts';
import { resourceRows } from './resource-rows.ts';
import { propertyRows } from './rows.ts';
import { rpcRows } from './rpc-rows.ts';
import { serviceRows } from './service-rows.ts';
import { systemRows } from './system-rows.ts';
import { versionedResourceRows } from './versioned-resource-rows.ts';

/** Every message of IoT Explorer, and those of IoT Hub that it has kept. */
export function allRows() {
  return { ...propertyRows(), ...eventRows(), ...systemRows(), ...gatewayRows(), ...rpcRows(), ...serviceRows(), ...resourceRows(), ...versionedResourceRows(), ...documentRows() } as const;
}
