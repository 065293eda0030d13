import type { JsonObject, JsonValue } from './json.ts';
import type { Outcome } from './outcome.ts';

export type FileDirection = 'upload' | 'download';

/** What only Tencent's cloud and its devices say to each other, beside properties, actions, events and upgrades. */
export interface TencentVocabulary {
  /** The cloud calls a device with bytes and waits for bytes, without a model. The form of IoT Hub. */
  'rpc.call': { bytes: Uint8Array };
  'rpc.result': { bytes: Uint8Array };
  /** The same in the form of IoT Explorer. */
  'sync.call': { bytes: Uint8Array };
  'sync.result': { bytes: Uint8Array };

  /** An application's user has bound a device, or let go of it. */
  'binding.notify': { bound: boolean; at?: number };
  /** A device passes on the token with which an application's user claims it. */
  'binding.claim': { token: string };
  'binding.claim.result': Outcome;
  /** A device left a fence on the map, or entered it. */
  'fence.alarm': FenceAlarm;
  'fence.alarm.ack': Outcome & { at?: number };

  /** A device asks for the configuration of its product. */
  'config.query': object;
  'config.answer': RemoteConfig;
  /** The configuration has changed. */
  'config.push': RemoteConfig;

  /** A device asks where to put a file. Huawei's is `file.request`. */
  'resource.upload': { name: string; bytes: number; md5: string };
  /** Without a URL it may not. */
  'resource.upload.grant': { name: string; bytes?: number; md5?: string; url?: string };
  /** A device tells how far a transfer is, in either direction. */
  'resource.progress': ResourceProgress;
  'resource.progress.ack': Outcome & { direction: FileDirection };
  /** A device asks whether there is a file for it. */
  'resource.poll': object;
  'resource.poll.answer': { offer?: ResourceOffer };
  /** The cloud has a file for a device. */
  'resource.offer': ResourceOffer;

  /** A device of IoT Hub asks for its shadow: one document with a version. What IoT Explorer calls status is `shadow.get`. */
  'document.get': object;
  'document.state': DocumentAnswer;
  /** A device changes its shadow; null takes all of a part back. With a version it must be the one that the cloud has. */
  'document.update': { reported?: JsonObject | null; desired?: JsonObject | null; version?: number };
  'document.updated': DocumentAnswer;
  /** The cloud wants something of a device that it did not report. */
  'document.delta': { delta: JsonObject; at?: number; version?: number };

  /** A device tells which resources it has, and in which versions; with none of them it asks what the cloud has recorded. */
  'resource.versions': { resources: readonly ResourceVersion[] };
  'resource.versions.ack': Outcome & { resources: readonly ResourceVersion[] };
  /** The cloud has a version of a resource that the device is to have. */
  'resource.update': ResourceVersion & { url: string; bytes?: number; /** Hex digits. */ md5?: string };
  /** A device tells how far that is. What is over has the state `done`, or `fail`; a code that is not 0 says that it is no success. */
  'resource.update.progress': Outcome & { name: string; version?: string; state: 'downloading' | 'burning' | 'done' | 'fail'; percent?: number };
  /** The device is to remove a resource. */
  'resource.remove': ResourceVersion;
  'resource.remove.result': Outcome & { name: string; version?: string };
  /** A device asks where to put a resource of its own. */
  'resource.request': ResourceVersion;
  'resource.request.grant': Outcome & { url?: string; /** What names the resource from now on. */ token?: string };
  /** A device tells what became of it. */
  'resource.posted': Outcome & { token: string };
}

/** A resource with a version; `type` is one of FILE, AUDIO, VOICE and VIDEO, as far as is known. */
export interface ResourceVersion {
  name: string;
  version?: string;
  type?: string;
}

/** A shadow of IoT Hub. `delta` is what is wanted and was not reported. */
export interface ShadowDocument {
  reported?: JsonObject;
  desired?: JsonObject;
  delta?: JsonObject;
  /** When it changed last. */
  at?: number;
  version?: number;
}

/** What a question about a shadow is answered with; 0 is success. */
export interface DocumentAnswer extends Outcome {
  at?: number;
  document?: ShadowDocument;
}

/** A file that the cloud has for a device. */
export interface ResourceOffer {
  name: string;
  url: string;
  bytes?: number;
  /** Hex digits. */
  md5?: string;
}

/** How far a transfer is; 0 is no error. */
export interface ResourceProgress extends Outcome {
  direction: FileDirection;
  name: string;
  state: 'uploading' | 'downloading' | 'done' | 'fail';
  percent?: number;
}

/** A configuration: any JSON; a code that is not 0 says why there is none. */
export interface RemoteConfig extends Outcome {
  content?: JsonValue;
}

/** What became of a fence on the map. Instants in ms since 1970, places in degrees. */
export interface FenceAlarm {
  at?: number;
  type?: string;
  condition?: 'In' | 'Out' | 'InOrOut';
  alarmAt?: number;
  name?: string;
  longitude?: number;
  latitude?: number;
}
