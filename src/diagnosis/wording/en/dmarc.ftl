# Findings of DMARC (RFC 9989).

dmarc-missing =
    .summary = No DMARC policy stands at { $name }, nor at any domain above it.
    .why = Google, Yahoo and Microsoft ask bulk senders for one, and refuse mail without.
    .fix = Add a TXT record with the host { $host } and the value { $value }.
dmarc-inherited =
    .summary = The policy of { $from } applies to this name: { $policy }. Nothing needs to be published here.
dmarc-multiple =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore all of them.
    .why = With more than one record there is no policy.
    .fix = Keep one TXT record that begins with v=DMARC1 at the host { $host }, and remove the others.
dmarc-multiple--inherited =
    .summary = { $count } DMARC records stand at { $name }, so receivers ignore them and apply the policy of { $from }.
    .why = With more than one record none of them counts.
    .fix = Keep one TXT record that begins with v=DMARC1 at the host { $host }, and remove the others.
dmarc-syntax =
    .summary = The DMARC record at { $name } has an unusable policy: { $term }.
    .why = Without a valid policy and without a usable rua address, receivers do no DMARC.
    .fix = Replace the value of the TXT record at the host { $host } with: { $value }
dmarc-syntax--version =
    .summary = The record at { $name } is no DMARC record for receivers: { $current }.
    .why = It must begin with v=DMARC1, in exactly these letters.
    .fix = Replace the value of the TXT record at the host { $host } with: { $value }
dmarc-syntax--default =
    .summary = The DMARC record at { $name } has the tag { $term }, whose value receivers do not know.
    .why = They use the tag's default instead.
    .fix = Correct or remove this tag.
dmarc-not-enforced =
    .summary = The policy is none: receivers report, and deliver forged mail as before.
dmarc-no-reports =
    .summary = The DMARC record asks for no reports (no rua).
dmarc-weak-subdomain =
    .summary = The policy for this name is weaker than the one of the domain itself.
    .why = Forgers use the names that are protected least.
    .fix = Raise sp or np, or remove it.
dmarc-report-unauthorized =
    .summary = Reports to { $address } will not be sent: { $at } does not say that it takes them.
    .why = Receivers send reports to another domain only where that domain agrees.
    .fix = Ask whoever runs the address to publish a TXT record v=DMARC1 at { $at }, or use an address of your own.
dmarc-obsolete-tag =
    .summary = The DMARC record has the tag { $term }, which RFC 9989 took out; newer receivers ignore it.
dmarc-strict-alignment =
    .summary = The DMARC record asks for strict SPF alignment (aspf=s), which our mail does not meet.
    .why = Our return path is a subdomain, so DMARC then rests on DKIM alone.
    .fix = Remove aspf=s from the record.
