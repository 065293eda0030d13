import { X509Certificate } from 'node:crypto';
import { isJsonObject, type JsonValue } from '@lianyun/protocol';
import * as v from 'valibot';
import { nearest } from './nearest.ts';
import { ADDRESS, GROUP_SECRET, SCOPE_ID } from './provisioning/provisioning-rules.ts';
import { FINGERPRINT, RULES } from './registry-rules.ts';

const expect = (words: string) => `${words} is expected`;
const rule = ({ allows, words }: { allows: (text: string) => boolean; words: string }) => v.pipe(v.string(expect('a string')), v.check(allows, expect(words)));
const text = v.string(expect('a string'));
const integer = v.pipe(v.number(expect('a number')), v.integer(expect('a whole number')));
const flag = v.boolean(expect('true or false'));
const secretText = v.pipe(text, v.minLength(1, expect('a text that is not empty')), v.maxLength(128, expect('at most 128 characters')));
const choice = <const T extends readonly (string | number)[]>(options: T) => v.picklist(options, expect(`one of ${options.map((each) => JSON.stringify(each)).join(', ')}`));
// Read by the thing model's own reader, which knows more about it than a schema here would. What it takes is no JsonValue to the compiler: that one refers to itself, and in
// the declarations that programs compile against, where all of this is written out, it goes too deep.
const document: v.GenericSchema<object, JsonValue> = v.pipe(
  v.custom<object>((value) => isJsonObject(value) || Array.isArray(value), expect('the vendor’s document')),
  v.transform((value) => value as JsonValue), // an object or an array of the seed, which is JSON
);

const certificate = v.pipe(text, v.check((pem) => fingerprintOf(pem) !== undefined, expect('a certificate in PEM form')));

/** The SHA-256 fingerprint of a certificate in PEM form, hex. */
export function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return undefined;
  }
}

/** An object without any other members; `null` counts as a member that was left out. */
function strict<const E extends v.ObjectEntries>(entries: E) {
  const names = Object.keys(entries);
  const schema = v.strictObject(entries, (issue) => {
    if (issue.expected !== 'never') return issue.path === undefined ? expect('an object') : 'is missing';
    const near = nearest(String(issue.input), names);
    return `is unknown; ${near === undefined ? `known are ${names.join(', ')}` : `did you mean "${near}"?`}`;
  });
  return v.pipe(v.custom<v.InferInput<typeof schema>>(isJsonObject, expect('an object')), v.transform(withoutNulls), schema);
}

function withoutNulls<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as T; // what was null is left out
}

const list = <S extends v.GenericSchema>(schema: S) => v.optional(v.array(schema, expect('an array')), []);
const optional = v.optional;

const { huawei, tencent } = RULES;

const huaweiSchema = strict({
  projectId: optional(rule(huawei.nodeId)),
  accessKeys: list(strict({ ak: secretText, sk: secretText })),
  products: list(
    strict({
      product_id: optional(rule(huawei.productId)),
      name: optional(rule(huawei.productName)),
      device_type: optional(text),
      protocol_type: optional(text),
      data_format: optional(choice(['json', 'binary'])),
      manufacturer_name: optional(text),
      industry: optional(text),
      description: optional(text),
      app_id: optional(text),
      service_capabilities: optional(document),
    }),
  ),
  devices: list(
    strict({
      device_id: optional(rule(huawei.device)),
      product_id: rule(huawei.productId),
      node_id: optional(rule(huawei.nodeId)),
      device_name: optional(rule(huawei.deviceName)),
      auth_type: optional(choice(['SECRET', 'CERTIFICATES'])),
      secret: optional(rule(huawei.secret)),
      fingerprint: optional(rule(FINGERPRINT)),
      secure_access: optional(flag),
      gateway_id: optional(rule(huawei.device)),
      description: optional(text),
      app_id: optional(text),
    }),
  ),
  // Where devices are to connect, and those that register themselves (Huawei 6); IoTDA has no API for it.
  provisioning: optional(
    strict({
      groups: list(
        strict({
          scope_id: rule(SCOPE_ID),
          product_id: rule(huawei.productId),
          secret: optional(rule(GROUP_SECRET)),
          ca_certificate: optional(certificate),
          device_name: optional(rule(huawei.deviceName)),
        }),
      ),
      policies: list(
        strict({
          policy_id: optional(rule(huawei.nodeId)),
          keyword: optional(v.pipe(text, v.maxLength(256, expect('at most 256 characters')))),
          source: optional(choice(['device_name', 'report'])),
          ca_certificate: optional(certificate),
          address: optional(rule(ADDRESS)),
          init_config: optional(document),
        }),
      ),
    }),
  ),
});

const tencentSchema = strict({
  accessKeys: list(strict({ secretId: secretText, secretKey: secretText })),
  products: list(
    strict({
      ProductId: optional(rule(tencent.productId)),
      ProductName: optional(rule(tencent.productName)),
      ProductType: optional(choice([0, 5])),
      ProductSecret: optional(secretText),
      RegisterType: optional(choice([0, 1, 2])),
      RegisterLimit: optional(v.pipe(integer, v.minValue(0, expect('0 or more')))),
      CategoryId: optional(integer),
      EncryptionType: optional(text),
      NetType: optional(text),
      DataProtocol: optional(integer),
      ProductDesc: optional(text),
      ProjectId: optional(text),
      template: optional(document),
    }),
  ),
  devices: list(strict({ ProductId: rule(tencent.productId), DeviceName: rule(tencent.nodeId), DevicePsk: optional(rule(tencent.secret)), DeviceCert: optional(certificate) })),
});

/** The seed file (architecture, section 7, contract 5). */
export const seedSchema = strict({ huawei: optional(huaweiSchema), tencent: optional(tencentSchema) });

/** What a seed file says. */
export type Seed = v.InferOutput<typeof seedSchema>;
export type HuaweiSeed = NonNullable<Seed['huawei']>;
export type TencentSeed = NonNullable<Seed['tencent']>;
