import { BodyTooLargeError } from './body-too-large-error.ts';

/** What a body of 32 MiB holds at 16 bytes a sample, the least that any sender writes. A hostile one needs two bytes. */
export const BODY_SAMPLES_MAX = 2 ** 21;

/** @throws BodyTooLargeError when a body holds more samples than one request may. */
export const checkSampleCount = (protocol: string, samples: number): void => {
  if (samples > BODY_SAMPLES_MAX) throw new BodyTooLargeError(protocol, 'body', `more than ${BODY_SAMPLES_MAX} samples, smaller requests allowed`);
};
