import type { Project } from '../../tencent/projects.ts';
import type { NorthContext } from '../context.ts';
import { refusal } from '../refusal.ts';
import { action, renamed, seconds } from './action.ts';
import { pageOf } from './page.ts';

const MAX_DESCRIPTION = 1000;

/** The actions about projects (10.6). */
export const projectActions = {
  CreateProject: action({ ProjectName: 'text', ProjectDesc: 'text', InstanceId: 'text?' }, (p, { tencent: { projects } }) => {
    checkProject(p);
    return { Project: entry(projects.create({ name: p.ProjectName, description: p.ProjectDesc })) };
  }),

  DescribeProject: action({ ProjectId: 'text' }, (p, context) => {
    const project = projectOf(p.ProjectId, context);
    return { Project: { ...entry(project), ...countsOf(project, context) } };
  }),

  GetProjectList: action({ Offset: 'integer?', Limit: 'integer?', InstanceId: 'text?', ProjectId: 'text?', ProductId: 'text?', ProjectName: 'text?', Includes: 'texts?' }, (p, context) => {
    const product = p.ProductId ? context.registry.findProduct('tencent', p.ProductId) : undefined;
    const wanted = (project: Project): boolean =>
      (!p.ProjectId || project.id === p.ProjectId) && (!p.ProjectName || project.name.includes(p.ProjectName)) && (!p.ProductId || (product?.cloud === 'tencent' && product.projectId === project.id));
    const { items, total } = pageOf(context.tencent.projects.list().filter(wanted), p);
    return { Projects: items.map((project) => ({ ...entry(project), ...countsOf(project, context) })), Total: total };
  }),

  ModifyProject: action({ ProjectId: 'text', ProjectName: 'text', ProjectDesc: 'text' }, (p, context) => {
    const project = projectOf(p.ProjectId, context);
    checkProject(p);
    return { Project: entry(context.tencent.projects.change(project, { name: p.ProjectName, description: p.ProjectDesc })) };
  }),

  DeleteProject: action({ ProjectId: 'text' }, (p, context) => {
    const project = projectOf(p.ProjectId, context);
    renamed({ conflict: 'UnsupportedOperation.ExistBindedDevicesUnderProject' }, () => context.tencent.projects.remove(project));
    return {};
  }),
};

function projectOf(id: string, { tencent: { projects } }: NorthContext): Project {
  const project = projects.find(id);
  if (project === undefined) throw refusal('ResourceNotFound.ProjectNotExist', `There is no project ${JSON.stringify(id)}.`);
  return project;
}

function checkProject({ ProjectName: name, ProjectDesc: description }: { readonly ProjectName: string; readonly ProjectDesc: string }): void {
  if (!/^.{1,64}$/su.test(name)) throw refusal('InvalidParameterValue', 'ProjectName is not allowed: 1 to 64 characters are expected.');
  if (description.length > MAX_DESCRIPTION) throw refusal('InvalidParameterValue', `ProjectDesc is not allowed: at most ${MAX_DESCRIPTION} characters are expected.`);
}

const entry = ({ id, name, description, createdAt, updatedAt }: Project) => ({ ProjectId: id, ProjectName: name, ProjectDesc: description, CreateTime: seconds(createdAt), UpdateTime: seconds(updatedAt) });

function countsOf({ id }: Project, { registry, tencent: { projects } }: NorthContext) {
  const products = projects.productsOf(id);
  const devices = products.reduce((sum, { productId }) => sum + registry.listDevices({ cloud: 'tencent', productId, limit: 0 }).total, 0);
  return { ProductCount: products.length, NativeAppCount: 0, WebAppCount: 0, InstanceId: '', ApplicationCount: 0, DeviceCount: devices, EnableOpenState: 0 };
}
