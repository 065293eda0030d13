import type { JsonValue } from '@lianyun/protocol';
import * as v from 'valibot';
import type { HuaweiProduct, ProductChanges } from '../../records.ts';
import { absent, object, oneOf, pageIn, pageOut, param, readBody, text, textIn, type Answer, type Call } from './call.ts';
import { APP, timestamp } from './shapes.ts';

const PROTOCOLS = ['MQTT', 'CoAP', 'HTTP', 'HTTPS', 'Modbus', 'ONVIF', 'OPC-UA', 'OPC-DA', 'Other'] as const;

const createSchema = object({
  product_id: absent(text(36)),
  name: text(64),
  device_type: text(32),
  protocol_type: oneOf(PROTOCOLS),
  data_format: oneOf(['json', 'binary']),
  // The thing model's own reader knows more about it than a schema here would.
  service_capabilities: v.custom<JsonValue>((value) => Array.isArray(value), 'an array is expected'),
  manufacturer_name: absent(text(64)),
  industry: absent(text(64)),
  description: absent(text(2048)),
  app_id: absent(text(36)),
});

/** POST /products */
export function createProduct(call: Call): Answer {
  const body = readBody(call, createSchema);
  const product = call.context.registry.createProduct(
    {
      cloud: 'huawei',
      name: body.name,
      deviceType: body.device_type,
      protocolType: body.protocol_type,
      dataFormat: body.data_format,
      model: body.service_capabilities,
      ...(body.product_id === undefined ? {} : { productId: body.product_id }),
      ...(body.manufacturer_name === undefined ? {} : { manufacturerName: body.manufacturer_name }),
      ...(body.industry === undefined ? {} : { industry: body.industry }),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.app_id === undefined ? {} : { appId: body.app_id }),
    },
    'service_capabilities',
  );
  return full(call.context.registry.product('huawei', product.productId));
}

const updateSchema = object({
  name: absent(text(64)),
  device_type: absent(text(32)),
  protocol_type: absent(oneOf(PROTOCOLS)),
  data_format: absent(oneOf(['json', 'binary'])),
  service_capabilities: absent(v.custom<JsonValue>((value) => Array.isArray(value), 'an array is expected')),
  manufacturer_name: absent(text(64)),
  industry: absent(text(64)),
  description: absent(text(2048)),
});

/** PUT /products/{product_id}: what is left out stays as it was; a new model counts from the next message on. */
export function updateProduct(call: Call): Answer {
  const body = readBody(call, updateSchema);
  const changes: ProductChanges<'huawei'> = {
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(body.device_type === undefined ? {} : { deviceType: body.device_type }),
    ...(body.protocol_type === undefined ? {} : { protocolType: body.protocol_type }),
    ...(body.data_format === undefined ? {} : { dataFormat: body.data_format }),
    ...(body.service_capabilities === undefined ? {} : { model: body.service_capabilities }),
    ...(body.manufacturer_name === undefined ? {} : { manufacturerName: body.manufacturer_name }),
    ...(body.industry === undefined ? {} : { industry: body.industry }),
    ...(body.description === undefined ? {} : { description: body.description }),
  };
  call.context.registry.updateProduct('huawei', param(call, 'product_id'), changes, 'service_capabilities');
  return showProduct(call);
}

/** GET /products/{product_id} */
export function showProduct(call: Call): Answer {
  return full(call.context.registry.product('huawei', param(call, 'product_id')));
}

/** GET /products. There is one resource space, so app_id narrows nothing. */
export function listProducts(call: Call): Answer {
  const name = textIn(call, 'product_name');
  const { items, total } = call.context.registry.listProducts({ cloud: 'huawei', ...pageIn(call), ...(name === undefined ? {} : { name }) });
  return { products: items.filter((each) => each.cloud === 'huawei').map(short), page: pageOut(call, items, total) };
}

/** DELETE /products/{product_id} */
export function deleteProduct(call: Call): Answer {
  call.context.registry.deleteProduct('huawei', param(call, 'product_id'));
  return undefined;
}

function short(product: HuaweiProduct): object {
  return {
    app_id: product.appId ?? APP.id,
    app_name: APP.name,
    product_id: product.productId,
    name: product.name,
    device_type: product.deviceType,
    protocol_type: product.protocolType,
    data_format: product.dataFormat,
    manufacturer_name: product.manufacturerName,
    industry: product.industry,
    description: product.description,
    create_time: timestamp(product.createdAt),
  };
}

const full = (product: HuaweiProduct): object => ({ ...short(product), service_capabilities: product.model });
