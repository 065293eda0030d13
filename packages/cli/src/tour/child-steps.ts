import type { ChildResult } from 'lianyun';
import { expect, type Checklist } from './checklist.ts';
import { PROGRAM_PROFILE, PROGRAM_TEMPLATE, ProgramThing } from './child.ts';
import type { NorthClient } from '../north-client.ts';
import type { HuaweiThing, TencentThing } from './thing.ts';

interface ChildSteps {
  readonly north: NorthClient;
  readonly onHuawei: HuaweiThing;
  readonly onTencent: TencentThing;
  /** Ends the names of products, so that each tour has its own. */
  readonly suffix: string;
}

/** This program as a sub-device of this machine, on both clouds: no connection of its own, values and answers of its own. */
export async function childSteps({ north, onHuawei, onTencent, suffix }: ChildSteps, checklist: Checklist): Promise<void> {
  await checklist.step('Huawei: this program as a sub-device', async () => {
    const { gateway, id } = onHuawei.device;
    const productId = `program${suffix}`;
    const product = await north.huawei('POST', '/products', { product_id: productId, name: 'Program', device_type: 'Program', protocol_type: 'MQTT', data_format: 'json', service_capabilities: PROGRAM_PROFILE });
    expect(product.status === 201, 'CreateProduct did not answer 201', product);
    const [added] = await gateway.add([{ product: productId, node: 'tour', name: 'the tour' }]);
    expectDone(added, 'The gateway could not add its sub-device');
    const [online] = await gateway.online([added.device]);
    expectDone(online, 'The sub-device did not come online');
    const program = new ProgramThing(gateway.child(added.device), 'program');
    const values = await program.report();
    const shown = await north.huawei('GET', `/devices/${added.device}`);
    expect(shown.body['status'] === 'ONLINE' && shown.body['gateway_id'] === id, 'ShowDevice does not show the sub-device online behind its gateway', shown.body);
    const { body } = await north.huawei('GET', `/devices/${added.device}/shadow`);
    const shadow = body['shadow'] as readonly { readonly reported?: { readonly properties?: object } }[] | undefined;
    expect(JSON.stringify(shadow?.[0]?.reported?.properties) === JSON.stringify(values), 'the shadow does not hold what the sub-device reported', body);
    const answer = await north.huawei('POST', `/devices/${added.device}/commands`, { service_id: 'program', command_name: 'pid', paras: {} });
    const { paras } = (answer.body['response'] ?? {}) as { readonly paras?: { readonly pid?: number } };
    expect(paras?.pid === process.pid, 'the sub-device did not answer its command', answer.body);
    return `${added.device} ${JSON.stringify(values)}, pid ${paras.pid}`;
  });

  await checklist.step('Tencent: this program as a sub-device', async () => {
    const made = await north.tencent('CreateStudioProduct', { ProductName: `program-${suffix}`, CategoryId: 1, ProductType: 0, EncryptionType: '2', NetType: 'wifi', DataProtocol: 1, ProductDesc: 'this program', ProjectId: 'tour' });
    const { ProductId = '' } = (made.body['Product'] ?? {}) as { readonly ProductId?: string };
    expect(ProductId !== '', 'CreateStudioProduct gave no ProductId', made.body);
    const model = await north.tencent('ModifyModelDefinition', { ProductId, ModelSchema: JSON.stringify(PROGRAM_TEMPLATE) });
    expect(model.body['Error'] === undefined, 'ModifyModelDefinition failed', model.body);
    const names = { ProductId, DeviceName: 'tour' };
    const created = await north.tencent('CreateDevice', names);
    const { DevicePsk } = (created.body['Data'] ?? {}) as { readonly DevicePsk?: string };
    expect(typeof DevicePsk === 'string', 'CreateDevice gave no DevicePsk', created.body);
    const { gateway, id } = onTencent.device;
    const [bound] = await gateway.add([{ device: `${ProductId}/tour`, secret: DevicePsk }]);
    expectDone(bound, 'The gateway could not bind its sub-device');
    const [online] = await gateway.online([bound.device]);
    expectDone(online, 'The sub-device did not come online');
    const program = new ProgramThing(gateway.child(bound.device));
    const values = await program.report();
    const { body: binding } = await north.tencent('DescribeDeviceBindGateway', names);
    expect(`${String(binding['GatewayProductId'])}/${String(binding['GatewayDeviceName'])}` === id, 'DescribeDeviceBindGateway does not name the gateway', binding);
    const { body } = await north.tencent('DescribeDeviceData', names);
    const data = JSON.parse(String(body['Data'])) as Record<string, { readonly Value?: unknown } | undefined>;
    for (const [name, value] of Object.entries(values)) expect(data[name]?.Value === value, `DescribeDeviceData does not hold ${name} of the sub-device`, body);
    const answer = await north.tencent('CallDeviceActionSync', { ...names, ActionId: 'pid', InputParams: '{}' });
    expect(answer.body['OutputParams'] === JSON.stringify({ pid: process.pid }), 'the sub-device did not answer its action', answer.body);
    return `${bound.device} ${JSON.stringify(values)}, pid ${process.pid}`;
  });
}

function expectDone(result: ChildResult | undefined, what: string): asserts result is ChildResult & { readonly device: string } {
  expect(result?.code === 0 && result.device !== undefined, what, result);
}
