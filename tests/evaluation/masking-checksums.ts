/** Check digits, computed to make valid numbers: written apart from the masker, which only verifies them. */

/** The last digit that makes a number pass the Luhn check. */
export function luhnDigit(payload: string): string {
  const sum = payload
    .split('')
    .toReversed()
    .reduce((total, digit, place) => {
      const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
      return total + Math.floor(value / 10) + (value % 10);
    }, 0);
  return String((10 - (sum % 10)) % 10);
}

/** The two check digits of an IBAN, from the country and the account part (ISO 13616). */
export function ibanDigits(country: string, account: string): string {
  const numbers = `${account}${country}00`
    .split('')
    .map((c) => Number.parseInt(c, 36))
    .join('');
  return String(98n - (BigInt(numbers) % 97n)).padStart(2, '0');
}

/** The letter of a Spanish DNI. */
export function dniLetter(digits: string): string {
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(digits) % 23);
}

/** The two check digits of a Brazilian CPF. */
export function cpfDigits(nine: string): string {
  const next = (digits: string): string => {
    const sum = digits
      .split('')
      .reduce((total, digit, at) => total + Number(digit) * (digits.length + 1 - at), 0);
    return String(((sum * 10) % 11) % 10);
  };
  const first = next(nine);
  return first + next(nine + first);
}

/** The key of a French social security number (NIR). */
export function nirKey(thirteen: string): string {
  return String(97n - (BigInt(thirteen) % 97n)).padStart(2, '0');
}

/** The last character of a Chinese resident number (ISO 7064, MOD 11-2). */
export function residentDigit(seventeen: string): string {
  let rest = 0;
  for (const digit of seventeen) rest = ((rest + Number(digit)) * 2) % 11;
  const check = (12 - (rest % 11)) % 11;
  return check === 10 ? 'X' : String(check);
}

/** The check digit of an EAN-13, which Swiss AHV numbers carry. */
export function eanDigit(twelve: string): string {
  const sum = twelve
    .split('')
    .reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  return String((10 - (sum % 10)) % 10);
}

/** The two check digits of a Belgian national number of somebody born before 2000. */
export function belgianDigits(nine: string): string {
  return String(97 - (Number(nine) % 97)).padStart(2, '0');
}
