import { parseAlertmanagerFile } from '../alerting/alertmanager-file.ts';
import { formatMatchers } from '../alerting/routing/matcher-text.ts';
import { matchRoutes } from '../alerting/routing/route.ts';
import type { Route } from '../alerting/routing/route.ts';
import { PermanentError } from '../errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { makeLabels } from '../model/labels.ts';
import type { LabelPair } from '../model/labels.ts';
import type { CheckReport, NamedText } from './check.ts';

/** The receivers that alerts with these labels go to, separated by commas, as amtool prints them. */
export const configRoutesTest = (file: NamedText, labels: readonly string[]): CheckReport =>
  withRoot(file, (root) => matchRoutes(root, makeLabels(labels.map(labelOf))).map(({ receiver }) => receiver).join(','));

/** The routing tree, a route to a line. */
export const configRoutesShow = (file: NamedText): CheckReport => withRoot(file, (root) => ['.', ...branch(root, '', true, 'default-route')].join('\n'));

const withRoot = ({ file, text }: NamedText, show: (root: Route) => string): CheckReport => {
  const { config, errors } = parseAlertmanagerFile(text, file);
  return config === undefined ? { ok: false, lines: errors } : { ok: true, lines: [show(config.route)] };
};

const labelOf = (text: string): LabelPair => {
  const at = text.indexOf('=');
  if (at < 1) throw new PermanentError(`test routes: found ${JSON.stringify(text.slice(0, 100))}, a label such as severity=page is needed`);
  return [text.slice(0, at), text.slice(at + 1)];
};

const escalationOf = ({ escalate }: Route): string => (escalate === undefined ? '' : `  escalate: ${escalate.receiver} after ${formatDurationMs(escalate.afterMs)}`);

const branch = (route: Route, indent: string, isLast: boolean, name: string): readonly string[] => [
  `${indent}${isLast ? '└── ' : '├── '}${name}${route.continues ? '  continue: true' : ''}  receiver: ${route.receiver}${escalationOf(route)}`,
  ...route.routes.flatMap((child, i) => branch(child, `${indent}${isLast ? '    ' : '│   '}`, i === route.routes.length - 1, formatMatchers(child.matchers.matchers))),
];
