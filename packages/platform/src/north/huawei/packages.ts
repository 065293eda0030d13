import { isLianyunError } from '@lianyun/protocol';
import * as v from 'valibot';
import type { PackageDraft } from '../../upgrades/upgrade-packages.ts';
import type { UpgradeKind, UpgradePackage } from '../../upgrades/upgrade-records.ts';
import { refusal } from '../refusal.ts';
import { absent, object, oneOf, pageIn, pageOut, param, readBody, text, textIn, typeIn, type Answer, type Call } from './call.ts';
import { APP, timestamp } from './shapes.ts';

const KINDS = { softwarePackage: 'software', firmwarePackage: 'firmware' } as const satisfies Record<string, UpgradeKind>;
const TYPES = { software: 'softwarePackage', firmware: 'firmwarePackage' } as const satisfies Record<UpgradeKind, string>;

const createSchema = object({
  app_id: absent(text(36)),
  package_type: oneOf(Object.keys(KINDS) as (keyof typeof KINDS)[]), // its own keys
  product_id: text(36),
  version: text(256),
  support_source_versions: absent(v.array(text(256), 'an array is expected')),
  description: absent(text(1024)),
  custom_info: absent(text(4096)),
  module_name: absent(text(64)),
  file_location: v.pipe(
    object({
      obs_location: absent(
        object({
          region_name: absent(text(256)),
          bucket_name: text(256),
          object_key: text(1024),
          sign_method: absent(oneOf(['SHA256'])),
          sign: absent(v.pipe(v.string('a string is expected'), v.regex(/^[0-9a-f]{64}$/i, 'the 64 hex digits of a SHA-256 digest are expected'))),
        }),
      ),
      // Not the vendor's: a package that the platform fetches and keeps, and which of the two kinds of offer it makes (14.8).
      url: absent(text(2048)),
      delivery: absent(oneOf(['v1', 'v2'])),
    }),
    v.check(({ obs_location, url }) => (obs_location === undefined) !== (url === undefined), 'obs_location is expected, or url'),
  ),
});

/** POST /ota-upgrades/packages */
export async function createPackage(call: Call): Promise<object> {
  const body = readBody(call, createSchema);
  const { obs_location: obs, url = '', delivery } = body.file_location;
  const draft: PackageDraft = {
    cloud: 'huawei',
    productId: body.product_id,
    kind: KINDS[body.package_type],
    version: body.version,
    source: obs === undefined ? { url } : { place: { bucket: obs.bucket_name, key: obs.object_key } },
    ...(delivery === undefined ? {} : { delivery: delivery === 'v1' ? 'token' : 'signed' }),
    ...(obs?.sign === undefined ? {} : { sha256: obs.sign }),
    ...(obs?.region_name === undefined ? {} : { region: obs.region_name }),
    // An empty list restricts nothing.
    ...(body.support_source_versions?.length ? { sourceVersions: body.support_source_versions } : {}),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.custom_info === undefined ? {} : { info: body.custom_info }),
    ...(body.module_name === undefined ? {} : { module: body.module_name }),
  };
  try {
    return full(await call.context.upgrades.packages.add(draft));
  } catch (error) {
    // Not the network of a device.
    if (isLianyunError(error, 'network')) throw refusal('IOTDA.000006', `Invalid input data. file_location.url: ${error.message}`);
    throw error;
  }
}

/** GET /ota-upgrades/packages. There is one resource space, so app_id narrows nothing. */
export function listPackages(call: Call): Answer {
  const kind = KINDS[typeIn(call, 'package_type', Object.keys(KINDS) as (keyof typeof KINDS)[])]; // its own keys
  const [productId, version] = [textIn(call, 'product_id'), textIn(call, 'version')];
  const { items, total } = call.context.upgrades.packages.list({ cloud: 'huawei', kind, ...pageIn(call), ...(productId === undefined ? {} : { productId }), ...(version === undefined ? {} : { version }) });
  return { packages: items.map(short), page: pageOut(call, items, total) };
}

/** GET /ota-upgrades/packages/{package_id} */
export function showPackage(call: Call): Answer {
  return full(call.context.upgrades.book.package('huawei', param(call, 'package_id')));
}

/** DELETE /ota-upgrades/packages/{package_id} */
export async function deletePackage(call: Call): Promise<undefined> {
  await call.context.upgrades.packages.remove('huawei', param(call, 'package_id'));
}

function short(pack: UpgradePackage): object {
  return {
    package_id: pack.id,
    app_id: APP.id,
    package_type: TYPES[pack.kind],
    product_id: pack.productId,
    version: pack.version,
    support_source_versions: pack.sourceVersions ?? [],
    description: pack.description,
    custom_info: pack.info,
    module_name: pack.module,
    create_time: timestamp(pack.createdAt),
  };
}

function full(pack: UpgradePackage): object {
  const obs = { region_name: pack.region, bucket_name: pack.place.bucket, object_key: pack.place.key, sign_method: pack.sha256 === undefined ? undefined : 'SHA256', sign: pack.sha256 };
  return { ...short(pack), file_location: { obs_location: obs } };
}
