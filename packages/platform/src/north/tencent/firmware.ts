import { isLianyunError } from '@lianyun/protocol';
import { tencentPackageId } from '../../upgrades/upgrade-packages.ts';
import type { UpgradePackage } from '../../upgrades/upgrade-records.ts';
import type { NorthContext } from '../context.ts';
import { percentEncode } from '../percent.ts';
import { refusal } from '../refusal.ts';
import { action, productOf, seconds } from './action.ts';
import type { Filter } from './parameters.ts';

/** Which firmware an action is about. */
export const FIRMWARE = { ProductID: 'text', FirmwareVersion: 'text', FwType: 'text?' } as const;
interface Firmware {
  readonly ProductID: string;
  readonly FirmwareVersion: string;
  readonly FwType: string | undefined;
}

const URL_SECONDS = 3600;
/** Where applications put firmware before they tell of it. */
const BUCKET = 'firmware';

const FILTERS: Readonly<Record<string, (pack: UpgradePackage) => string>> = { FwType: ({ module = '' }) => module, FirmwareVersion: ({ version }) => version, FirmwareName: ({ name = '' }) => name };

/** The firmware that parameters name. */
export function firmwareOf({ ProductID, FirmwareVersion, FwType }: Firmware, context: NorthContext): UpgradePackage {
  productOf(ProductID, context);
  const pack = context.upgrades.packages.find('tencent', tencentPackageId(ProductID, FirmwareVersion, FwType || undefined));
  if (pack === undefined) throw refusal('ResourceNotFound.FirmwareNotExist', `There is no firmware ${JSON.stringify(FirmwareVersion)} of the product ${ProductID}.`);
  return pack;
}

/** The actions about firmware (10.6): GetCOSURL, then a PUT there, then UploadFirmware. */
export const firmwareActions = {
  GetCOSURL: action({ ...FIRMWARE, FileSize: 'integer?' }, (p, context, { host }) => {
    checkNew(p, context);
    if (p.FileSize !== undefined && p.FileSize < 0) throw refusal('InvalidParameterValue', 'FileSize is not allowed: 0 or more is expected.');
    const grant = { place: placeOf(p), method: 'PUT', expiresAt: context.clock.now() + URL_SECONDS * 1000, ...(p.FileSize === undefined ? {} : { bytes: p.FileSize }) } as const;
    return { Url: context.origin.forHost(host) + context.signer.pathOf(grant) };
  }),

  UploadFirmware: action({ ...FIRMWARE, Md5sum: 'text', FileSize: 'integer', FirmwareName: 'text?', FirmwareDescription: 'text?', FirmwareUserDefined: 'text?' }, async (p, context) => {
    checkNew(p, context);
    if (!/^[0-9a-f]{32}$/i.test(p.Md5sum)) throw refusal('InvalidParameterValue', 'Md5sum is not allowed: 32 hex digits are expected.');
    await context.upgrades.packages.add({
      cloud: 'tencent',
      productId: p.ProductID,
      kind: 'firmware',
      version: p.FirmwareVersion,
      source: { place: placeOf(p) },
      md5: p.Md5sum.toLowerCase(),
      bytes: p.FileSize,
      ...(p.FwType ? { module: p.FwType } : {}),
      ...(p.FirmwareName ? { name: p.FirmwareName } : {}),
      ...(p.FirmwareDescription ? { description: p.FirmwareDescription } : {}),
      ...(p.FirmwareUserDefined ? { info: p.FirmwareUserDefined } : {}),
    });
    return {};
  }),

  ListFirmwares: action({ PageNum: 'integer', PageSize: 'integer', ProductID: 'text?', Filters: 'filters?' }, (p, context) => {
    if (p.PageNum < 1) throw refusal('InvalidParameterValue', 'PageNum is not allowed: 1 or more is expected.');
    if (p.PageSize < 1 || p.PageSize > 100) throw refusal('InvalidParameterValue', 'PageSize is not allowed: 1 to 100 is expected.');
    if (p.ProductID) productOf(p.ProductID, context);
    const { items } = context.upgrades.packages.list({ cloud: 'tencent', limit: Number.MAX_SAFE_INTEGER, ...(p.ProductID ? { productId: p.ProductID } : {}) });
    const found = filtered(items, p.Filters, FILTERS);
    return { TotalCount: found.length, Firmwares: found.slice((p.PageNum - 1) * p.PageSize, p.PageNum * p.PageSize).map((pack) => firmwareInfo(pack, context)) };
  }),

  DescribeFirmware: action(FIRMWARE, (p, context) => {
    const { CreateTime: Createtime, ...info } = firmwareInfo(firmwareOf(p, context), context);
    return { ...info, Createtime };
  }),

  EditFirmware: action({ ...FIRMWARE, FirmwareName: 'text', FirmwareDescription: 'text?' }, (p, context) => {
    context.upgrades.packages.describe(firmwareOf(p, context), { name: p.FirmwareName, ...(p.FirmwareDescription === undefined ? {} : { description: p.FirmwareDescription }) });
    return {};
  }),

  DeleteFirmware: action(FIRMWARE, async (p, context) => {
    const { id, place } = firmwareOf(p, context);
    await context.upgrades.packages.remove('tencent', id).catch((error: unknown) => {
      throw isLianyunError(error, 'conflict') ? refusal('UnsupportedOperation.DeviceOtaTaskInProgress', error.message) : error;
    });
    await context.objects.delete(place);
    return {};
  }),
};

/** Those that all filters let through: a filter names a member and the values that it may have. */
export function filtered<T>(items: readonly T[], filters: readonly Filter[] = [], members: Readonly<Record<string, (item: T) => string>>): readonly T[] {
  const tests = filters.map(({ Name, Values }) => {
    const member = Object.hasOwn(members, Name) ? members[Name] : undefined;
    if (member === undefined) throw refusal('InvalidParameterValue', `Filters is not allowed: one of ${Object.keys(members).join(', ')} is expected as Name.`);
    return (item: T): boolean => Values.includes(member(item));
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

function checkNew({ ProductID, FirmwareVersion, FwType }: Firmware, context: NorthContext): void {
  productOf(ProductID, context);
  if (FirmwareVersion === '' || FirmwareVersion.length > 32) throw refusal('InvalidParameterValue', 'FirmwareVersion is not allowed: 1 to 32 characters are expected.');
  if (context.upgrades.packages.find('tencent', tencentPackageId(ProductID, FirmwareVersion, FwType || undefined)) === undefined) return;
  throw refusal('InvalidParameterValue.FirmwareAlreadyExist', `There is a firmware ${JSON.stringify(FirmwareVersion)} of the product ${ProductID} already.`);
}

/** A version may have any characters; the ending keeps it from being a segment that no URL keeps. */
const placeOf = ({ ProductID, FirmwareVersion, FwType }: Firmware) => ({ bucket: BUCKET, key: `${ProductID}/${FwType ? `${percentEncode(FwType)}-` : ''}${percentEncode(FirmwareVersion)}.bin` });

function firmwareInfo(pack: UpgradePackage, { registry }: NorthContext) {
  return {
    Version: pack.version,
    Md5sum: pack.md5 ?? '',
    CreateTime: seconds(pack.createdAt),
    ProductName: registry.findProduct('tencent', pack.productId)?.name ?? '',
    Name: pack.name ?? '',
    Description: pack.description ?? '',
    ProductId: pack.productId,
    FwType: pack.module ?? '',
    CreateUserId: 0,
    UserDefined: pack.info ?? '',
  };
}
