// 8. An upgrade's file: from the server to the disk, with its SHA-256.
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { turned } from '../measure/turns.mjs';
import { HOST } from '../network.mjs';
import { withChild } from '../processes.mjs';

const WAYS = ['ours', 'node:http'];
const SIZES_MB = [200, 800];
const MB = 1_000_000;
const DEVICE = 'bench_ota';
const STEP_MS = 120_000;

export const ota = {
  name: 'ota',
  title: "An upgrade's file, to disk with SHA-256",
  needsMosquitto: false,
  tables: [
    { title: 'MB/s', figure: 'perSecond' },
    { title: 'CPU, ms', figure: 'cpuMs' },
    { title: 'most that resident memory grew, MiB', figure: 'growthMiB' },
  ],
  ratios: [
    { title: 'rate', figure: 'perSecond', pairs: [WAYS] },
    { title: 'CPU', figure: 'cpuMs', pairs: [WAYS] },
    { title: 'growth of memory', figure: 'growthMiB', pairs: [WAYS] },
  ],

  async round({ machine, round, add, note }) {
    // In memory where there is room: what is compared is what the program does, not the disk.
    const shm = '/dev/shm';
    const isInMemory = existsSync(shm) && statfsSync(shm).bavail * statfsSync(shm).bsize > 2 * Math.max(...SIZES_MB) * MB;
    note(`ours: offered over MQTT, downloaded with journal, checks and progress told. node:http: for await, hash and writeSync, which was the fastest way without us. Files go to ${isInMemory ? 'memory (tmpfs)' : 'the disk, and are synced'}.`);
    await withChild(machine.cloud({ host: HOST, device: DEVICE }), async (cloud) => {
      const ports = await cloud.next();
      for (const size of SIZES_MB) {
        const bytes = size * MB;
        const { sha256 } = await cloud.ask({ sha256: bytes }, STEP_MS);
        for (const way of turned(WAYS, round)) {
          const directory = mkdtempSync(path.join(isInMemory ? shm : os.tmpdir(), 'lianyun-bench-ota-'));
          try {
            const figures = await withChild(machine.download(way, { host: HOST, ...ports, device: DEVICE, directory }), async (child) => {
              await child.next();
              const done = child.ask({ bytes, sha256 }, STEP_MS);
              if (way === 'ours') await cloud.ask({ offer: { bytes, sha256 } });
              return done;
            });
            add(way, `${size} MB`, { ...figures, perSecond: bytes / MB / (figures.ms / 1000) });
          } finally {
            rmSync(directory, { recursive: true, force: true });
          }
        }
      }
    });
  },
};
