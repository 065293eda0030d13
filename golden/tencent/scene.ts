import { HubState, type QcloudExplorer } from 'lianyun/tencent';
import type { StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';

/** The devices of the transcripts. */
export const DEVICE = { productId: 'GOLDPROD01', deviceName: 'dev001', secret: Buffer.from('device-secret-16').toString('base64'), productSecret: 'ProductSecret0123456789' } as const;
export const CHILD = { productId: 'SUBPROD001', deviceName: 'subdev1' } as const;

/** What calls see of the stage that they are on. */
export interface Scene {
  readonly options: StageOptions;
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

/** Whether the device of a scenario proves itself by certificate. */
export const isByCertificate = (cases: readonly Case[]): boolean =>
  cases.some(({ scenario, call, connect }) => /cert/.test(scenario) || call['auth_mode'] === 'CERT' || [connect].flat().some((each) => (each as { readonly clientCertSubject?: unknown } | undefined)?.clientCertSubject != null));
