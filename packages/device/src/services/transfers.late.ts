// What moves files.
import type { DeviceContext } from './context.ts';
import { FilesService } from './files.ts';
import { OtaService } from './ota.ts';
import { ResourcesService } from './resources.ts';
import { VersionedResourcesService } from './versioned-resources.ts';

export function makeFiles(context: DeviceContext): FilesService {
  return new FilesService(context);
}

export function makeOta(context: DeviceContext): OtaService {
  return new OtaService(context);
}

export function makeResources(context: DeviceContext): ResourcesService {
  return new ResourcesService(context);
}

export function makeVersionedResources(context: DeviceContext): VersionedResourcesService {
  return new VersionedResourcesService(context);
}
