import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll } from 'vitest';
import { parseSettings, type SettingsInput } from '../../infra/settings.ts';
import { TidemarkStack } from '../../infra/tidemark-stack.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

export interface Synthesised {
  readonly template: Template;
  /** By logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outFolder: string;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** The stack as `cdk synth` makes it, with cdk-nag: a finding that nobody explained throws. */
export const synthesise = (settings: SettingsInput = {}): Synthesised => {
  const outFolder = mkdtempSync(join(tmpdir(), 'tidemark-synth-'));
  folders.push(outFolder);
  const app = new App({ outdir: outFolder });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  const stack = new TidemarkStack(app, 'Tidemark', parseSettings(settings));
  const template = Template.fromStack(stack);
  app.synth();
  const { Resources } = template.toJSON() as { Resources: Record<string, Resource> };
  return { template, resources: Resources, outFolder };
};

export const ofType = ({ resources }: Synthesised, type: string): [string, Resource][] =>
  Object.entries(resources).filter(([, resource]) => resource.Type === type);

/** The one function whose logical id begins with `step`. */
export const functionOf = (stack: Synthesised, step: string): Resource => {
  const found = ofType(stack, 'AWS::Lambda::Function').filter(([id]) => id.startsWith(`${step}Step`));
  if (found.length !== 1) throw new Error(`find function ${step}: found ${found.length}, one is allowed`);
  return (found[0] as [string, Resource])[1];
};

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** What the role of a step's function may do. */
export const statementsOf = (stack: Synthesised, step: string): readonly Statement[] =>
  ofType(stack, 'AWS::IAM::Policy')
    .filter(([id]) => id.startsWith(`${step}Step${step}Role`))
    .flatMap(([, policy]) => (policy.Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);

export const actionsOf = (statement: Statement): readonly string[] => [statement.Action].flat();
