import { HoldfastError } from '../../errors.js';

export function noTokenizer(model: string): HoldfastError {
  return new HoldfastError('E_TOKENIZER', 'the model has no tokenizer', {
    file: model,
    hint: 'Put the tokenizer.json that was published with the weights beside them',
  });
}
