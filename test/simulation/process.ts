export type ProcessOutcome<T> =
  | { readonly end: 'done'; readonly value: T }
  | { readonly end: 'failed'; readonly error: unknown }
  /** Nobody will ever hear how the work went on. */
  | { readonly end: 'died' };

/** What never answers: the rest of a program whose process is dead. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** A process that may die at any call it makes. Its memory is whatever was built for it. */
export class SimProcess {
  readonly name: string;
  private living = true;
  private readonly mourners: (() => void)[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.living;
  }

  die(): void {
    if (!this.living) return;
    this.living = false;
    for (const mourner of this.mourners) mourner();
  }

  /** How the work ends; the death of the process ends it first. */
  run<T>(work: () => Promise<T>): Promise<ProcessOutcome<T>> {
    if (!this.living) return Promise.resolve({ end: 'died' });
    return new Promise((resolve) => {
      this.mourners.push(() => resolve({ end: 'died' }));
      work().then(
        (value) => resolve({ end: 'done', value }),
        (error: unknown) => resolve({ end: 'failed', error }),
      );
    });
  }
}
