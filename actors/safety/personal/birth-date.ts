/** Days of birth behind their label; a date alone is nobody's. */
import { byPattern } from './detector.ts';

const MONTH =
  '(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|janv|févr|avr|juin|juil|août|déc|fev|out)\\p{L}{0,8}\\.?';
const DATE = [
  '\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}',
  '\\d{1,2}[-/.] ?\\d{1,2}[-/.] ?(?:\\d{4}|\\d{2})',
  `\\d{1,2}(?:st|nd|rd|th|\\.|º)? (?:de |of )?${MONTH},? (?:de )?\\d{4}`,
  `${MONTH} \\d{1,2}(?:st|nd|rd|th)?,? \\d{4}`,
  '\\d{4}年\\d{1,2}月\\d{1,2}日',
].join('|');

const LABEL =
  'd\\.?o\\.?b\\.?|date of birth|birth[ -]?da(?:te|y)|born(?: on)?|geboren(?: am)?|geburts(?:datum|tag)|née? le|date de naissance|fecha de nacimiento|nacid[oa] el|data di nascita|nat[oa] il|data de nascimento|nascid[oa] em|geboortedatum|data urodzenia|дата рождения|生年月日|出生日期';

export const birthDates = byPattern(
  'birth-date',
  new RegExp(
    `(?<![\\p{L}\\p{N}])(?:${LABEL})["']?[ \\t]{0,4}[:=(–-]?[ \\t]{0,4}["']?(?:on |the )?(${DATE})(?!\\d)`,
    'giu',
  ),
);
