import { buildSync } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface NodeFunctionProps {
  /** Path of the handler from the repository's root; it exports `handler`. */
  readonly entry: string;
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Constants of the code, as JSON: esbuild's `define`. */
  readonly define?: Readonly<Record<string, string>>;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly reservedConcurrency?: number | undefined;
  /** For a function that is called anew before long anyway: an old or failed call is not made again. */
  readonly isCalledOften?: boolean;
}

/** What a function may do. `why` is asked for where a resource ends in a wildcard. */
export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly why?: string;
  readonly conditions?: Readonly<Record<string, unknown>>;
}

const ROOT = join(import.meta.dirname, '..');

/** CommonJS inside an ESM bundle (parts of the AWS SDK and of nodemailer) calls `require`, which ESM has not. */
const REQUIRE_BANNER = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

const bundle = (entry: string, define: Readonly<Record<string, string>>, outfile: string): void => {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE_BANNER },
    define: { ...define },
    // Names stay, for stack traces in the log.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
};

/**
 * Bundles one handler, the AWS SDK included (the runtime's own copy changes under one's feet), and gives `use` the folder. It is gone
 * afterwards: an asset has been copied by then. No Docker.
 */
const withBundle = <T>(entry: string, define: Readonly<Record<string, string>>, use: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
  try {
    bundle(entry, define, join(folder, 'index.mjs'));
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** A Lambda function with its own log group, and a role that holds nothing until it is allowed something. */
export class NodeFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly logGroup: LogGroup;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    this.allow({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [this.logGroup.logGroupArn] });
    this.lambda = withBundle(props.entry, props.define ?? {}, (folder) => this.makeLambda(props, folder));
    this.lambda.node.addDependency(this.role);
  }

  private makeLambda(props: NodeFunctionProps, folder: string): LambdaFunction {
    return new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(folder),
      role: this.role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      environment: { ...props.environment },
      ...(props.isCalledOften === true ? { retryAttempts: 0, maxEventAge: Duration.minutes(1) } : {}),
      ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
    });
  }

  /** Allows actions on everything but some resources: for what has no ARN, where all that has one stays closed. */
  allowAllBut(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], notResources: [...resources] }));
  }

  /** Adds to the role's policy. A wildcard is explained to cdk-nag with `why`, one by one. */
  allow(grant: Grant): void {
    this.role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions: [...grant.actions], resources: [...grant.resources], conditions: { ...grant.conditions } }));
    for (const resource of grant.resources) {
      const shown = shownByNag(Stack.of(this), resource);
      if (!shown.includes('*')) continue;
      if (grant.why === undefined) throw new Error(`allow ${grant.actions.join(', ')}: ${shown} is a wildcard without a reason`);
      Validations.of(this.role).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[Resource::${shown}]`, reason: grant.why });
    }
  }
}

/** An ARN as cdk-nag writes it in a finding: references as `<LogicalId.Attribute>`. */
const shownByNag = (stack: Stack, resource: string): string => flat(stack.resolve(resource));

const flat = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const [key, inner] = Object.entries(value as Record<string, unknown>)[0] as [string, unknown];
  if (key === 'Fn::Join') return ((inner as [string, unknown[]])[1]).map(flat).join('');
  if (key === 'Fn::GetAtt') return `<${(inner as string[]).join('.')}>`;
  return `<${String(inner)}>`;
};
