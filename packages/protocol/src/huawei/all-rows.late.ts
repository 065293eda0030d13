import { configRows } from './config-rows.ts';
import { eventRows } from './event-rows.ts';
import { fileRows } from './file-rows.ts';
import { gatewayRows } from './gateway-rows.ts';
import { messageRows } from './message-rows.ts';
import { otaRows } from './ota-rows.ts';
import { provisionRows } from './provision-rows.ts';
import { propertyRows } from './rows.ts';
import { ruleRows } from './rule-rows.ts';

/** Every message of IoTDA. */
export function allRows() {
  return { ...propertyRows(), ...messageRows(), ...eventRows(), ...otaRows(), ...fileRows(), ...gatewayRows(), ...provisionRows(), ...ruleRows(), ...configRows() } as const;
}
