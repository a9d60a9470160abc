import { HoldfastError } from '../../errors.js';

/** Returns the error for a model without a tokenizer. */
export function noTokenizer(model: string): HoldfastError {
  return new HoldfastError('E_TOKENIZER', 'the model has no tokenizer', {
    file: model,
    hint: 'Put the tokenizer.json that was published with the weights in the same folder',
  });
}
