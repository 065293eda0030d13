import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launched, lianyun } from './support/program.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lianyun-seed-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** What is wrong, the file, and what `lianyun up` says first. */
const CASES: readonly (readonly [string, string, RegExp])[] = [
  ['a syntax error', '{\n  "huawei": {\n    "products": [ oops ]\n  }\n}\n', /seed\.json:3:19: "o" where a value is expected/],
  ['a comma too many', '{\n  "huawei": { "devices": [], }\n}', /seed\.json:2:30: "}" where a name in quotes is expected/],
  ['a text that ends too early', '{ "huawei": {', /seed\.json:1:14: the text ends/],
  ['an empty file', '', /seed\.json:1:1: the text ends/],
  ['a name twice', '{\n "huawei": {},\n "huawei": {}\n}', /seed\.json:3:2: the name "huawei" stands twice/],
  ['an unknown member', '{\n  "huawei": {\n    "devises": []\n  }\n}', /seed\.json:3: huawei\.devises is unknown; did you mean "devices"\?/],
  ['a wrong type', '{\n  "huawei": {\n    "products": [\n      { "product_id": 7 }\n    ]\n  }\n}', /seed\.json:4: huawei\.products\[0\]\.product_id .*a string is expected/],
  ['a number of more digits than a number has', '{\n  "huawei": {\n    "products": [\n      { "product_id": 9007199254740993 }\n    ]\n  }\n}', /seed\.json:4: huawei\.products\[0\]\.product_id 9007199254740993 is wrong: a string is expected/],
  ['a member that is missing', '{\n  "tencent": {\n    "devices": [\n      { "DeviceName": "lamp1" }\n    ]\n  }\n}', /seed\.json:4: tencent\.devices\[0\]\.ProductId is missing/],
  [
    'a device of a product that is not there',
    '{ "huawei": {\n  "products": [{ "product_id": "lamp", "name": "lamp" }],\n  "devices": [\n    { "product_id": "lampp", "node_id": "1" }\n  ]\n} }',
    /seed\.json:4: huawei\.devices\[0\]\.product_id "lampp" is not among the products; did you mean "lamp"\?/,
  ],
  [
    'a gateway that is not there',
    '{ "huawei": {\n  "products": [{ "product_id": "lamp", "name": "lamp" }],\n  "devices": [\n    { "product_id": "lamp", "node_id": "1",\n      "gateway_id": "lamp_2" }\n  ]\n} }',
    /seed\.json:5: huawei\.devices\[0\]\.gateway_id "lamp_2" is not among the devices/,
  ],
  [
    'a model that cannot be read',
    '{ "tencent": { "products": [{\n  "ProductId": "LAMP000001", "ProductName": "lamp",\n  "template": { "version": "1.0",\n    "properties": [\n      { "id": "on", "name": "On", "mode": "rw", "define": { "type": "boolean" } }\n    ], "events": [], "actions": [] } }] } }',
    /seed\.json:[35]: tencent\.products\[0\]\.template/,
  ],
  ['a device twice', '{ "huawei": {\n "products": [{ "product_id": "lamp", "name": "lamp" }],\n "devices": [\n  { "product_id": "lamp", "node_id": "1" },\n  { "product_id": "lamp", "node_id": "1" }\n] } }', /seed\.json:5: huawei\.devices\[1\]/],
];

describe('A seed file with an error', () => {
  it.each(CASES)('(%s) is refused by `lianyun up` with line and cause', async (_what, text, words) => {
    const file = path.join(folder, 'seed.json');
    await writeFile(file, text);
    await using program = lianyun(['up', '--mqtt', '0', '--http', '0', '--data', folder, '--seed', file]);
    expect(await program.end()).toEqual({ code: 1, signal: null });
    expect(program.stdout.all).toEqual([]);
    expect(program.stderr.all.find((line) => line.includes('seed.json:'))).toMatch(words);
    expect(program.stderr.all.filter((line) => /^\s+at |Error:/.test(line))).toEqual([]);
  });

  it('that is not there is said with its path, by what is built as well', async () => {
    const file = path.join(folder, 'nowhere.json');
    await using program = launched(['up', '--mqtt', '0', '--http', '0', '--data', folder, '--seed', file]);
    expect(await program.end()).toEqual({ code: 1, signal: null });
    expect(program.stderr.all.join('\n')).toMatch(/The seed file \S*nowhere\.json cannot be read/);
    expect(program.stderr.all.filter((line) => /^\s+at |Error:/.test(line))).toEqual([]);
  });

  it('shows no secret that stands beside the error', async () => {
    const file = path.join(folder, 'seed.json');
    await writeFile(file, '{ "huawei": { "devices": [{ "product_id": "nowhere", "node_id": "1", "secret": "very-secret-indeed" }, { "product_id": "nowhere", "node_id": "2", "secret": ["also-very-secret"] }] } }');
    await using program = lianyun(['up', '--mqtt', '0', '--http', '0', '--data', folder, '--seed', file]);
    await program.end();
    expect(program.stderr.all.join('\n')).toContain('seed.json:1');
    expect(program.stderr.all.join('\n')).not.toMatch(/very-secret/);
  });
});
