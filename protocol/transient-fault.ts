/** A fault that is declared to be passing: nobody's bug. */
import { BanyanError } from './errors.ts';

/**
 * What a supervised child throws when its surroundings fail it and may come back: a device that is busy, a service
 * that is away. It is started again after its back-off, however often that happens; a bug counts towards the
 * intensity of its supervisor, this does not.
 */
export class TransientFault extends BanyanError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('fault.transient', { message, cause: options.cause });
    this.name = 'TransientFault';
  }
}
