import { connect, type Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import type { CreateMailTransport, SmtpOptions } from './email.ts';
import type { IsOpen } from './open-address.ts';
import { openLookup, refuseClosedAddress } from './open-connection.ts';

/**
 * SMTP by nodemailer: one connection per mail, to an open address, opened here so that closing the transport ends it, wherever
 * the conversation stands. The mail's own time limits how long connecting takes.
 */
export const makeSmtpTransport =
  (isOpen: IsOpen): CreateMailTransport =>
  (options) => {
    refuseClosedAddress(options.host, isOpen);
    let socket: Socket | undefined;
    const getSocket = (_options: unknown, connected: Connected): void => {
      socket = open(options, isOpen, connected);
    };
    const transport = createTransport({ ...options, getSocket });
    return {
      sendMail: (message) => transport.sendMail({ ...message }),
      close: () => {
        transport.close();
        socket?.destroy();
      },
    };
  };

/** How nodemailer is given a connection. */
type Connected = (error: Error | null, socketOptions?: { readonly connection: Socket }) => void;

const open = ({ host, port }: SmtpOptions, isOpen: IsOpen, connected: Connected): Socket => {
  const socket = connect({ host, port, lookup: openLookup(isOpen) });
  socket.once('error', connected);
  socket.once('connect', () => {
    socket.off('error', connected);
    connected(null, { connection: socket });
  });
  return socket;
};
