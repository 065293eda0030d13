// The packages as they would be published, and empty projects that use them.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const exec = promisify(execFile);

/** What a program said and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Packs every package into `directory`; the tarballs by package name. Packing makes dist/ anew, which other tests run: so it is done in a copy. */
export async function packAll(directory: string): Promise<ReadonlyMap<string, string>> {
  const copy = path.join(directory, 'workspace');
  for (const name of ['package.json', 'tsconfig.json', 'LICENSE', 'scripts', 'packages']) {
    await cp(path.join(root, name), path.join(copy, name), { recursive: true, filter: (source) => !['node_modules', 'dist'].includes(path.basename(source)) });
  }
  await symlink(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const { stdout } = await exec('npm', ['pack', '--workspaces', '--json', '--pack-destination', directory], { cwd: copy, maxBuffer: 16 * 1024 * 1024 });
  const listed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, { name: string; filename: string }> | { name: string; filename: string }[];
  return new Map(Object.values(listed).map(({ name, filename }) => [name, path.join(directory, filename)]));
}

/** An empty project with packages unpacked as npm would lay them out; what they depend on is linked from this workspace's own installation. */
export async function projectWith(directory: string, tarballs: readonly (readonly [name: string, file: string])[]): Promise<string> {
  const project = await mkdtemp(path.join(directory, 'project-'));
  await writeFile(path.join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
  for (const [name, file] of tarballs) {
    const home = path.join(project, 'node_modules', name);
    await mkdir(home, { recursive: true });
    await exec('tar', ['--extract', '--file', file, '--directory', home, '--strip-components=1']);
    const { dependencies = {} } = JSON.parse(await readFile(path.join(home, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(dependencies)) {
      const link = path.join(project, 'node_modules', dependency);
      if (tarballs.some(([own]) => own === dependency)) continue;
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(path.join(root, 'node_modules', dependency), link).catch((error: unknown) => {
        // Two packages may need the same.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
    }
  }
  return project;
}

/** Runs a program to its end. */
export async function ran(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  try {
    return { code: 0, ...(await exec(command, args, { cwd, env, maxBuffer: 16 * 1024 * 1024 })) };
  } catch (error) {
    // What execFile throws carries what the program said.
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : 1, stdout, stderr: stderr === '' ? String(error) : stderr };
  }
}
