import { OTAPackageInfo, type ActionListener, type IotDevice } from 'lianyun/huawei';
import type { StageOptions } from '../replay.ts';
import type { Case } from '../transcript.ts';

/** Plays a case. */
export type Call = (scene: Scene, recorded: Case) => unknown;

/** What calls and listeners see of the stage that they are on. */
export interface Scene {
  readonly options: StageOptions;
  readonly listeners: {
    /** The case that is being played. */
    readonly current: Case | undefined;
    action(recorded: Case): ActionListener | undefined;
    /** What the recorded program answered to a request. */
    answerCommand(requestId: string): void;
    answerSet(requestId: string): void;
    answerGet(requestId: string): void;
    /** A callback of the program. */
    note(name: string, args: readonly unknown[]): void;
  };
  /** A file that a call names, made where its content is told. Left out: the one of the recorded program. */
  file(named: unknown): Promise<string>;
  /** A value of our classes as the transcripts write it. */
  shown(value: unknown): unknown;
  readonly device: IotDevice | undefined;
  /** The device, which has to be there. */
  readonly connected: IotDevice;
  make(call: Readonly<Record<string, unknown>>): IotDevice;
  connect(call: Readonly<Record<string, unknown>>): Promise<number>;
  /** Puts another device in the place of this one. `isRecorded`: its connection belongs to the case. */
  another(call: Readonly<Record<string, unknown>>, how?: { readonly isRecorded?: boolean }): Promise<void>;
}

/** How the transcripts name and show our classes. */
export const SHOWN = {
  className: (value: object): string => (value instanceof OTAPackageInfo && value.formatVersion === 2 ? 'OTAPackageInfoV2' : value.constructor.name),
  hidden: new Set(['kind', 'formatVersion']),
} as const;
