/**
 * Phrases and marks that try to steer a model, by family. Every repetition is bounded. They catch what is in
 * circulation, in the words in which it circulates; whoever rephrases freely is not caught.
 */
export type InjectionPattern = readonly [name: string, pattern: RegExp];

const DROP =
  "(?:ignore|disregard|forget|override|bypass|neglect|discard|abandon|skip|stop\\s+following|do\\s+not\\s+follow|don't\\s+follow)";
const ORDERS = '(?:instructions?|prompts?|rules|guidelines|directions|directives)';

const INSTRUCTIONS: readonly InjectionPattern[] = [
  [
    'ignore-instructions',
    new RegExp(
      `\\b${DROP}\\s+(?:\\w+\\s+){0,3}?(?:previous|prior|above|earlier|preceding|all|your|system|safety|original)\\s+(?:\\w+\\s+){0,2}?${ORDERS}\\b`,
      'gi',
    ),
  ],
  [
    'ignore-instructions',
    new RegExp(
      `\\b${DROP}\\s+(?:\\w+\\s+){0,3}?${ORDERS}\\s+(?:above|given|before|you\\s+(?:were|have|got)|of\\s+the\\s+developer)\\b`,
      'gi',
    ),
  ],
  [
    'ignore-instructions',
    new RegExp(
      `\\b${DROP}\\s+(?:everything|anything|all|what)\\s+(?:that\\s+)?(?:you\\s+(?:were|have\\s+been|are)\\s+(?:told|given|taught|instructed)|(?:was|has\\s+been)\\s+said\\s+(?:above|before))`,
      'gi',
    ),
  ],
  [
    'ignore-instructions',
    new RegExp(
      `\\b(?:previous|prior|earlier|above)\\s+${ORDERS}\\s+(?:are|is)\\s+(?:now\\s+)?(?:void|cancell?ed|revoked|obsolete|no\\s+longer\\s+valid)\\b`,
      'gi',
    ),
  ],
  [
    'new-instructions',
    /^[ \t#*>-]{0,8}new\s+instructions?\s*:|\byour\s+new\s+(?:instructions?|orders?|task|role|objective)\s+(?:is|are)\b/gim,
  ],
];

const NO_LIMITS =
  '(?:no|without(?:\\s+any)?)\\s+(?:\\w+\\s+)?(?:restrictions|rules|guidelines|limits|limitations|filters)';

const ROLES: readonly InjectionPattern[] = [
  [
    'role-change',
    /\byou\s+are\s+now\s+(?:an?\s+|the\s+)?(?:dan\b|jailbroken|unrestricted|unfiltered|evil|in\s+developer\s+mode)/gi,
  ],
  [
    'role-change',
    new RegExp(
      `\\b(?:act|behave|respond|answer|pretend|role-?play)\\s+(?:as|to\\s+be|that\\s+you\\s+(?:are|have))\\s+(?:\\w+\\s+){0,5}?(?:unrestricted|unfiltered|jailbroken|${NO_LIMITS})`,
      'gi',
    ),
  ],
  ['role-change', new RegExp(`\\byou\\s+(?:are|have)\\s+(?:\\w+\\s+){0,4}?${NO_LIMITS}\\b`, 'gi')],
  [
    'role-change',
    /\bfrom\s+now\s+on,?\s+you\s+(?:will|must|shall|are\s+to)\s+(?:act|behave|respond|answer|speak|pretend|obey)\b/gi,
  ],
  [
    'role-change',
    /\bassume\s+the\s+role\s+of\s+(?:an?\s+)?(?:\w+\s+){0,3}?(?:chatbot|assistant|hacker|ai|model)\b/gi,
  ],
  [
    'role-change',
    /\b(?:enter|enable|activate|switch\s+to|turn\s+on)\s+(?:the\s+)?(?:jailbreak|god|dan|unrestricted)\s+mode\b|\bdeveloper\s+mode\s+and\s+(?:\w+\s+){0,3}?(?:hidden|unfiltered|ignore|bypass)\b/gi,
  ],
  [
    'role-change',
    /\b(?:stay|remain)\s+in\s+character\b[^\n]{0,80}?\b(?:never|must|always)\b|\bmust\s+(?:stay|remain)\s+in\s+character\b|\bnever\s+refuses?\s+(?:a|any)\s+requests?\b/gi,
  ],
];

const LEAKS: readonly InjectionPattern[] = [
  [
    'reveal-prompt',
    /\b(?:reveal|show|print|repeat|output|leak|tell\s+me|quote|disclose|dump)\s+(?:\w+\s+){0,3}?(?:system|hidden|initial|secret)\s+(?:prompt|instructions?|message)\b/gi,
  ],
  [
    'reveal-prompt',
    /\b(?:repeat|print|output|quote)\s+(?:the\s+words|everything|all\s+(?:the\s+)?text|the\s+text)\s+(?:above|before|in\s+your\s+context)\b/gi,
  ],
  [
    'reveal-prompt',
    /\binstructions\s+(?:that\s+)?you\s+(?:were|have\s+been)\s+given\b|\byour\s+(?:\w+\s+)?(?:prompt|instructions)\s+(?:word\s+for\s+word|verbatim)\b/gi,
  ],
];

const MARKUP: readonly InjectionPattern[] = [
  [
    'chat-markup',
    /<\|(?:im_start|im_end|im_sep|system|assistant|user|tool|observation|endoftext|endofprompt|eot_id|eom_id|start_header_id|end_header_id|begin_of_text|end_of_text|python_tag|channel|constrain|START_OF_TURN_TOKEN|END_OF_TURN_TOKEN)\|>|<\/?(?:start|end)_of_turn>|<<\/?SYS>>|\[\/?INST\]|\[\/?(?:TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS)\]|<\uFF5C(?:User|Assistant|begin\u2581of\u2581sentence|end\u2581of\u2581sentence)\uFF5C>/g,
  ],
  ['chat-markup', /\n\nHuman:[^\n]{0,500}\n\nAssistant:/g],
  [
    'chat-markup',
    /^### (?:Instruction|Human|System):[^\n]{0,500}\n{1,2}(?:[^\n]{1,500}\n{1,2})?### (?:Response|Assistant):/gm,
  ],
  [
    'fake-system-turn',
    /^\s{0,8}(?:#{1,4}\s*)?(?:begin\s+)?(?:new\s+)?system\s+(?:prompt|message|override)\s*:/gim,
  ],
  [
    'tool-call',
    /"role"\s{0,4}:\s{0,4}"(?:system|assistant|tool|developer)"\s{0,4},\s{0,4}"(?:content|tool_calls)"/g,
  ],
  [
    'tool-call',
    /"tool_calls"\s{0,4}:\s{0,4}\[\s{0,4}\{|<tool_call>\s{0,4}\{|<function_calls>|<invoke\s+name=|<\|tool_call/g,
  ],
];

const HIDDEN: readonly InjectionPattern[] = [
  [
    'hidden-text',
    /[\u{E0000}-\u{E007F}]{4,}|[\u{E0100}-\u{E01EF}]{4,}|[\u202A-\u202E\u2066-\u2069]{2,}|[\u202D\u202E](?=[\p{L}])|[\u200B-\u200D\u2060]{6,}/gu,
  ],
];

const SECRETS_OF_A_CHAT =
  '(?:conversation|chat\\s+history|system\\s+prompt|previous\\s+messages|context\\s+window|api\\s+keys?|credentials)';

const EXFILTRATION: readonly InjectionPattern[] = [
  [
    'exfiltration',
    /!?\[[^\]\n]{0,80}\]\(https?:\/\/[^)\s]{1,200}[?&][\w-]{1,30}=(?:\{\{|\[(?:INSERT|YOUR|SECRET|DATA)\b|\$\{|%7B%7B)/gi,
  ],
  [
    'exfiltration',
    new RegExp(
      `\\b(?:send|post|upload|transmit|forward|leak|append|include|exfiltrate)\\s+(?:[\\w']+\\s+){0,5}?${SECRETS_OF_A_CHAT}\\b[^\\n]{0,80}?https?:\\/\\/`,
      'gi',
    ),
  ],
  [
    'exfiltration',
    /\b(?:call|use|invoke)\s+(?:the\s+)?(?:function|tool)\s+[^\n.]{0,80}?\b(?:do\s+not|don't|without)\s+(?:mention|tell|inform)/gi,
  ],
  [
    'encoded-payload',
    /\b(?:decode|decrypt|unscramble)\b[^\n.]{0,60}?\band\s+(?:then\s+)?(?:follow|execute|obey|comply)\b/gi,
  ],
];

const ADDRESSED: readonly InjectionPattern[] = [
  [
    'addressed-to-a-model',
    /\bif\s+you\s+are\s+(?:an?\s+)?(?:large\s+)?(?:language\s+model|llm|ai\s+(?:assistant|model|agent))\b/gi,
  ],
  [
    'addressed-to-a-model',
    /\b(?:ai|language)\s+(?:models|assistants|agents)\s+(?:reading|processing|parsing|summari[sz]ing)\s+(?:this|the)\b/gi,
  ],
  [
    'addressed-to-a-model',
    /\b(?:note|message|attention)(?:\s+to|\s+for|:)\s+(?:the\s+|any\s+|all\s+)?(?:ai|llm)\s+(?:models?|assistants?|agents?|reviewers?)\b/gi,
  ],
];

/** The most common phrase of the first family in other languages. No word boundaries: scripts without spaces have none. */
const LANGUAGES: readonly InjectionPattern[] = [
  [
    'ignore-instructions',
    /\b(?:ignorier(?:e|en)?|vergiss|vergessen\s+Sie|missachte)\s+(?:\p{L}+,?\s+){0,4}?(?:vorherigen?|bisherigen?|obigen?|früheren?|vorigen?|vorher|zuvor|oben)(?!\p{L})/giu,
  ],
  [
    'ignore-instructions',
    /\b(?:ignor(?:e|ez|er)|oubli(?:e|ez|er))\s+(?:\p{L}+\s+){0,3}?(?:instructions|consignes|règles|directives)\s+(?:précédentes|antérieures|ci-dessus|initiales)/giu,
  ],
  [
    'ignore-instructions',
    /\b(?:ignora|ignore|ignorad|olvida|olvide|dimentica)\s+(?:\p{L}+\s+){0,3}?(?:instrucciones|reglas|órdenes|istruzioni|regole)\s+(?:anteriores|previas|precedenti|sopra|de\s+arriba)/giu,
  ],
  [
    'ignore-instructions',
    /\b(?:ignore|ignora|esqueça|desconsidere)\s+(?:\p{L}+\s+){0,3}?(?:instruções|regras|ordens)\s+(?:anteriores|acima|prévias)/giu,
  ],
  [
    'ignore-instructions',
    /(?:忽略|无视|無視|忘记|忘記|忽视)[^\n。]{0,8}?(?:之前|以前|前面|以上|上面|上述|先前)[^\n。]{0,8}?(?:指令|指示|规则|規則|提示|命令)/gu,
  ],
  [
    'ignore-instructions',
    /(?:これまで|以前|前|上記|上)の[^\n。]{0,8}?(?:指示|命令|ルール|プロンプト)[^\n。]{0,8}?(?:無視|忘れ)/gu,
  ],
  [
    'ignore-instructions',
    /(?:игнорируй(?:те)?|забудь(?:те)?|не\s+обращай(?:те)?\s+внимания\s+на)\s+(?:\p{L}+\s+){0,3}?(?:инструкции|указания|правила|команды)/giu,
  ],
];

export const INJECTION_PATTERNS: readonly InjectionPattern[] = [
  ...INSTRUCTIONS,
  ...ROLES,
  ...LEAKS,
  ...MARKUP,
  ...HIDDEN,
  ...EXFILTRATION,
  ...ADDRESSED,
  ...LANGUAGES,
];
