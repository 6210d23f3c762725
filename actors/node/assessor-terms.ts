/** The shipped assessor's vocabulary: lower-case words with weights, 3 for the most telling. */

/** Words of attacks, failures and losses. */
export const threatTerms: Readonly<Record<string, number>> = {
  ...weighted(3, 'vulnerability vulnerabilities exploit exploited cve malware ransomware backdoor rootkit'),
  ...weighted(3, 'injection rce xss csrf ssrf botnet trojan phishing spyware exfiltration deserialization'),
  ...weighted(
    2,
    'overflow breach leak leaked attack attacker malicious unauthorized unauthorised hijack spoofing',
  ),
  ...weighted(2, 'corruption corrupted deadlock panic segfault crash crashed outage compromise compromised'),
  ...weighted(2, 'traversal privilege escalation tampering redos prototype pollution bypass hardcoded'),
  ...weighted(1, 'insecure unsafe denied deprecated fatal critical emergency severe danger dangerous risk'),
  ...weighted(1, 'failure failed error errors exception timeout invalid forbidden threat violation abuse'),
  ...weighted(1, 'password secret credential credentials token eval untrusted sanitize sanitise race'),
};

/** Words of improvement, of new possibilities and of things learned. */
export const opportunityTerms: Readonly<Record<string, number>> = {
  ...weighted(3, 'breakthrough discovery patent benchmark speedup novel innovation innovative milestone'),
  ...weighted(3, 'optimization optimisation optimize optimise scalability throughput'),
  ...weighted(2, 'improvement improve improved improves efficient efficiency faster performance accelerate'),
  ...weighted(2, 'cache caching parallel concurrency streaming incremental adaptive automation automate'),
  ...weighted(2, 'growth revenue profit savings funding partnership launch launched opportunity'),
  ...weighted(1, 'feature features enhancement support supports simplify reuse extensible modular plugin'),
  ...weighted(1, 'algorithm research experiment result results learning model training insight insights'),
  ...weighted(1, 'stable reliable robust scalable portable compatible upgrade release roadmap open'),
};

function weighted(weight: number, words: string): Record<string, number> {
  return Object.fromEntries(words.split(' ').map((word) => [word, weight]));
}
