/** Words that generated personal data is made of. The masker has none of these lists. */

export interface Locale {
  readonly given: readonly string[];
  readonly family: readonly string[];
  readonly streets: readonly ((random: () => number) => string)[];
  /** Postal code and town. */
  readonly towns: readonly string[];
}

const upTo = (random: () => number, max: number): number => 1 + Math.floor(random() * max);

export const LOCALES: Readonly<Record<string, Locale>> = {
  us: {
    given: ['Alice', 'Marcus', 'Priscilla', 'Tyrone', 'Wendy'],
    family: ['Abernathy', 'Cartwright', 'Holloway', 'McAllister', "O'Donnell"],
    streets: [
      (r) => `${upTo(r, 9_999)} Maple Street`,
      (r) => `${upTo(r, 999)} North Lincoln Avenue, Apt ${upTo(r, 40)}`,
      (r) => `${upTo(r, 999)} Sunset Blvd`,
    ],
    towns: ['Springfield, IL 62704', 'Portland, OR 97205', 'Austin, TX 78701-1234'],
  },
  gb: {
    given: ['Nigel', 'Imogen', 'Alastair', 'Philippa'],
    family: ['Featherstone', 'Ashworth', 'Pemberton', 'Lloyd-Jones'],
    streets: [(r) => `${upTo(r, 200)} High Street`, (r) => `${upTo(r, 90)}b Station Road`],
    towns: ['Leeds LS1 4AP', 'London SW1A 2AA', 'Bath BA2 6AH'],
  },
  de: {
    given: ['Jürgen', 'Heike', 'Wolfgang', 'Käthe'],
    family: ['Schäfer', 'Müller-Lüdenscheidt', 'Großmann', 'von Hagenow'],
    streets: [
      (r) => `Lindenstraße ${upTo(r, 140)}`,
      (r) => `Am Alten Markt ${upTo(r, 30)}a`,
      (r) => `Bahnhofstr. ${upTo(r, 99)}`,
    ],
    towns: ['10969 Berlin', '80331 München', '99084 Erfurt'],
  },
  fr: {
    given: ['Geneviève', 'Jean-Luc', 'Étienne', 'Margaux'],
    family: ['Lefèvre', 'Dubois', 'de la Tour', 'Beaumont'],
    streets: [(r) => `${upTo(r, 120)} rue de la République`, (r) => `${upTo(r, 80)} bis, avenue Victor Hugo`],
    towns: ['69002 Lyon', '75011 Paris', '33000 Bordeaux'],
  },
  es: {
    given: ['Íñigo', 'María José', 'Rocío', 'Álvaro'],
    family: ['Fernández Ruiz', 'Garrido', 'Núñez', 'del Río'],
    streets: [(r) => `Calle de Alcalá, ${upTo(r, 300)}`, (r) => `Avenida de la Constitución ${upTo(r, 60)}`],
    towns: ['28009 Madrid', '41004 Sevilla'],
  },
  it: {
    given: ['Giuseppe', 'Chiara', 'Niccolò'],
    family: ['Esposito', 'De Santis', "D'Angelo"],
    streets: [(r) => `Via Garibaldi ${upTo(r, 90)}`, (r) => `Piazza San Marco, ${upTo(r, 20)}`],
    towns: ['20121 Milano', '50122 Firenze'],
  },
  nl: {
    given: ['Joost', 'Marijke', 'Sjoerd'],
    family: ['van den Berg', 'de Vries', 'Hoekstra'],
    streets: [(r) => `Prinsengracht ${upTo(r, 900)}`, (r) => `Kerkstraat ${upTo(r, 90)}`],
    towns: ['1016 HR Amsterdam', '3511 LN Utrecht'],
  },
  pl: {
    given: ['Zbigniew', 'Małgorzata', 'Łukasz'],
    family: ['Wójcik', 'Kowalczyk', 'Żuławski'],
    streets: [(r) => `ul. Marszałkowska ${upTo(r, 140)}`],
    towns: ['00-590 Warszawa'],
  },
  br: {
    given: ['João', 'Conceição', 'Thiago'],
    family: ['da Silva', 'Gonçalves', 'Araújo'],
    streets: [(r) => `Rua Augusta, ${upTo(r, 2_000)}`],
    towns: ['01305-100 São Paulo'],
  },
  jp: {
    given: ['Haruki', 'Sakura', 'Kenji'],
    family: ['Yamamoto', 'Fujiwara', 'Ōtsuka'],
    streets: [(r) => `〒150-0002 東京都渋谷区渋谷${upTo(r, 9)}丁目`],
    towns: [''],
  },
  in: {
    given: ['Anjali', 'Rajesh', 'Meenakshi'],
    family: ['Subramanian', 'Chatterjee', 'Iyer'],
    streets: [(r) => `${upTo(r, 90)} Mahatma Gandhi Road`],
    towns: ['Bengaluru 560001'],
  },
};

/** People whose names are no Latin letters. */
export const OTHER_SCRIPTS = ['Наталья Кузнецова', 'Иван Петров', 'Γιώργος Παπαδόπουλος'] as const;

export const MAIL_HOSTS = [
  'mailbox.example.org',
  'zuhause.example.de',
  'corp.example.co.uk',
  'uni-xyz.example.edu',
] as const;

/** Prose that surrounds them, without a name or a number. */
export const FILLERS = [
  'The deployment was rolled back because the health check of the second replica never turned green.',
  'Please read the section about retries before you change the default.',
  'Nobody expected the cache to be cold after the failover, and latency stayed high for an hour.',
  'The migration drops the index first, copies the rows in batches and then creates it again.',
  'All tests pass on the build machine; the flaky one has been quarantined.',
  'Memory usage grows with the number of open cursors, not with the size of a row.',
  'Wird der Dienst neu gestartet, geht nichts verloren: der Zeiger liegt auf der Platte.',
  'Le service redémarre tout seul quand la sonde échoue trois fois de suite.',
] as const;
