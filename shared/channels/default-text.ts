import type { MessageAlert } from '../alerting/message.ts';

/** Alertmanager's `__text_alert_list` (template/default.tmpl). */
export const alertListText = (alerts: readonly MessageAlert[]): string => alerts.map(alertText).join('');

const alertText = ({ labels, annotations, generatorURL }: MessageAlert): string => `Labels:\n${lines(labels)}Annotations:\n${lines(annotations)}Source: ${generatorURL}\n`;

const lines = (pairs: Readonly<Record<string, string>>): string =>
  Object.entries(pairs)
    .map(([name, value]) => ` - ${name} = ${value}\n`)
    .join('');

/** Where people see the alerts of a receiver: Alertmanager's `__alertmanagerURL`. */
export const alertsUrl = ({ externalURL, receiver }: { readonly externalURL: string; readonly receiver: string }): string =>
  `${externalURL}/#/alerts?receiver=${encodeURIComponent(receiver)}`;

/** A text for a service that counts characters; what is cut shows. */
export const cutTo = (text: string, maxChars: number): string => (text.length <= maxChars ? text : `${text.slice(0, maxChars - 1).toWellFormed()}…`);
