import { expect, it } from 'vitest';
import { sentencesLeftOut } from './sentences.js';

it('leaves out one sentence at a time and keeps the rest as it is', () => {
  expect(
    sentencesLeftOut("You are a ship's cook. Answer in two lines!\n- End with AHOY\n\nBe kind."),
  ).toEqual([
    { sentence: "You are a ship's cook.", rest: 'Answer in two lines!\n- End with AHOY\n\nBe kind.' },
    { sentence: 'Answer in two lines!', rest: "You are a ship's cook. - End with AHOY\n\nBe kind." },
    { sentence: '- End with AHOY', rest: "You are a ship's cook. Answer in two lines!\n\nBe kind." },
    { sentence: 'Be kind.', rest: "You are a ship's cook. Answer in two lines!\n- End with AHOY" },
  ]);
  expect(sentencesLeftOut('Only this')).toEqual([{ sentence: 'Only this', rest: '' }]);
  expect(sentencesLeftOut('   ')).toEqual([]);
});
