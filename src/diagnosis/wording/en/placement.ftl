# Where a record went instead. `name-doubled.what` names the record for all of them.
value-quoted =
    .summary = The value at { $name } has quotation marks or backslashes in it that do not belong there: { $seen }.
    .why = The provider's form adds quotes by itself, so those that were pasted along became part of the text, and receivers cannot read it.
    .fix = Enter the value at host “{ $host }” again, without quotes and backslashes: { $value }
value-whitespace =
    .summary = Blanks, line breaks or invisible characters in the value at { $name } break it: { $seen }.
    .why = Receivers read the text as it stands; what came along when it was copied makes it another text.
    .fix = Enter the value at host “{ $host }” again, in one line: { $value }
value-pem =
    .summary = The value at { $name } holds the first and last line of a key file (“BEGIN PUBLIC KEY”).
    .why = The tag p= takes the base64 text alone (RFC 6376 section 3.6.1).
    .fix = Enter the value as it is shown here, at host “{ $host }”.
name-doubled =
    .what = { $purpose ->
        [dkim] The DKIM key
        [spf] The SPF record
        [dmarc] The DMARC record
        [mx] The MX record
       *[other] The CNAME record
    }
    .summary = { name-doubled.what } is published one level too deep, at { $place }; in the provider's form type “{ $host }” as the host, without “{ $zone }” behind it.
    .why = The provider puts { $zone } behind every host by itself. Receivers ask for { $name }, where nothing of the kind stands.
    .fix = In the provider's form for { $zone }, change the host of this record to “{ $host }” and leave its value.
wrong-host =
    .summary = { name-doubled.what } is published at { $place } instead of { $name }; in the provider's form type “{ $host }” as the host.
    .why = Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record from “{ $typed }” to “{ $host }”.
wrong-host--above =
    .summary = { name-doubled.what } stands at { $place }, where it does not count for { $domain }; in the provider's form type “{ $host }” as the host.
    .why = Receivers ask for { $name } and nowhere else: what stands above it does not count below.
    .fix = In the provider's form for { $zone }, publish the record with the host “{ $host }”. If the one at “{ $typed }” serves { $zone } itself, leave it as well.
wrong-host--subdomain-twice =
    .summary = { name-doubled.what } is published at { $place }, with the subdomain twice; in the provider's form type “{ $host }” as the host.
    .why = Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record from “{ $typed }” to “{ $host }”.
wrong-host--itself =
    .summary = { name-doubled.what } is published at { $place } itself instead of { $name }; in the provider's form type “{ $host }” as the host.
    .why = Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record from “{ $typed }” to “{ $host }”, and leave the other records at “{ $typed }”.
wrong-host--underscore =
    .summary = { name-doubled.what } is published at { $place }, where the underscore is missing; in the provider's form type “{ $host }” as the host.
    .why = The underscore belongs to the name (RFC 8552). Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record from “{ $typed }” to “{ $host }”. If the form refuses the underscore, ask the provider to enter it.
wrong-host--escaped =
    .summary = { name-doubled.what } is published at { $place }, with a backslash in the name; in the provider's form type “{ $host }” as the host.
    .why = Backslashes belong into some zone files; typed into a form they become part of the name. Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record to “{ $host }”, without a backslash.
wrong-host--domainkey =
    .summary = { name-doubled.what } is published at { $place }, without “_domainkey”; in the provider's form type “{ $host }” as the host.
    .why = Keys stand below _domainkey (RFC 6376 section 3.6.2.1). Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, change the host of this record from “{ $typed }” to “{ $host }”.
wrong-host--at =
    .summary = { name-doubled.what } is published at { $place }: this provider takes “@” for a name; leave the host empty in its form.
    .why = For most providers “@” means the zone itself; this one made a subdomain of it. Receivers ask for { $name } and nowhere else.
    .fix = In the provider's form for { $zone }, empty the field for the host of this record, or type “{ $zone }.” with the dot at the end.
wrong-type =
    .summary = { $name } has the right value in a { $seen_type } record instead of a { $type } record.
    .why = Receivers ask for { $type } records and do not see this one.
    .fix = At host “{ $host }” change the record's type from { $seen_type } to { $type }, with the same value.
wrong-type--spf =
    .summary = { $name } has the right value in a record of the type SPF, which receivers no longer ask for; choose the type TXT.
    .why = RFC 7208 section 3.1 did away with the type SPF in 2014; only TXT counts.
    .fix = At host “{ $host }” change the record's type from SPF to TXT, with the same value.
wildcard =
    .summary = Only a wildcard answers for { $name }, with { $seen }, which does not do the job.
    .why = A wildcard (a record whose host begins with “*”) answers for every name that has no records of its own.
    .fix = Add a { $type } record of its own at host “{ $host }”, with the value { $value } – the wildcard may stay, but no longer answers for this name nor for names between the two: enter what they still need from it as well.
wildcard--any =
    .summary = Only a wildcard answers for { $name }, with { $seen }, which does not do the job.
    .why = A wildcard (a record whose host begins with “*”) answers for every name that has no records of its own.
    .fix = Add a { $type } record of its own at host “{ $host }”. The wildcard may stay, but no longer answers for this name nor for names between the two: enter what they still need from it as well.
