import type { Action } from './action.ts';
import { callActions } from './calls.ts';
import { dataActions } from './data.ts';
import { deviceActions } from './devices.ts';
import { firmwareActions } from './firmware.ts';
import { firmwareTaskActions } from './firmware-tasks.ts';
import { gatewayActions } from './gateways.ts';
import { historyActions } from './history.ts';
import { logActions } from './logs.ts';
import { messageActions } from './messages.ts';
import { productActions } from './products.ts';
import { projectActions } from './projects.ts';
import { registrationActions } from './registrations.ts';
import { shadowActions } from './shadows.ts';
import { topicActions } from './topics.ts';

/** Every action that there is, by its name: those of IoT Explorer (10). */
const EXPLORER = new Map(
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

/** The same of IoT Hub: only what IoT Explorer has no action for, and its devices do all the same. */
const HUB = new Map(Object.entries<Action>({ ...logActions, ...shadowActions }));

/** The versions of the API: IoT Explorer has one, IoT Hub two that know the same here. */
export const VERSIONS: ReadonlyMap<string, ReadonlyMap<string, Action>> = new Map([['2019-04-23', EXPLORER], ['2018-06-14', HUB], ['2021-04-08', HUB]]);
