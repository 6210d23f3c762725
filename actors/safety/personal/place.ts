/** Where somebody is: positions on Earth, and the user's name in the paths of a home directory. */
import { anyOf, byPattern, onlyIf } from './detector.ts';

const DEGREES = '-?\\d{1,3}\\.\\d{3,12}';
/** Two decimal degrees behind a word that says what they are: without one they are any two numbers. */
const LABELLED_PAIR = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:gps|geo|coordinates?|coords?|lat(?:itude)?[ /,]{1,3}lo?ng?(?:itude)?|latlng|position|location|koordinaten|coordonnées|coordenadas|coordinate|ll|q)(?: (?:is|are|at|of))?["']?[ \\t]*[:=@]?[ \\t]*[[("']?(${DEGREES} ?[,; ] ?${DEGREES})(?!\\d|\\.\\d)`,
  'giu',
);
/** In the address of a map: `/@52.5200,13.4050,12z`. */
const MAP_PAIR = new RegExp(`/@(${DEGREES},${DEGREES})(?!\\d|\\.\\d)`, 'g');
/** One of them by its name: `"lat": 52.5200`. */
const NAMED_DEGREE = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:lat|latitude|lon|lng|longitude)["']?[ \\t]*[:=][ \\t]*["']?(${DEGREES})(?!\\d|\\.\\d)`,
  'giu',
);
/** `52.5200° N, 13.4050° E`. */
const COMPASS_PAIR =
  /(?<![\d.])\d{1,2}(?:\.\d{1,12})? ?° ?[NS],? ?\d{1,3}(?:\.\d{1,12})? ?° ?[EWO](?!\p{L})/gu;
/** `52°31'12"N 13°24'18"E`. */
const SEXAGESIMAL_PAIR =
  /(?<![\d.])\d{1,2} ?° ?\d{1,2} ?['′’] ?(?:\d{1,2}(?:\.\d{1,6})? ?["″”] ?)?[NS],? ?\d{1,3} ?° ?\d{1,2} ?['′’] ?(?:\d{1,2}(?:\.\d{1,6})? ?["″”] ?)?[EWO](?!\p{L})/gu;

const onEarth = (match: string): boolean => {
  const [lat = 0, lon = 0] = (match.match(/-?\d+\.\d+/g) ?? []).map(Number);
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
};
const isAngle = (match: string): boolean => Math.abs(Number(match)) <= 180;

export const coordinates = anyOf(
  byPattern('coordinates', LABELLED_PAIR, onlyIf(onEarth)),
  byPattern('coordinates', MAP_PAIR, onlyIf(onEarth)),
  byPattern('coordinates', NAMED_DEGREE, onlyIf(isAngle)),
  byPattern('coordinates', COMPASS_PAIR),
  byPattern('coordinates', SEXAGESIMAL_PAIR),
);

const HOME =
  /(?<![\w.$}-])(?:\/(?:mnt\/[a-z]\/)?(?:home|Users)\/|[A-Za-z]:(?:\\{1,2}|\/)(?:Users|Documents and Settings)(?:\\{1,2}|\/))([\p{L}\p{N}_][\p{L}\p{N}._-]{0,31})(?![\p{L}\p{N}@(*])/gu;

/** Accounts of machines, and the names that documentation uses for anybody. */
const NOBODY: ReadonlySet<string> = new Set(
  (
    'user username users yourname your you me name myuser someuser public shared default all administrator admin root ' +
    'runner runneradmin ubuntu debian vagrant ec2-user node deno bun app web www www-data git jenkins travis circleci ' +
    'build builder ci docker coder codespace vscode linuxbrew gitpod nobody guest test tester dev devel developer pi home'
  ).split(' '),
);
const isSomebody = (match: string): boolean => !NOBODY.has(match.toLowerCase());

/** The name alone is masked: the path stays readable. */
export const homeNames = byPattern('username', HOME, (match) =>
  isSomebody(match.replace(/\.+$/, '')) ? match.replace(/\.+$/, '').length : 0,
);
