# Findings of DMARC (RFC 9989).

dmarc-missing =
    .summary = No DMARC policy stands at { $name }, nor at any domain above it.
    .why = Large mailbox providers want one from everybody who sends in bulk, and without it anyone can send in this name.
    .fix = Add a TXT record with the host { $host } and the value { $value }
dmarc-missing--undelegated =
    .summary = The DMARC policy of { $name } cannot be seen, because { $zone } does not exist in the DNS.
    .why = While the zone is not delegated, nothing that is entered in it reaches anybody.
    .fix = Bring { $zone } back first; the record at host “{ $host }” may be in place already.
dmarc-inherited =
    .summary = The DMARC policy of { $domain } applies to { $mail }: { $policy }.
    .why = Where a name has no policy of its own, receivers take the one of the organisation above it; nothing needs to be added.
dmarc-multiple =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore all of them.
    .why = A name may have one policy only (RFC 9989 section 4.10); with several it has none.
    .fix = Keep one TXT record at the host { $host }, with the value { $value } and remove the others.
dmarc-multiple--inherited =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore them and go by the policy of { $domain }.
    .why = A name may have one policy only (RFC 9989 section 4.10).
    .fix = Keep one of the TXT records at the host { $host }, or remove all to go on with the policy of { $domain }.
dmarc-syntax =
    .summary = The text at { $name } is meant as a DMARC record, but does not begin with the tag v=DMARC1: { $current }.
    .why = Receivers take a record only where v=DMARC1 stands first, in capitals, with a semicolon behind it.
    .fix = Replace the value of the TXT record at the host { $host } with { $value }
dmarc-syntax--policy =
    .summary = The DMARC record at { $name } has a policy that does not exist: { $current }.
    .why = p, sp and np may be none, quarantine or reject. Where one is anything else and there is no usable rua, receivers do no DMARC at all.
    .fix = Replace the value of the TXT record at the host { $host } with { $value }
dmarc-syntax--above =
    .summary = The DMARC record of { $domain }, which would apply here, has a policy that does not exist: { $current }.
    .why = p, sp and np may be none, quarantine or reject. Where one is anything else and there is no usable rua, receivers do no DMARC at all.
    .fix = Correct the record of { $domain }, or add a TXT record with the host { $host } and the value { $value }
dmarc-syntax--inherited =
    .summary = The text at { $name } is no valid DMARC record, so receivers go by the policy of { $domain }: { $current }.
    .why = Receivers take a record only where v=DMARC1 stands first, in capitals, with a semicolon behind it.
    .fix = Correct the TXT record at the host { $host }, or remove it to go on with the policy of { $domain }.
dmarc-syntax--tag =
    .summary = Receivers pass over a part of the DMARC record at { $name }: { $tags }.
    .why = A tag that is repeated or has a value that does not exist counts as if it were not there. Report addresses begin with mailto:.
    .fix = Correct or remove that part in the TXT record at the host { $host }.
dmarc-not-enforced =
    .summary = The policy for { $mail } is none: receivers are asked to treat forged mail like any other.
    .why = That is a good beginning. Once reports show that all of your mail passes, quarantine or reject protects the name.
dmarc-no-reports =
    .summary = The DMARC policy for { $mail } names no address for reports (rua).
    .why = Without reports nobody sees who sends in this name, and whether it passes.
dmarc-weak-subdomain =
    .summary = { $domain } asks for { $p }, but only for { $below } at the names below it, { $mail } among them.
    .why = Mail that forges this name is treated more mildly than mail that forges { $domain }.
    .fix = Raise sp or np in the record of { $domain }, or give { $mail } a policy of its own at the host { $host }.
dmarc-weak-subdomain--own =
    .summary = The policy of { $mail } is { $p }, but only { $below } for the names below it.
    .why = Whoever forges mail uses a name below yours, existing or not.
    .fix = Remove sp and np from the TXT record at the host { $host } once the names below are ready.
dmarc-report-unauthorized =
    .summary = Reports are to go to { $elsewhere }, which does not say that it accepts them.
    .why = Receivers send reports to another organisation only where that allows it, so these never arrive.
    .fix = Ask whoever runs { $elsewhere } to publish a TXT record v=DMARC1 at { $owner }, or use an address of your own.
dmarc-obsolete-tag =
    .summary = The DMARC record at { $name } has tags that the standard no longer knows: { $tags }.
    .why = RFC 9989 removed pct, rf and ri. Most receivers pass over them; older ones still read pct.
    .fix = They can be removed from the TXT record at the host { $host }.
dmarc-strict-alignment =
    .summary = The policy wants SPF of exactly { $mail } (aspf=s), but bounces of our mail go to { $return_path }.
    .why = SPF then never counts for DMARC, and mail passes by its DKIM signature alone; where that breaks, mail fails.
    .fix = Remove aspf=s from the policy, or set aspf=r.
