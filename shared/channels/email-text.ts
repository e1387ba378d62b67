import type { MessageAlert, WebhookMessage } from '../alerting/message.ts';

/** The plain text of a notification: one block per alert. */
export const emailText = (message: WebhookMessage): string =>
  [`${message.status.toUpperCase()}: ${message.alerts.length} alert(s) for ${message.receiver}`, ...message.alerts.map(textOf), message.externalURL].join('\n\n').trimEnd();

const textOf = (alert: MessageAlert): string =>
  [
    `${alert.status.toUpperCase()} since ${alert.startsAt}${alert.status === 'resolved' ? `, ended ${alert.endsAt}` : ''}`,
    ...Object.entries(alert.labels).map(([name, value]) => `  ${name} = ${value}`),
    ...Object.entries(alert.annotations).map(([name, value]) => `  ${name}: ${value}`),
    `  ${alert.generatorURL}`,
  ].join('\n');

/** The same as HTML. Labels and annotations come from senders, so everything is escaped. */
export const emailHtml = (message: WebhookMessage): string => {
  const color = message.status === 'firing' ? '#b00020' : '#1b7f3b';
  const blocks = message.alerts.map(htmlOf).join('');
  return `<!doctype html><html><body style="font-family:sans-serif"><h2 style="color:${color}">${message.status.toUpperCase()}: ${message.alerts.length} alert(s)</h2>${blocks}</body></html>`;
};

const htmlOf = (alert: MessageAlert): string => {
  const rows = [...Object.entries(alert.labels), ...Object.entries(alert.annotations)]
    .map(([name, value]) => `<tr><th align="left">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('');
  const times = `since ${escapeHtml(alert.startsAt)}${alert.status === 'resolved' ? `, ended ${escapeHtml(alert.endsAt)}` : ''}`;
  const link = /^https?:/.test(alert.generatorURL) ? `<p><a href="${escapeHtml(alert.generatorURL)}">Source</a></p>` : '';
  return `<p>${alert.status} ${times}</p><table>${rows}</table>${link}`;
};

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] as string);
