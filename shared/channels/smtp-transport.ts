import { createTransport } from 'nodemailer';
import type { CreateMailTransport } from './email.ts';

/** SMTP by nodemailer: one connection per mail. */
export const createSmtpTransport: CreateMailTransport = (options) => {
  const transport = createTransport({ ...options });
  return {
    sendMail: (message) => transport.sendMail({ ...message }),
    close: () => transport.close(),
  };
};
