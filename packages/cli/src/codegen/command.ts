import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { forCloud, generateModelSource, LianyunError, stringifyExact, toHuaweiProfile, toTencentTemplate, type AnyModel } from 'lianyun';
import { readModelFile } from './read-model.ts';

/** The options of `lianyun codegen`. */
export interface CodegenOptions {
  /** The file to write; stdout when left out. */
  readonly out?: string;
  /** The vendor whose file is written; TypeScript when left out. */
  readonly to?: 'huawei' | 'tencent';
  /** The constant in the TypeScript; of a module that exports several models, the one that is read. */
  readonly name?: string;
  /** The service that a model without services is put into. */
  readonly service?: string;
  /** Write what the vendor has a place for, and say what is left out. */
  readonly partial?: boolean;
}

/** Reads a model, and writes it as TypeScript or as a vendor's file. Throws `bad-config`, naming file, line and path. */
export async function codegen(file: string, options: CodegenOptions): Promise<void> {
  const { out, to, service } = options;
  if (out !== undefined && path.resolve(out) === path.resolve(file)) throw new LianyunError('bad-config', `--out ${out} is the file that is read: give another one.`);
  const { model: read, name } = await readModelFile(file, options.name);
  const model = service === undefined ? read : inService(read, service);
  const text = to === undefined ? generateModelSource(model, { name: options.name ?? name ?? 'model', source: path.basename(file) }) : vendorFile(model, file, { to, partial: options.partial === true });
  if (out === undefined) process.stdout.write(text);
  else write(out, text);
}

/** Huawei's products have services; a template's members go into one. */
function inService(model: AnyModel, name: string): AnyModel {
  if (model.services.some((service) => service.name !== undefined)) throw new LianyunError('bad-config', `--service ${name}: the thing model has services of its own: ${model.services.map((each) => each.name).join(', ')}.`);
  return { ...model, services: model.services.map((service) => ({ ...service, name })) };
}

function vendorFile(model: AnyModel, file: string, { to, partial }: { readonly to: 'huawei' | 'tencent'; readonly partial: boolean }): string {
  if (to === 'huawei' && model.services.some(({ name }) => name === undefined)) throw new LianyunError('bad-config', `${file} has no services, which Huawei needs: say with --service NAME which its properties, commands and events belong to.`);
  const { model: own, problems } = model.cloud === to ? { model, problems: [] } : forCloud(model, to);
  const lost = problems.filter(({ effect }) => effect === 'left-out').map(({ message }) => message);
  if (lost.length > 0 && !partial) throw new LianyunError('bad-config', `${file} is not on ${to} whole; --partial writes the rest:\n${lost.map((each) => `  ${each}`).join('\n')}`);
  for (const { effect, message } of problems) process.stderr.write(`lianyun: ${effect === 'left-out' ? 'left out: ' : ''}${message}\n`);
  return `${stringifyExact(to === 'huawei' ? toHuaweiProfile(own) : toTencentTemplate(own), 2)}\n`;
}

function write(out: string, text: string): void {
  try {
    writeFileSync(out, text);
  } catch (cause) {
    throw new LianyunError('bad-config', `The file ${out} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
