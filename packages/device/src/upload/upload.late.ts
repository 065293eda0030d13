import type { Disk } from '../disk/disk.ts';
import { UploadSource, type UploadContent } from './source.ts';

export { put } from './put.ts';
export { upload } from './upload.ts';

/** Opens what is to be uploaded; see {@link UploadSource}. */
export function openSource(disk: Disk, content: UploadContent, signal: AbortSignal): Promise<UploadSource> {
  return UploadSource.open(disk, content, signal);
}
