/** Words too common to say what a text is about: English, and the keywords that every source file has. */
const PROSE =
  'a about above after again against all also am an and any are as at be because been before being below between ' +
  'both but by can cannot could did do does doing down during each else ever every few for from further get gets got ' +
  'had has have having he her here hers herself him himself his how however i if in into is it its itself just let ' +
  'like made make makes many may me might more most much must my myself no nor not now of off on once one only or ' +
  'other our ours ourselves out over own per same see shall she should since so some such than that the their theirs ' +
  'them themselves then there these they this those through thus to too two under until up upon us use used uses ' +
  'using very via was we were what when where whether which while who whom why will with within without would yet ' +
  'you your yours yourself yourselves';

const CODE =
  'const var function return true false null undefined void new import export default class extends implements ' +
  'interface type public private protected static readonly async await try catch finally throw throws switch case ' +
  'break continue def elif self none pass lambda yield struct enum impl fn pub mut int string boolean bool float ' +
  'double char long short unsigned number object any unknown never typeof instanceof require module exports param';

export const STOP_WORDS: ReadonlySet<string> = new Set(`${PROSE} ${CODE}`.split(' '));
