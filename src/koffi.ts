import koffi from 'koffi';

/**
 * Calls of native libraries. Everything that loads one takes koffi from here: it takes its configuration only before the
 * first library is loaded.
 */

// koffi gives an asynchronous call a stack of 128 KiB. Drivers that compile kernels need that of an ordinary thread.
koffi.config({ async_stack_size: 2 ** 23 });

export { koffi };
