import type { DeviceGroup } from '../../huawei/device-groups.ts';
import { absent, deviceOf, object, oneOf, pageIn, pageOut, param, readBody, readInstant, text, textIn, typeIn, type Answer, type Call } from './call.ts';
import { APP } from './shapes.ts';

const TYPES = ['STATIC', 'DYNAMIC'] as const;

const createSchema = object({
  name: text(64),
  description: absent(text(64)),
  super_group_id: absent(text(36)),
  app_id: absent(text(36)),
  group_type: absent(oneOf(TYPES)),
  dynamic_group_rule: absent(text(400)),
});

/** POST /device-group */
export function createGroup(call: Call): Answer {
  const { name, description, super_group_id: parent, app_id: appId = APP.id, group_type: type = 'STATIC', dynamic_group_rule: rule } = readBody(call, createSchema);
  return groupBody(call.context.huawei.groups.create({
    name, type, appId,
    ...(description === undefined ? {} : { description }),
    ...(parent === undefined ? {} : { parent }),
    ...(rule === undefined ? {} : { rule }),
  }));
}

/** GET /device-group */
export async function listGroups(call: Call): Promise<object> {
  const [name, appId, since] = ['name', 'app_id', 'last_modified_time'].map((each) => textIn(call, each));
  const type = textIn(call, 'group_type') === undefined ? undefined : typeIn(call, 'group_type', TYPES);
  const where = {
    ...(name === undefined ? {} : { name }),
    ...(appId === undefined ? {} : { appId }),
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { changedAfter: readInstant(since, 'last_modified_time') }),
  };
  const { items, total } = await call.context.huawei.groups.list(where, pageIn(call));
  return { device_groups: items.map(groupItem), page: pageOut(call, items, total) };
}

/** GET /device-group/{group_id} */
export function showGroup(call: Call): Answer {
  return groupBody(call.context.huawei.groups.get(param(call, 'group_id')));
}

/** PUT /device-group/{group_id} */
export function updateGroup(call: Call): Answer {
  const { name, description } = readBody(call, object({ name: absent(text(64)), description: absent(text(64)) }));
  return groupBody(call.context.huawei.groups.update(param(call, 'group_id'), { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) }));
}

/** DELETE /device-group/{group_id} */
export function deleteGroup(call: Call): Answer {
  call.context.huawei.groups.remove(param(call, 'group_id'));
  return undefined;
}

/** POST /device-group/{group_id}/action?action_id=addDevice&device_id=…: puts a device into it, or takes it out. */
export function actOnGroup(call: Call): Answer {
  const { groups } = call.context.huawei;
  const id = groups.get(param(call, 'group_id')).id;
  const action = typeIn(call, 'action_id', ['addDevice', 'removeDevice']);
  const device = textIn(call, 'device_id') ?? '';
  if (action === 'addDevice') groups.add(id, device);
  else groups.takeOut(id, device);
  return {};
}

/** GET /device-group/{group_id}/devices */
export async function listGroupDevices(call: Call): Promise<object> {
  const { items, total } = await call.context.huawei.groups.devices(param(call, 'group_id'), pageIn(call));
  const devices = items.map(({ device, nodeId, name, productId }) => ({ device_id: device, node_id: nodeId, device_name: name, product_id: productId }));
  return { devices, page: pageOut(call, items, total) };
}

/** POST /devices/{device_id}/list-device-group: the groups that a device was put into. */
export function listGroupsOfDevice(call: Call): Answer {
  return { device_groups: call.context.huawei.groups.of(deviceOf(call).device).map(groupItem) };
}

function groupItem({ id, name, description, parent, type }: DeviceGroup): object {
  return { group_id: id, name, description, super_group_id: parent, group_type: type };
}

const groupBody = (group: DeviceGroup): object => ({ ...groupItem(group), dynamic_group_rule: group.rule });
