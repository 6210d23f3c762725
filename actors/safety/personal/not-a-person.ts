/** Words with capitals that stand where a person is expected, and are none: organisations, products, headings, roles. */
const ORGANISATIONS =
  'academy agency alliance apache archive arm army association bank board canonical carnegie center centre chapter city club college ' +
  'committee commons communications community company computing conference consortium contributors cooperative corp corporation council ' +
  'debian department developer developers development division engineering enterprises facebook fedora foundation ' +
  'free freebsd freedesktop gentoo github gitlab gnome gnu google government group hat holdings ibm inc incorporated industries ' +
  'initiative institute intel international janitor kde labs laboratories laboratory library limited llc ltd machines maintainer ' +
  'maintainers media members meta microsoft microsystems ministry mit mozilla netbsd netscape network networks novell nvidia ' +
  'office openbsd oracle organisation organization packagers partners platforms posix press project projects publishing qa ' +
  'redhat research school sdk security services society software solutions sony states studio studios suse systems team teams ' +
  'technologies technology telecom translators ubuntu unicode university uploaders verlag wikimedia working xfree86 xorg';

const THINGS =
  'account action additional administrator alert algorithm all analysis android anonymous any api app application array ' +
  'article attribution audit automatic base basic beta block browser buffer bug bugs build builder bus cache call case ' +
  'change changelog changes channel class cli client cloud code collection command common component config ' +
  'configuration console content control copyright core counter cpu customer data database date default desktop ' +
  'device docker docs document documentation domain driver dynamic edition editor element email engine entry error ' +
  'event every example examples express features field file files filter first fix flash for form format framework from ' +
  'function functions gateway general global guest guide hash hardware header help home host html http https image ' +
  'index initial input instruction integration interface internal internet invoice issue issues item java javascript json ' +
  'kernel key keys kit language latest law layer legal level library license licence licensed line linux list lists ' +
  'local log machine mail mailing main major management manager manual map master memory message method minor mode model ' +
  'module monitor name native new news node none nor not note notes notice number object of old one open operating option ' +
  'options or order os other our output owner owners package packages page parent parser part party path people pipeline ' +
  'platform please plugin policy port portions power previous private problem process product program programming protocol ' +
  'provider proxy public python query queue react read readme record reference release released releases remote report ' +
  'request required reserved resource response review rights role root router rule rules runtime safari sample schema scope ' +
  'script sdk search section see sender server service session set settings shared shell sir site source special stable ' +
  'stack standard standards start state static status step storage store stream string style subject summary support ' +
  'switch system table tables tag target task template test testing tests text thanks that the these this thread time ' +
  'tool toolkit tools top tracker translation transport tree type types typescript unicode unit unix unknown unstable ' +
  'update upstream url use user users using utility value values variable various vendor version versions view virtual ' +
  'visual warranty web website when where which wiki window windows with work worker workers world writer xml yaml ' +
  'your contact holder holders author authors address phone iban card mac username coordinates madam colleague colleagues ' +
  'friend friends everyone everybody hiring committee reader readers debugger north south east west ' +
  'monday tuesday wednesday thursday friday saturday sunday january february march april june july august september ' +
  'october november december';

/** Lower case, without dots and apostrophes. */
export const NOT_A_PERSON: ReadonlySet<string> = new Set(`${ORGANISATIONS} ${THINGS}`.split(' '));
