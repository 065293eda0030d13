import { HubState, type QcloudExplorer } from 'lianyun/tencent';
import type { StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';

/** A device. */
export type Pair = readonly [productId: string, deviceName: string];

/** What calls see of the stage that they are on. */
export interface Scene {
  readonly options: StageOptions;
  /** Who the device of the scenario is, and its first sub-device. */
  readonly own: Pair;
  readonly child: Pair;
  /** Encrypts what a registration gives to the device. */
  readonly productSecret: string;
  /** The device of the scenario. */
  readonly explorer: QcloudExplorer;
  /** Makes another device; members of the device file may be replaced, or left out where they are undefined. */
  make(call: Members, file?: Members): Promise<QcloudExplorer>;
  /** A callback that is noted under a name. */
  noted(name: string): (...args: readonly unknown[]) => void;
}

export type Members = Readonly<Record<string, unknown>>;

export interface Publish {
  readonly topic: string;
  readonly qos: number;
  readonly payload: unknown;
  readonly payloadRaw?: string;
}

export const publishesOf = (recorded: Case): Publish[] => (recorded['publishes'] ?? []) as Publish[];
export const callbacksOf = (recorded: Case): { readonly name: string; readonly args: readonly unknown[] }[] => (recorded['callbacks'] ?? []) as { name: string; args: unknown[] }[];

/** The values of the vendor's program are not always what the types say. */
export const as = <T>(value: unknown): T => value as T;

/** A state as the recorder wrote Python's. */
export const stateName = (explorer: QcloudExplorer): string => `QcloudHubProvider.HubState.${Object.entries(HubState).find(([, value]) => value === explorer.getConnectState())?.[0] ?? ''}`;
