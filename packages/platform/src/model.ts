import { compileModel, readHuaweiProfile, readTencentTemplate, type CompiledModel, type JsonValue } from '@lianyun/protocol';
import type { Cloud } from './access/port.ts';

/**
 * Reads and compiles a product's model document. A model that declares nothing at all belongs to a product that has not been modelled yet: it allows
 * every message. Throws `bad-config` whose `place.path` begins with `root`.
 */
export function readModel(cloud: Cloud, document: JsonValue, root: string): CompiledModel {
  const compiled = compileModel(cloud === 'huawei' ? readHuaweiProfile(document, root) : readTencentTemplate(document, root));
  if (!declaresNothing(compiled.model)) return compiled;
  const allow = (): undefined => undefined;
  return { model: compiled.model, checkProperties: allow, checkArgs: allow, checkOutput: allow, checkEvent: allow };
}

function declaresNothing({ services }: CompiledModel['model']): boolean {
  return services.every(({ name, properties, commands, events }) => name === undefined && properties.length + commands.length + events.length === 0);
}
