/* oxlint-disable no-new -- a construct attaches itself to its scope */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { settingsFrom } from './settings.ts';
import { TidemarkStack } from './tidemark-stack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
// No account and no region: the template is the same for all, and synth needs neither. Another name (`-c stack=`) is another installation.
const name = String(app.node.tryGetContext('stack') ?? 'Tidemark');
new TidemarkStack(app, name, settingsFrom(app.node), { description: 'Tidemark: serverless metrics and alerting' });
