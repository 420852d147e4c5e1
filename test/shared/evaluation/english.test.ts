import { expect, it } from 'vitest'
import { isEnglish } from '#shared/evaluation/english.ts'

it.each([
  [
    true,
    'When I consider the extreme corruption prevalent among all orders of men I am astonished that it is not so. ',
  ],
  [false, 'Es war einmal eine kleine süße Dirne, die hatte jedermann lieb, der sie nur ansah, am allerliebsten. '],
  [false, 'Il était une fois une petite fille de village, la plus jolie qu’on eût su voir ; sa mère en était folle. '],
  [false, 'Er was eens een arme houthakker, die met zijn vrouw en twee kinderen in het grote bos woonde, als hij is. '],
  [false, 'Жили-были старик со старухой, и была у них курочка ряба, снесла курочка яичко не простое, а золотое. '],
])('English %j: %s', (answer, text) => {
  expect(isEnglish(text.repeat(3))).toBe(answer)
})

it('of a few words nothing is said', () => {
  expect(isEnglish('The end.')).toBeNull()
})
