import { huaweiFace } from './huawei/face.ts';
import type { Face } from './replay.ts';
import { tencentFace } from './tencent/face.ts';

/** The vendor faces that transcripts are replayed through. */
export const FACES: readonly Face[] = [huaweiFace, tencentFace];
