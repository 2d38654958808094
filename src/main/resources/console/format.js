// Figures as people read them. Each takes null for "not known" and answers a dash.

const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const tenth = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const short = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 3});
const NONE = '–';

const known = format => value => value === null || value === undefined ? NONE : format(value);

export const count = known(n => whole.format(n));
export const rate = known(n => n < 10 ? tenth.format(n) : whole.format(n));
export const compact = known(n => short.format(n));

export const bytes = known(n => {
  let unit = 0;
  while (n >= 1024 && unit < 4) {
    n /= 1024;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? whole.format(n) : tenth.format(n)} ${['B', 'KB', 'MB', 'GB', 'TB'][unit]}`;
});

const digits = n => n >= 100 ? whole.format(n) : n >= 10 ? tenth.format(n) : String(Number(n.toPrecision(2)));

export const micros = known(n =>
  n < 1000 ? `${digits(n)} µs` : n < 1e6 ? `${digits(n / 1000)} ms` : `${digits(n / 1e6)} s`);

export const seconds = known(n => n === 0 ? '0 s' : n < 1 ? `${whole.format(n * 1000)} ms` : duration(n));

export function duration(s) {
  if (s < 10) {
    return `${tenth.format(s)} s`;
  }
  s = Math.round(s);
  if (s < 120) {
    return `${s} s`;
  }
  return s < 7200 ? `${Math.floor(s / 60)} min` : s < 172800 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} days`;
}

const two = n => String(n).padStart(2, '0');

export function clock(millis, withSeconds = true) {
  const t = new Date(millis);
  return `${two(t.getHours())}:${two(t.getMinutes())}${withSeconds ? ':' + two(t.getSeconds()) : ''}`;
}
