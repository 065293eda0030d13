import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Platform } from '@lianyun/platform';
import { expect, type Checklist } from './checklist.ts';
import type { HuaweiThing } from './thing.ts';

/** A file of this machine goes into the cloud's storage and comes back. */
export async function fileSteps({ platform, onHuawei }: { readonly platform: Platform; readonly onHuawei: HuaweiThing }, checklist: Checklist): Promise<void> {
  await checklist.step('Huawei: a file goes up and comes back', async () => {
    const { files, id } = onHuawei.device;
    // A file that is there wherever this runs: this program's own.
    const program = import.meta.filename;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'lianyun-tour-file-'));
    try {
      const uploaded = await files.upload(program, { name: 'tour.js' }).done;
      const { items } = platform.files.list(id, { limit: 1 });
      expect(items[0]?.stored?.sha256 === uploaded.sha256, 'the cloud does not have the file that was sent', items);
      const { file } = await files.download('tour.js', { to: directory }).done;
      expect((await readFile(file)).equals(await readFile(program)), 'the file that came back is another one');
      return `${uploaded.bytes} bytes, SHA-256 ${uploaded.sha256.slice(0, 12)}…`;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}
