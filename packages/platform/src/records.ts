import type { DeviceInfo, DeviceRef, JsonObject, JsonValue, Vocabulary } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';

interface ProductRecord {
  readonly productId: string;
  readonly name: string;
  /** The vendor's document as it was given: Huawei's `service_capabilities` array, Tencent's data template. */
  readonly model: JsonValue;
  readonly description?: string;
  /** Ms since 1970, as every instant here. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Ascends with creation; lists page by it. */
  readonly serial: number;
}

/** A product of IoTDA (reference 14.6). */
export interface HuaweiProduct extends ProductRecord {
  readonly cloud: 'huawei';
  readonly deviceType: string;
  readonly protocolType: string;
  readonly dataFormat: string;
  readonly manufacturerName?: string;
  readonly industry?: string;
  readonly appId?: string;
}

/** A product of IoT Explorer (reference 10.6, ProductEntry). */
export interface TencentProduct extends ProductRecord {
  readonly cloud: 'tencent';
  /** 0 normal, 5 gateway. */
  readonly productType: number;
  readonly productSecret: string;
  /** Dynamic registration: 0 off, 1 for named devices, 2 for any. */
  readonly registerType: number;
  /** How many devices may come to be by registration, 1000 when left out, and how many have. */
  readonly registerLimit?: number;
  readonly registered?: number;
  /** What the devices are given when they ask for their configuration; left out: nothing. */
  readonly remoteConfig?: JsonValue | undefined;
  /** Topics of its own, behind product and device: 1 publish, 2 subscribe, 3 both. */
  readonly topics?: readonly { readonly name: string; readonly privilege: 1 | 2 | 3 }[];
  /** Of a gateway product: those whose devices it may have. */
  readonly boundProducts?: readonly string[];
  readonly devStatus?: 'dev' | 'audit' | 'released';
  readonly rate?: string;
  readonly period?: string;
  readonly moduleId?: number;
  readonly enableProductScript?: string;
  readonly bindStrategy?: number;
  readonly categoryId: number;
  /** "1" certificate, "2" key. */
  readonly encryptionType: string;
  readonly netType: string;
  readonly dataProtocol: number;
  readonly projectId: string;
}

export type Product = HuaweiProduct | TencentProduct;

/** A shadow of IoT Hub as it is kept. */
export interface KeptDocument {
  readonly reported?: JsonObject | undefined;
  readonly desired?: JsonObject | undefined;
  /** Of the last change. */
  readonly at?: number;
  /** Counts the changes. */
  readonly version: number;
}

/** A device of either cloud. */
export interface Device {
  readonly cloud: Cloud;
  readonly device: DeviceRef;
  readonly productId: string;
  /** Huawei's node_id; Tencent's DeviceName. */
  readonly nodeId: string;
  readonly name: string;
  /** Huawei: the secret as text. Tencent: the PSK in base64. */
  readonly secret: string;
  readonly authType: 'secret' | 'certificate';
  /** Of the device's certificate: 40 or 64 hex digits. */
  readonly fingerprint?: string;
  /** The certificate itself, PEM, where it is known. */
  readonly certificate?: string;
  /** The device that this one connects through. */
  readonly gateway?: DeviceRef;
  /** Its gateway brought it online and has not taken it offline since (Tencent 3.1). */
  readonly wantsOnline?: boolean;
  readonly description?: string;
  readonly appId?: string;
  /** Huawei: only TLS connections are let in. */
  readonly secureAccess: boolean;
  readonly extensionInfo?: JsonObject;
  /** Which logs it is to send. */
  readonly logs?: Vocabulary['log.config'];
  /** What the device last told about itself. */
  readonly info?: DeviceInfo;
  /** Its shadow as IoT Hub has it (Tencent 7.2); left out: nobody has written it. */
  readonly shadowDocument?: KeptDocument | undefined;
  /** False: frozen (Huawei), disabled (Tencent); it cannot sign in. */
  readonly enabled: boolean;
  readonly createdAt: number;
  /** When it first signed in. */
  readonly activatedAt?: number;
  /** When it last signed in. */
  readonly lastOnlineAt?: number;
  /** Since when it is connected; left out while it is not. */
  readonly onlineSince?: number;
  /** When it last came or went. */
  readonly statusChangedAt?: number;
  readonly serial: number;
}

type Made = 'createdAt' | 'updatedAt' | 'serial';
type MadeForDevice = 'device' | 'nodeId' | 'name' | 'secret' | 'authType' | 'secureAccess' | 'info' | 'enabled' | 'createdAt' | 'activatedAt' | 'lastOnlineAt' | 'onlineSince' | 'statusChangedAt' | 'serial';
type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

/** What a product is created from; what is left out is made up. */
export type ProductDraft =
  | Optional<Omit<HuaweiProduct, Made>, 'productId' | 'model' | 'deviceType' | 'protocolType' | 'dataFormat'>
  | Optional<
      Omit<TencentProduct, Made>,
      'productId' | 'model' | 'productType' | 'productSecret' | 'registerType' | 'categoryId' | 'encryptionType' | 'netType' | 'dataProtocol' | 'projectId'
    >;

/** What a device is created from. `device` left out: `{product}_{node}` on Huawei, `ProductId/DeviceName` on Tencent. */
export type DeviceDraft = Omit<Device, MadeForDevice> & { readonly nodeId: string } & Partial<Pick<Device, 'device' | 'name' | 'secret' | 'authType' | 'secureAccess' | 'enabled'>>;

/** What can be changed about a device. */
export type DeviceChanges = Partial<
  Pick<Device, 'name' | 'secret' | 'authType' | 'fingerprint' | 'certificate' | 'gateway' | 'wantsOnline' | 'description' | 'extensionInfo' | 'secureAccess' | 'info' | 'enabled' | 'logs' | 'shadowDocument'>
>;

/** What can be changed about a product of the cloud `C`. */
export type ProductChanges<C extends Cloud = Cloud> = Partial<Omit<Extract<Product, { cloud: C }>, 'cloud' | 'productId' | Made>>;
