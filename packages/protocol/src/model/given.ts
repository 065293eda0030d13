import { LianyunError } from '../errors.ts';
import type { AnyModel } from './model.ts';

/** The model that a program gave. In JavaScript that can be anything: a vendor's file that nobody has read, or what `defineModel()` is to be called with. Throws `bad-config`. */
export function given<M extends AnyModel>(model: M): M {
  const { cloud, services } = Object(model) as { readonly cloud?: unknown; readonly services?: unknown }; // of anything, the members that it may have
  if (typeof cloud === 'string' && Array.isArray(services)) return model;
  throw new LianyunError('bad-config', 'This is no thing model: what defineModel(), readHuaweiProfile() or readTencentTemplate() gives is expected.');
}
