import { once } from 'node:events';
import type { EmailIntegration } from '../alerting/receivers.ts';
import type { ChannelPorts, Outgoing } from './channel-ports.ts';
import { emailHtml, emailText } from './email-text.ts';
import { certificateProblem } from './http-post.ts';
import { type TlsOptions, tlsOptions } from './outgoing-connection.ts';
import { TellableError, secretText } from './secret.ts';
import { shortAnswer } from './send-outcome.ts';
import type { SendOutcome } from './send-outcome.ts';

/** What nodemailer's SMTP transport is made with. */
export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  readonly requireTLS: boolean;
  /** Like Alertmanager: without `require_tls` STARTTLS is not tried. */
  readonly ignoreTLS: boolean;
  readonly name?: string;
  readonly auth?: { readonly user: string; readonly pass: string };
  readonly authMethod?: 'CRAM-MD5';
  readonly tls?: TlsOptions;
  readonly connectionTimeout: number;
  readonly greetingTimeout: number;
  readonly socketTimeout: number;
  readonly dnsTimeout: number;
  readonly disableFileAccess: true;
  readonly disableUrlAccess: true;
}

export interface MailMessage {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly date: Date;
  readonly headers: Record<string, string>;
}

export interface MailTransport {
  sendMail(message: MailMessage): Promise<{ readonly response?: string }>;
  /** Ends what is under way. */
  close(): void;
}

export type CreateMailTransport = (options: SmtpOptions) => MailTransport;

/** Each phase of the conversation; a server that waits longer is asked again later. */
const SMTP_TIMEOUT_MS = 10_000;

/** All phases together: a server that talks without end would stay under the time of each. */
const MAIL_TIMEOUT_MS = 30_000;

/** Sends one mail. Two attempts have the same Message-ID, by which mail servers and readers tell a repeated one. Never rejects. */
export const sendEmail = async (
  { createTransport, readSecret }: Pick<ChannelPorts, 'createTransport' | 'readSecret'>,
  integration: EmailIntegration,
  mail: Outgoing,
  timeoutMs = MAIL_TIMEOUT_MS,
): Promise<SendOutcome> => {
  try {
    const { auth, tls } = integration;
    const login = auth === undefined ? undefined : { user: auth.username, pass: await secretText(auth.password, readSecret) };
    const transport = createTransport({ ...smtpOptions(integration, login), ...(tls === undefined ? {} : { tls: await tlsOptions(tls, readSecret) }) });
    try {
      const sending = transport.sendMail(mailMessage(integration, mail)).then(({ response }): SendOutcome => ({ kind: 'sent', answer: shortAnswer(response ?? 'accepted') }));
      return await Promise.race([sending, timeout(timeoutMs)]);
    } finally {
      transport.close();
    }
  } catch (error) {
    return smtpProblem(error);
  }
};

const timeout = async (timeoutMs: number): Promise<SendOutcome> => {
  await once(AbortSignal.timeout(timeoutMs), 'abort');
  return { kind: 'retry', answer: `no answer within ${timeoutMs} ms` };
};

export const smtpOptions = ({ smarthost, requireTls, implicitTls = smarthost.port === 465, hello, auth: configured }: EmailIntegration, auth: SmtpOptions['auth']): SmtpOptions => ({
  host: smarthost.host,
  port: smarthost.port,
  secure: implicitTls,
  requireTLS: requireTls && !implicitTls,
  ignoreTLS: !requireTls && !implicitTls,
  ...(configured?.method === undefined ? {} : { authMethod: configured.method }),
  ...(hello === '' ? {} : { name: hello }),
  ...(auth === undefined ? {} : { auth }),
  connectionTimeout: SMTP_TIMEOUT_MS,
  greetingTimeout: SMTP_TIMEOUT_MS,
  socketTimeout: SMTP_TIMEOUT_MS,
  dnsTimeout: SMTP_TIMEOUT_MS,
  disableFileAccess: true,
  disableUrlAccess: true,
});

const mailMessage = (integration: EmailIntegration, { id, dedupKey, subject, message, nowMs }: Outgoing): MailMessage => ({
  from: integration.from,
  to: integration.to,
  subject: oneLine(integration.headers.find(isSubject)?.[1] ?? subject),
  text: integration.text ?? emailText(message),
  html: integration.html ?? emailHtml(message),
  messageId: `<${id}@tidemark>`,
  date: new Date(nowMs),
  headers: { ...threadHeaders(integration, dedupKey, nowMs), ...Object.fromEntries(integration.headers.filter((header) => !isSubject(header)).map(([name, value]) => [name, oneLine(value)])) },
});

/** The root that mails of a group refer to is none that was ever sent: readers put together what names the same one. */
const threadHeaders = ({ threading }: EmailIntegration, dedupKey: string, nowMs: number): Record<string, string> => {
  if (threading === undefined) return {};
  const root = `<${dedupKey}${threading === 'daily' ? `-${new Date(nowMs).toISOString().slice(0, 10)}` : ''}@tidemark>`;
  return { 'In-Reply-To': root, References: root };
};

const isSubject = ([name]: readonly [name: string, value: string]): boolean => name.toLowerCase() === 'subject';

/** A template may bring line breaks into a header, out of labels that come from senders. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** 5xx about the sender, the recipients or the mail are final; everything else (network, 4xx, login, TLS) may be mended in time. */
const smtpProblem = (error: unknown): SendOutcome => {
  if (error instanceof TellableError) return { kind: 'retry', answer: shortAnswer(error.message) };
  const { code, originalCode, responseCode, response } = error !== null && typeof error === 'object' ? (error as { code?: unknown; originalCode?: unknown; responseCode?: unknown; response?: unknown }) : {};
  const untrusted = certificateProblem(String(originalCode ?? code));
  if (untrusted !== undefined) return { kind: 'retry', answer: `SMTP: ${untrusted}` };
  const text = `SMTP ${String(code ?? 'error')}${typeof response === 'string' ? ` ${response}` : ''}`;
  const final = typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { kind: final ? 'failed' : 'retry', answer: shortAnswer(text) };
};
