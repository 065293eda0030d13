import type { Action } from './action.ts';
import { callActions } from './calls.ts';
import { dataActions } from './data.ts';
import { deviceActions } from './devices.ts';
import { firmwareActions } from './firmware.ts';
import { firmwareTaskActions } from './firmware-tasks.ts';
import { gatewayActions } from './gateways.ts';
import { historyActions } from './history.ts';
import { messageActions } from './messages.ts';
import { productActions } from './products.ts';
import { projectActions } from './projects.ts';
import { registrationActions } from './registrations.ts';
import { topicActions } from './topics.ts';

/** The version of the API that IoT Explorer has (10). */
export const VERSION = '2019-04-23';

/** Every action that there is, by its name. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries<Action>({
    ...projectActions,
    ...productActions,
    ...registrationActions,
    ...topicActions,
    ...deviceActions,
    ...dataActions,
    ...historyActions,
    ...messageActions,
    ...callActions,
    ...gatewayActions,
    ...firmwareActions,
    ...firmwareTaskActions,
  }),
);
