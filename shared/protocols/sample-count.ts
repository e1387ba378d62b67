import { BodyTooLargeError } from './body-too-large-error.ts';

/** What a body of 32 MiB holds at 16 bytes a sample, the least that any sender writes. A hostile one needs two bytes. */
export const BODY_SAMPLES_MAX = 2 ** 21;

/** @throws BodyTooLargeError when a body holds more samples than one request may. */
export const checkSampleCount = (protocol: string, samples: number): void => {
  if (samples > BODY_SAMPLES_MAX) throw new BodyTooLargeError(protocol, 'body', `more than ${BODY_SAMPLES_MAX} samples, smaller requests allowed`);
};

/** As many as one frame holds (`wire/frame-caps.ts`): a hostile body has one in two bytes, and each is an object in memory. */
const BODY_HISTOGRAMS_MAX = 131_072;

/** @throws BodyTooLargeError when a body holds more histograms than one request may. */
export const checkHistogramCount = (protocol: string, histograms: number): void => {
  if (histograms > BODY_HISTOGRAMS_MAX) throw new BodyTooLargeError(protocol, 'body', `more than ${BODY_HISTOGRAMS_MAX} histograms, smaller requests allowed`);
};
