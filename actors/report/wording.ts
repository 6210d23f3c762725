/** Numbers, times and durations as people read them. */
const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `12,345`. */
export const formatCount = (value: number): string => integer.format(value);
/** `1 item`, `12 items`. */
export const counted = (many: number, what: string): string =>
  `${formatCount(many)} ${what}${many === 1 ? '' : 's'}`;
/** With one digit after the point at most: scores from 0 to 10. */
export const formatScore = (value: number): string => value.toFixed(1);
export const formatFraction = (value: number): string => value.toFixed(2);
export const formatSigned = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(2)}`;

/** `2026-01-31 12:34`, in UTC as the report's head says; what is no time stays as it is. */
export function formatTime(iso: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(iso) ?? [];
  return day === undefined || time === undefined ? iso : `${day} ${time}`;
}

const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** In the largest unit that fits: `3 min`, `5 h`. */
export function formatAge(ms: number): string {
  const unit = UNITS.find((one) => ms >= one.ms) ?? UNITS[3];
  return `${formatCount(Math.max(0, Math.floor(ms / unit.ms)))} ${unit.name}`;
}
