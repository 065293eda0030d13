import { describe, expect, it } from 'vitest';
import { huawei } from './huawei/index.ts';
import { tencent } from './tencent/index.ts';
import type { UpgradeFailure } from './vocabulary.ts';

const versions = { running: '1', target: '2' };
const FAILURES: readonly UpgradeFailure[] = ['busy', 'poor-signal', 'same-version', 'low-battery', 'no-space', 'download', 'file-missing', 'url-expired', 'verification', 'unsupported', 'no-memory', 'install', 'internal'];

describe('a step of an upgrade', () => {
  it('names the version that runs on Huawei, and the new one once that runs (5.2, 7.1)', () => {
    expect(huawei.ota.progressOf({ at: 'downloading', percent: 7 }, versions)).toEqual({ code: 0, percent: 7, version: '1' });
    expect(huawei.ota.progressOf({ at: 'installing' }, versions)).toEqual({ code: 0, version: '1' });
    expect(huawei.ota.progressOf({ at: 'done' }, versions)).toEqual({ code: 0, percent: 100, version: '2' });
    expect(huawei.ota.progressOf({ at: 'failed', failure: 'verification', text: 'why' }, versions)).toEqual({ code: 7, version: '1', text: 'why' });
  });

  it('names state and new version on Tencent (5.1)', () => {
    expect(tencent.ota.progressOf({ at: 'downloading', percent: 7 }, versions)).toEqual({ state: 'downloading', percent: 7, code: 0, version: '2' });
    expect(tencent.ota.progressOf({ at: 'installing', percent: 3 }, versions)).toEqual({ state: 'burning', code: 0, version: '2' });
    expect(tencent.ota.progressOf({ at: 'done' }, versions)).toEqual({ state: 'done', code: 0, version: '2' });
    expect(tencent.ota.progressOf({ at: 'failed', failure: 'verification', text: 'why' }, versions)).toEqual({ state: 'fail', code: -4, version: '2', text: 'why' });
  });

  it('fails with the documented number of each cloud, or with the one that is given', () => {
    const codes = (dialect: typeof huawei | typeof tencent) => FAILURES.map((failure) => dialect.ota.progressOf({ at: 'failed', failure }, versions).code);
    expect(codes(huawei)).toEqual([1, 2, 3, 4, 5, 6, 255, 6, 7, 8, 9, 10, 255]);
    expect(codes(tencent)).toEqual([-5, -1, -5, -5, -5, -1, -2, -3, -4, -5, -5, -5, -5]);
    expect([huawei, tencent].map((dialect) => dialect.ota.progressOf({ at: 'failed', failure: 77 }, versions).code)).toEqual([77, 77]);
  });
});
