# Findings of DMARC (RFC 9989).

# What to type and where.
publish-dmarc = { $alias ->
    [none] In the zone { $zone }, give the TXT record with the host { $host } the value { $value }
   *[other] In the zone { $zone }, remove the CNAME with the host { $host } (to { $alias }) and add a TXT record there with the value { $value }
}

dmarc-missing =
    .summary = No DMARC policy stands at { $name }, nor at any domain above it.
    .why = Large mailbox providers want one from everybody who sends in bulk, and without it anyone can send in this name.
    .fix = In the zone { $zone }, add a TXT record with the host { $host } and the value { $value }
dmarc-missing--unrelated =
    .summary = No DMARC policy stands at { $name }, nor at any domain above it; what stands there is { $current }.
    .why = Large mailbox providers want a policy from everybody who sends in bulk, and without it anyone can send in this name.
    .fix = In the zone { $zone }, add a TXT record with the host { $host } and the value { $value }
dmarc-missing--alias =
    .summary = { $name } is an alias of { $alias }, where no DMARC policy stands, and none stands at any domain above.
    .why = Receivers follow the alias and find nothing; without a policy anyone can send in this name.
    .fix = { publish-dmarc }
dmarc-missing--undelegated =
    .summary = The DMARC policy of { $name } cannot be seen, because { $zone } does not exist in the DNS.
    .why = While the zone is not delegated, nothing that is entered in it reaches anybody.
    .fix = Bring { $zone } back first; the record at host “{ $host }” may be in place already.

dmarc-inherited =
    .summary = The DMARC policy of { $domain } applies to { $mail }: { $policy }.
    .why = Where a name has no policy of its own, receivers take the one of the organisation above it (RFC 9989 section 4.10.1); nothing needs to be added.
dmarc-inherited--sp =
    .summary = The DMARC policy that { $domain } has for the names below it (sp) applies to { $mail }: { $policy }.
    .why = Where a name has no policy of its own, receivers take the one of the organisation above it (RFC 9989 section 4.10.1); nothing needs to be added.
dmarc-inherited--np =
    .summary = The DMARC policy that { $domain } has for names that do not exist (np) applies to { $mail }: { $policy }.
    .why = { $mail } does not exist in DNS yet. As soon as its SPF record is published, the policy for existing names applies, { $later }; nothing needs to be added.
dmarc-inherited--suffix =
    .summary = The DMARC policy of the public suffix { $domain } applies to { $mail }: { $policy }.
    .why = Neither { $mail } nor { $organisation } has a policy, so receivers take the one of the registry above them (RFC 9989 section 4.10.1). Reports go to the registry alone, until a policy of one's own is published.

dmarc-multiple =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore all of them.
    .why = A name may have one policy only (RFC 9989 section 4.10); with several it has none.
    .fix = In the zone { $zone }, remove the DMARC records with the host { $host } but one, and let that one be { $value }
dmarc-multiple--inherited =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore them and go by the policy of { $domain }: { $policy }.
    .why = A name may have one policy only (RFC 9989 section 4.10).
    .fix = In the zone { $zone }, remove all DMARC records with the host { $host } to go on with the policy of { $domain }; or keep one, such as { $value }

dmarc-syntax =
    .summary = The text at { $name } is meant as a DMARC record, but does not begin with v=DMARC1 and a semicolon: { $current }.
    .why = Receivers take a record only where v=DMARC1 stands first, in capitals, with a semicolon behind it (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--case =
    .summary = The DMARC record at { $name } does not begin with v=DMARC1 in exactly these letters: { $current }.
    .why = The version is compared as written, a small v and DMARC1 in capitals; receivers see no DMARC record in anything else (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--order =
    .summary = In the DMARC record at { $name } v=DMARC1 does not stand first: { $current }.
    .why = Receivers see no DMARC record where anything stands before v=DMARC1 (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--semicolon =
    .summary = The semicolon behind v=DMARC1 is missing at { $name }: { $current }.
    .why = Receivers read all up to the next semicolon as the version, and see no DMARC record (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--no-version =
    .summary = The text at { $name } has policy tags, but no v=DMARC1 in front of them: { $current }.
    .why = Receivers take a record only where v=DMARC1 stands first (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--policy =
    .summary = The DMARC record at { $name } has a policy that does not exist, and no address for reports: { $current }.
    .why = p, sp and np may be none, quarantine or reject. Where one is anything else and there is no usable rua, receivers do no DMARC at all (RFC 9989 section 4.10.1).
    .fix = { publish-dmarc }
dmarc-syntax--above =
    .summary = The DMARC record of { $domain }, which would apply to { $mail }, has a policy that does not exist, and no address for reports: { $current }.
    .why = p, sp and np may be none, quarantine or reject. Where one is anything else and there is no usable rua, receivers do no DMARC at all (RFC 9989 section 4.10.1).
    .fix = Have the record at _dmarc.{ $domain } corrected; or, in the zone { $zone }, add a TXT record with the host { $host } and the value { $value }
dmarc-syntax--above-none =
    .summary = The DMARC record of { $domain }, which applies to { $mail }, has a policy that does not exist ({ $tags }), so it counts as p=none.
    .why = p, sp and np may be none, quarantine or reject; where one is anything else, receivers act as if there were p=none alone (RFC 9989 section 4.10.1).
    .fix = Have the record at _dmarc.{ $domain } corrected.
dmarc-syntax--inherited =
    .summary = The text at { $name } is no valid DMARC record, so receivers go by the policy of { $domain }, { $policy }: { $current }.
    .why = Receivers take a record only where v=DMARC1 stands first, in capitals, with a semicolon behind it (RFC 9989 section 4.7).
    .fix = In the zone { $zone }, remove the TXT record with the host { $host } to go on with the policy of { $domain }; or give it the value { $value }
dmarc-syntax--policy-none =
    .summary = The DMARC record at { $name } has a policy that does not exist, { $tags }, so it counts as p=none.
    .why = p, sp and np may be none, quarantine or reject; where one is anything else, receivers act as if there were p=none alone, and send reports (RFC 9989 section 4.10.1).
    .fix = { publish-dmarc }
dmarc-syntax--tag =
    .summary = The DMARC record at { $name } has { $tags }, which does not exist and counts as { $counts }.
    .why = A bad value falls back to the tag's default (RFC 9989 section 4.7), which may not be what was meant.
    .fix = { publish-dmarc }
dmarc-syntax--address =
    .summary = The DMARC record at { $name } has a report address that receivers pass over: { $tags }.
    .why = Each address begins with mailto:, and commas stand between them (RFC 9989 section 4.6); no report goes to any other.
    .fix = { publish-dmarc }
dmarc-syntax--repeated =
    .summary = A tag stands twice in the DMARC record at { $name }: { $tags }.
    .why = A tag may stand once. Some receivers take the first, some the last, and some the whole record for broken.
    .fix = { publish-dmarc }
dmarc-syntax--capital =
    .summary = The DMARC record at { $name } has a tag in capitals: { $tags }.
    .why = The names of tags are compared as written, so receivers pass over it as an unknown one (RFC 9989 section 4.7).
    .fix = { publish-dmarc }
dmarc-syntax--piece =
    .summary = The DMARC record at { $name } has a piece that is no tag: { $tags }.
    .why = Receivers pass over it (RFC 9989 section 4.7), so that whatever it was meant to say is not heard.
    .fix = { publish-dmarc }

dmarc-not-enforced =
    .summary = The policy for { $mail } is none: receivers are asked to treat forged mail like any other.
    .why = That is a good beginning. Once reports show that all of your mail passes, quarantine or reject protects the name.
dmarc-not-enforced--test =
    .summary = The policy for { $mail } is { $policy }, but t=y asks receivers to act as if it were none.
    .why = That is a good beginning. Once reports show that all of your mail passes, take t=y out.
dmarc-no-reports =
    .summary = The DMARC policy for { $mail } names no address for reports (rua).
    .why = Without reports nobody sees who sends in this name, and whether it passes.

dmarc-weak-subdomain =
    .summary = { $domain } asks for { $p }, but only for { $below } at the names below it, { $mail } among them.
    .why = Mail that forges this name is treated more mildly than mail that forges { $domain }.
    .fix = Have sp and np in the record at _dmarc.{ $domain } raised to { $p }; or give { $mail } a policy of its own: in the zone { $zone }, a TXT record with the host { $host } and the value v=DMARC1; p={ $p }
dmarc-weak-subdomain--own =
    .summary = The policy of { $mail } is { $p }, but only { $below } for the names below it.
    .why = Whoever forges mail uses a name below yours, existing or not.
    .fix = In the zone { $zone }, in the TXT record with the host { $host }, let sp and np be { $p } or leave them out, once the mail of the names below passes.

dmarc-report-unauthorized =
    .summary = Reports are to go to { $elsewhere }, which does not say that it accepts them for { $policy_domain }.
    .why = Receivers send reports to another organisation only where that allows it (RFC 9990 section 4), so these never arrive.
    .fix = Ask whoever runs { $elsewhere } to publish a TXT record with the name { $owner } and the value v=DMARC1, or name an address at { $policy_domain } instead.
dmarc-report-unauthorized--parent =
    .summary = Reports are to go to { $elsewhere }, which counts as another organisation than { $policy_domain } and does not say that it accepts them.
    .why = { $elsewhere } has no DMARC policy of its own, so receivers do not see that the two belong together (RFC 9989 section 4.10.2), and send nothing.
    .fix = Publish a DMARC policy at _dmarc.{ $elsewhere }, or a TXT record with the name { $owner } and the value v=DMARC1.

dmarc-obsolete-tag =
    .summary = The DMARC record at { $name } has tags that the standard no longer knows: { $tags }.
    .why = RFC 9989 removed rf, ri and pct; receivers pass over them.
    .fix = They can go. { publish-dmarc }
dmarc-obsolete-tag--pct =
    .summary = The DMARC record at { $name } has tags that the standard no longer knows: { $tags }.
    .why = RFC 9989 removed pct: newer receivers apply the policy to all mail, while older ones still apply it to that share alone. For a trial, t=y took its place.
    .fix = Take it out once the policy may apply to all mail. { publish-dmarc }
dmarc-obsolete-tag--size =
    .summary = A report address in the DMARC record at { $name } has a size limit behind an exclamation mark.
    .why = RFC 9989 removed such limits; receivers pass over them.
    .fix = It can go. { publish-dmarc }

dmarc-strict-alignment--own =
    .summary = SPF never counts for DMARC here: aspf=s wants a return path of exactly { $mail }, and ours is { $return_path }.
    .why = Our mail passes DMARC by its DKIM signature alone, which carries { $mail } itself and satisfies adkim=s too. Where the signature breaks on the way, nothing is left, and the policy hits it.
    .fix = Take aspf=s out. { publish-dmarc }
dmarc-strict-alignment--inherited =
    .summary = SPF never counts for DMARC here: the policy of { $domain } has aspf=s, which wants a return path of exactly { $mail }, and ours is { $return_path }.
    .why = Our mail passes DMARC by its DKIM signature alone, which carries { $mail } itself and satisfies adkim=s too. Where the signature breaks on the way, nothing is left, and the policy hits it.
    .fix = Have aspf=s taken out of the record at _dmarc.{ $domain }, or give { $mail } a policy of its own without it: in the zone { $zone }, a TXT record with the host { $host }.
dmarc-strict-alignment--suffix =
    .summary = SPF never counts for DMARC here: psd=y makes every name below { $mail } another organisation, our return path { $return_path } among them.
    .why = psd=y is for registries, under whose names others register theirs (RFC 9989 section 4.10.2). Our mail passes DMARC by its DKIM signature alone; where that breaks on the way, nothing is left.
    .fix = Take psd=y out. { publish-dmarc }
