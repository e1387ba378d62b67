import { describe, expect, it } from 'vitest';
import { sendEmail, smtpOptions } from '../../../shared/channels/email.ts';
import type { MailMessage, SmtpOptions } from '../../../shared/channels/email.ts';
import { emailHtml, emailText } from '../../../shared/channels/email-text.ts';
import type { EmailIntegration } from '../../../shared/alerting/receivers.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { MAIL, MESSAGE } from './mail.ts';

const send = (sendMail: (message: MailMessage) => Promise<{ response?: string }>, changes: Partial<EmailIntegration> = {}) => {
  const seen: { options?: SmtpOptions; closed: number } = { closed: 0 };
  const outcome = sendEmail(
    {
      createTransport: (options) => {
        seen.options = options;
        return { sendMail, close: () => void seen.closed++ };
      },
      readSecret: noSecretFiles,
    },
    { ...MAIL, ...changes },
    { id: 'abc', dedupKey: 'group', subject: 'S', message: MESSAGE, nowMs: 0 },
  );
  return { outcome, seen };
};

describe('sendEmail', () => {
  it.each([
    [587, true, { secure: false, requireTLS: true, ignoreTLS: false }],
    [587, false, { secure: false, requireTLS: false, ignoreTLS: true }],
    [465, true, { secure: true, requireTLS: false, ignoreTLS: false }],
    [465, false, { secure: true, requireTLS: false, ignoreTLS: false }],
  ])('port %i with require_tls %s', (port, requireTls, tls) => {
    expect(smtpOptions({ ...MAIL, requireTls, smarthost: { host: 'h', port } }, { user: 'robot', pass: 'hunter2' })).toMatchObject({ ...tls, auth: { user: 'robot', pass: 'hunter2' }, disableFileAccess: true });
  });

  it('takes its subject from the headers, and keeps each header on one line', async () => {
    let mail: MailMessage | undefined;
    const { outcome } = send(
      async (message) => {
        mail = message;
        return {};
      },
      { headers: [['subject', 'own\r\nBcc: x'], ['X-Host', 'a\nb']] },
    );
    await outcome;
    expect(mail).toMatchObject({ subject: 'own Bcc: x', headers: { 'X-Host': 'a b' } });
  });

  it('keeps the id as Message-ID, takes own bodies, and closes the connection', async () => {
    let mail: MailMessage | undefined;
    const { outcome, seen } = send(
      async (message) => {
        mail = message;
        return { response: '250 ok\r\nqueued' };
      },
      { text: 'mine', headers: [['Reply-To', 'a@example.com']] },
    );
    expect(await outcome).toEqual({ kind: 'sent', answer: '250 ok queued' });
    expect(mail).toMatchObject({ messageId: '<abc@tidemark>', text: 'mine', headers: { 'Reply-To': 'a@example.com' }, date: new Date(0) });
    expect(mail?.html).toContain('RESOLVED');
    expect(seen.closed).toBe(1);
  });

  it.each([
    [{ code: 'EENVELOPE', responseCode: 550, response: '550 no such user' }, 'failed'],
    [{ code: 'EMESSAGE', responseCode: 552, response: '552 too large' }, 'failed'],
    [{ code: 'EENVELOPE', responseCode: 451, response: '451 later' }, 'retry'],
    [{ code: 'EAUTH', responseCode: 535, response: '535 wrong password' }, 'retry'],
    [{ code: 'ETIMEDOUT' }, 'retry'],
  ])('takes %o as %s', async (fields, kind) => {
    const { outcome, seen } = send(() => Promise.reject(Object.assign(new Error('hunter2'), fields)));
    const result = await outcome;
    expect(result.kind).toBe(kind);
    expect(result.answer).toContain(fields.code);
    expect(result.answer).not.toContain('hunter2');
    expect(seen.closed).toBe(1);
  });

  it('escapes what senders wrote, and links to web addresses alone', () => {
    const html = emailHtml(MESSAGE);
    expect(html).not.toContain('<script>');
    expect(html).not.toContain('javascript:');
    expect(html).toContain('&quot;a&quot; &amp; &#39;b&#39;');
    expect(emailText(MESSAGE)).toContain('RESOLVED since 2026-01-01T00:00:00.000Z, ended 2026-01-01T01:00:00.000Z');
  });
});
