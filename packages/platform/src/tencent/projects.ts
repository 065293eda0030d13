import { randomBytes } from 'node:crypto';
import { LianyunError, type Clock } from '@lianyun/protocol';
import type { Registry } from '../registry.ts';
import type { TencentProduct } from '../records.ts';
import type { Records, Shape } from '../storage/records.ts';
import type { Storage } from '../storage/storage.ts';

/** A project: products that belong together (reference 10.6). */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly serial: number;
}

const PROJECTS: Shape<Project> = { name: 'projects', key: ['id'], columns: { id: 'text' } };

interface ProjectsOptions {
  readonly storage: Storage;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** The projects of IoT Explorer. A product names its project, which need not be one of these. */
export class Projects {
  readonly #options: ProjectsOptions;
  readonly #records: Records<Project>;

  constructor(options: ProjectsOptions) {
    this.#options = options;
    this.#records = options.storage.records(PROJECTS);
  }

  find(id: string): Project | undefined {
    return this.#records.get({ id });
  }

  /** All of them, the latest first. */
  list(): readonly Project[] {
    return this.#records.page({}, { limit: Number.MAX_SAFE_INTEGER }).items;
  }

  create({ name, description }: Pick<Project, 'name' | 'description'>): Project {
    const { storage, clock } = this.#options;
    const now = clock.now();
    const project: Project = { id: `prj-${randomBytes(5).toString('base64url').replace(/[-_]/g, 'x')}`, name, description, createdAt: now, updatedAt: now, serial: storage.registryStore.nextSerial() };
    this.#records.put(project);
    return project;
  }

  change(project: Project, changes: Partial<Pick<Project, 'name' | 'description'>>): Project {
    const changed = { ...project, ...changes, updatedAt: this.#options.clock.now() };
    this.#records.put(changed);
    return changed;
  }

  /** Refuses with `conflict` while products are in it. */
  remove({ id }: Project): void {
    const { length } = this.productsOf(id);
    if (length > 0) throw new LianyunError('conflict', `${length} product(s) are in the project ${id}; delete them first.`);
    this.#records.remove({ id });
  }

  /** The products in a project, the latest first. */
  productsOf(id: string): readonly TencentProduct[] {
    return tencentProducts(this.#options.registry).filter(({ projectId }) => projectId === id);
  }
}

/** All of Tencent's products, the latest first. */
export function tencentProducts(registry: Registry): readonly TencentProduct[] {
  return registry.listProducts({ cloud: 'tencent', limit: Number.MAX_SAFE_INTEGER }).items.flatMap((each) => (each.cloud === 'tencent' ? [each] : []));
}
