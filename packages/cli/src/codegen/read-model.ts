import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { mapJson, readPath, type JsonMap } from '@lianyun/platform';
import { isLianyunError, LianyunError, parseExact, readHuaweiProfile, readTencentTemplate, type AnyModel, type JsonValue } from 'lianyun';

/** A model and what its file calls it: the name of an export; a vendor's file has none. */
export interface ReadModel {
  readonly model: AnyModel;
  readonly name?: string;
}

/**
 * Reads a model: a Huawei profile (the array of services, or what has `service_capabilities`), a Tencent template (by itself, in a product of a seed
 * file, or as DescribeModelDefinition answers it), or a module that exports a model. Throws `bad-config` naming file, line and path.
 *
 * @param wanted the export to read, of a module that has several
 */
export async function readModelFile(file: string, wanted?: string): Promise<ReadModel> {
  return /\.[cm]?[jt]s$/.test(file) ? importModel(file, wanted) : { model: readDocument(file) };
}

function readDocument(file: string): AnyModel {
  const name = path.basename(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new LianyunError('bad-config', `The file ${file} cannot be read: ${wordsOf(cause)}`, { cause });
  }
  const map = mapJson(text, ({ line, column }, what) => new LianyunError('bad-config', `${name}:${line}:${column}: ${what}`));
  try {
    return modelOf(map.value);
  } catch (cause) {
    throw isLianyunError(cause) ? placed(name, map, cause) : cause;
  }
}

/** The error of a reader with the line that its path leads to. */
function placed(name: string, map: JsonMap, cause: LianyunError): LianyunError {
  const { path: at = '$' } = cause.place;
  return new LianyunError('bad-config', `${name}:${map.where(readPath(at)).line}: ${cause.message}`, { path: at, cause });
}

function modelOf(document: JsonValue): AnyModel {
  if (Array.isArray(document)) return readHuaweiProfile(document, '$');
  const members = new Map(typeof document === 'object' && document !== null ? Object.entries(document) : []);
  if (members.has('service_capabilities')) return readHuaweiProfile(members.get('service_capabilities'), '$.service_capabilities');
  if (members.has('template')) return readTencentTemplate(members.get('template'), '$.template');
  const answer = members.get('Model');
  if (answer !== undefined) return readAnswer(answer);
  if (['properties', 'events', 'actions'].some((each) => members.has(each))) return readTencentTemplate(document, '$');
  throw new LianyunError(
    'bad-config',
    "$ is no thing model: an array of services or an object with service_capabilities is expected (Huawei), or one with properties, events and actions, or such a one as `template` (Tencent).",
    { path: '$' },
  );
}

/** DescribeModelDefinition has the template as a text in `Model.ModelDefine`. */
function readAnswer(answer: JsonValue): AnyModel {
  const at = '$.Model.ModelDefine';
  const text = typeof answer === 'object' && answer !== null && 'ModelDefine' in answer ? answer.ModelDefine : undefined;
  if (typeof text !== 'string') throw new LianyunError('bad-config', `${at} is no text: a template as DescribeModelDefinition answers it is expected.`, { path: at });
  let template: unknown;
  try {
    template = parseExact(text);
  } catch (cause) {
    throw new LianyunError('bad-config', `${at} holds no JSON: ${wordsOf(cause)}`, { path: at, cause });
  }
  return readTencentTemplate(template, at);
}

async function importModel(file: string, wanted: string | undefined): Promise<ReadModel> {
  const exported = await runModule(file);
  const models = Object.entries(exported).filter((entry): entry is [string, AnyModel] => isModel(entry[1]));
  const named = wanted === undefined ? models : models.filter(([name]) => name === wanted);
  const [first, ...others] = named;
  const names = models.map(([name]) => name).join(', ');
  if (first === undefined) {
    throw new LianyunError('bad-config', `${file} exports no thing model${wanted === undefined ? '' : ` ${wanted}`}: what defineModel() returns is expected${models.length === 0 ? '' : `; it exports ${names}`}.`);
  }
  if (others.length > 0) throw new LianyunError('bad-config', `${file} exports several thing models: say with --name which of ${names} is meant.`);
  const [name, model] = first;
  return { model, ...(name !== 'default' && { name }) };
}

async function runModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(path.resolve(file)).href)) as Record<string, unknown>; // what a module is
  } catch (cause) {
    const isUnknown = cause instanceof Error && 'code' in cause && cause.code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const why = isUnknown ? `Node.js ${process.versions.node} runs no TypeScript; 22.18 or newer does` : wordsOf(cause);
    throw new LianyunError('bad-config', `${file} cannot be run: ${why}`, { cause, ...(isLianyunError(cause) && cause.place.path !== undefined && { path: cause.place.path }) });
  }
}

/** Only what looks like one in full: a module exports other things, too. */
function isModel(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('cloud' in value) || !('services' in value)) return false;
  return ['huawei', 'tencent', 'both'].includes(String(value.cloud)) && Array.isArray(value.services);
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
