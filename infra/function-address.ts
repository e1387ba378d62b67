import { FunctionUrl, FunctionUrlAuthType, InvokeMode, HttpMethod } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { NodeFunction } from './node-function.ts';

/**
 * A public address. AWS checks nothing here: agents and Grafana cannot sign SigV4, so the function itself demands one of our keys
 * on every path. An answer has at most 6 MB where it is buffered, and 200 MB where it is streamed, of which what is beyond 6 MB goes
 * at 2 MB/s (Lambda, "Response streaming"); the handler has to be made for one or the other.
 */
export class FunctionAddress extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, target: NodeFunction, invokeMode: InvokeMode) {
    super(scope, id);
    const address = new FunctionUrl(this, 'Url', {
      function: target.lambda,
      authType: FunctionUrlAuthType.NONE,
      invokeMode,
      cors: {
        allowedOrigins: ['*'],
        allowedMethods: [HttpMethod.GET, HttpMethod.POST],
        allowedHeaders: ['authorization', 'content-type'],
        // A page of another site reads no other headers of ours: how fresh an answer is, and when to ask again.
        exposedHeaders: ['tidemark-watermark-ms', 'retry-after'],
      },
    });
    this.url = address.url;
  }
}
