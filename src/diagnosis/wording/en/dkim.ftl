# Findings of DKIM (RFC 6376 section 3.6.1).

# What to type and where. Where no key of ours is known, the text comes from whoever signs.
publish-key = { $known ->
    [yes] { $alias ->
        [none] In the zone { $zone }, give the TXT record with the host { $host } exactly the value shown here: { $length } characters, from “v=DKIM1;” to “{ $end }”.
       *[other] In the zone { $zone }, remove the CNAME with the host { $host } and add a TXT record there with exactly the value shown here: { $length } characters, from “v=DKIM1;” to “{ $end }”. Or ask whoever runs { $alias } to correct it there.
    }
   *[no] In the zone { $zone }, give the TXT record with the host { $host } the value that your mail platform shows for the selector { $selector }, whole and nothing else.
}
its-place = { $alias ->
    [none] { $name }
   *[other] { $name } (an alias of { $alias })
}

dkim-missing =
    .summary = No DKIM key stands at { $name }.
    .why = Receivers find no key for the selector { $selector }, so that every signature made with it fails (RFC 6376 section 6.1.2).
    .fix = { $known ->
        [yes] In the zone { $zone }, add a TXT record with the host { $host } and exactly the value shown here: { $length } characters, from “v=DKIM1;” to “{ $end }”.
       *[no] In the zone { $zone }, add a TXT record with the host { $host } and the value that your mail platform shows for the selector { $selector }.
    }
dkim-missing--undelegated =
    .summary = The DKIM key of { $name } cannot be seen, because { $zone } does not exist in the DNS.
    .why = While the zone is not delegated, nothing that is entered in it reaches anybody.
    .fix = Bring { $zone } back first; the record at host “{ $host }” may be in place already.
dkim-missing--alias =
    .summary = { $name } is an alias of { $alias }, where no DKIM key stands.
    .why = Receivers follow the alias and find no key, so that every signature with the selector { $selector } fails.
    .fix = { publish-key }

dkim-multiple--beside =
    .summary = { $kind ->
        [older] An older key of this domain stands at { its-place } beside the present one: { $count } TXT records instead of one.
        [swapped] The key of another selector of this domain stands at { its-place } beside the right one: { $count } TXT records instead of one.
        [another] Another key stands at { its-place } beside the right one: { $count } TXT records instead of one.
        [cut] A cut copy of the key stands at { its-place } beside the whole one: { $count } TXT records instead of one.
        [revoked] A revoked key stands at { its-place } beside the right one: { $count } TXT records instead of one.
        [unrelated] A text that is no key stands at { its-place } beside the right key: { $count } TXT records instead of one.
       *[broken] An unusable key record stands at { its-place } beside the right one: { $count } TXT records instead of one.
    }
    .why = Which of several records receivers take is undefined (RFC 6376 section 3.6.2.2): many take the first that comes, so that part of the mail fails, now and then.
    .fix = In the zone { $zone }, at the host { $host }, remove { $others }, and keep the one record with the value shown here.
dkim-multiple--same =
    .summary = The same key stands { $count } times at { its-place }, written differently.
    .why = Which of several records receivers take is undefined (RFC 6376 section 3.6.2.2), and some refuse them all.
    .fix = In the zone { $zone }, at the host { $host }, keep one TXT record and remove the others.
dkim-multiple--pieces =
    .summary = The key stands at { its-place } in pieces, as { $count } records: it was split into records instead of strings.
    .why = Receivers join the strings of one record, never several records (RFC 6376 section 3.6.2.2), so each of them sees a broken key.
    .fix = In the zone { $zone }, at the host { $host }, remove these records and add one TXT record with the whole value shown here. Where the form takes 255 characters at most, give it one record with several strings in quotes, as the provider describes.
dkim-multiple--any =
    .summary = { $count } TXT records stand at { its-place }; a selector must have exactly one.
    .why = Which of several records receivers take is undefined (RFC 6376 section 3.6.2.2), so that part of the mail fails, now and then.
    .fix = In the zone { $zone }, at the host { $host }, keep the one whose key your mail platform signs with, and remove the others.
dkim-multiple--none =
    .summary = { $count } TXT records stand at { its-place }, and none of them is the key that is due here: { $others }.
    .why = A selector must have exactly one record (RFC 6376 section 3.6.2.2), and signatures fail against each of these.
    .fix = In the zone { $zone }, at the host { $host }, remove them all, then add one. { publish-key }
dkim-multiple--private =
    .summary = { $count } TXT records stand at { its-place }, and one of them is a private key.
    .why = A selector must have exactly one record (RFC 6376 section 3.6.2.2).
    .fix = In the zone { $zone }, at the host { $host }, remove the private key at once. { publish-key }

dkim-key-mismatch =
    .summary = The key at { its-place } is a valid DKIM key, but not the one that we sign with: { $current }.
    .why = Every signature of ours fails against it. It may belong to another mail platform or to another account.
    .fix = { publish-key }
dkim-key-mismatch--older =
    .summary = The key at { its-place } is an older key of this domain, not the one that we sign with now.
    .why = Every signature made with the present key fails against it.
    .fix = { publish-key }
dkim-key-mismatch--swapped =
    .summary = The key at { its-place } belongs to the selector { $other } of this domain.
    .why = Each selector has a key of its own, so that signatures with the selector { $selector } fail against this one.
    .fix = { publish-key }
dkim-key-mismatch--case =
    .summary = The key at { its-place } is ours with its capital and small letters changed.
    .why = Base64 tells capitals from small letters; to receivers this is another key. Some forms fold whatever is typed.
    .fix = { publish-key }
dkim-key-mismatch--altered =
    .summary = The key at { its-place } is ours except from character { $at } on: { $seen } instead of { $wanted }.
    .why = A single wrong letter makes it another key, and every signature fails against it.
    .fix = { publish-key }

dkim-key-truncated =
    .summary = The key at { its-place } is ours, cut off behind { $seen } of { $total } characters.
    .why = Half a key verifies nothing. Forms that take 255 characters at most cut longer values without a word.
    .fix = { publish-key } Where the form takes 255 characters at most, enter it as one record with two strings in quotes, as the provider describes.
dkim-key-truncated--beginning =
    .summary = The key at { its-place } is the end of ours: its first { $missing } of { $total } characters are missing.
    .why = Half a key verifies nothing. When a value is entered in two strings, the second may overwrite the first.
    .fix = { publish-key } Where the form takes 255 characters at most, enter it as one record with two strings in quotes, as the provider describes.
dkim-key-truncated--gap =
    .summary = The key at { its-place } is ours with { $missing } of { $total } characters missing behind character { $at }.
    .why = A key with a gap verifies nothing. Where a value is split into strings, characters at the cut are easily lost.
    .fix = { publish-key }
dkim-key-truncated--tail =
    .summary = At { its-place } only a later piece of our record arrived, { $seen } of { $total } characters: { $current }.
    .why = Without its beginning, v=DKIM1 and p=, receivers see no key. When a value is entered in two strings, the second may overwrite the first.
    .fix = { publish-key } Where the form takes 255 characters at most, enter it as one record with two strings in quotes, as the provider describes.

dkim-key-malformed =
    .summary = The p= at { its-place } holds no key that receivers can read: { $current }.
    .why = Receivers treat such a record as if no key were there (RFC 6376 section 6.1.2).
    .fix = { publish-key }
dkim-key-malformed--unrelated =
    .summary = The TXT record at { its-place } is no DKIM key: { $current }.
    .why = Receivers look for the key at exactly this name and find something else.
    .fix = { publish-key }
dkim-key-malformed--unrelated-all =
    .summary = { $count } TXT records stand at { its-place }, and none of them is a DKIM key: { $current }.
    .why = Receivers look for the key at exactly this name and find something else.
    .fix = In the zone { $zone }, at the host { $host }, remove them, then add one. { publish-key }
dkim-key-malformed--characters =
    .summary = The record at { its-place } has characters in it that no key record may hold: { $characters }.
    .why = They look like others, or like nothing, and come along when text is copied from a page or a letter; receivers ignore the record because of them (RFC 6376 section 3.2).
    .fix = { publish-key }
dkim-key-malformed--piece =
    .summary = The record at { its-place } has a piece that is no tag: { $piece }.
    .why = A key record consists of name=value pieces with semicolons between them; many receivers ignore it whole where one is anything else (RFC 6376 section 3.2).
    .fix = { publish-key }
dkim-key-malformed--empty =
    .summary = The record at { its-place } has two semicolons in a row, or one in front.
    .why = Between two semicolons a tag must stand (RFC 6376 section 3.2); many receivers ignore the record otherwise.
    .fix = { publish-key }
dkim-key-malformed--repeated =
    .summary = The tag { $tag }= stands twice in the record at { its-place }.
    .why = A tag may stand once; a record with one twice is invalid whole (RFC 6376 section 3.2).
    .fix = { publish-key }
dkim-key-malformed--semicolon =
    .summary = A semicolon is missing in front of p= in the record at { its-place }: { $current }.
    .why = Without it the key counts as part of the tag { $tag }=, and receivers see a record without a key.
    .fix = { publish-key }
dkim-key-malformed--capital =
    .summary = The key at { its-place } stands in P= instead of p=.
    .why = The names of tags are compared as written (RFC 6376 section 3.2), so receivers see a record without a key.
    .fix = { publish-key }
dkim-key-malformed--no-key =
    .summary = The record at { its-place } has no p=, so there is no key in it: { $current }.
    .why = The tag p= holds the key and must be there (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-key-malformed--bare =
    .summary = At { its-place } stands a key alone, without v=DKIM1, k= and p= in front of it.
    .why = Receivers look for the key behind p= (RFC 6376 section 3.6.1) and see none.
    .fix = { publish-key }
dkim-key-malformed--zone-line =
    .summary = A whole line of a zone file was entered as the value at { its-place }: { $current }.
    .why = Receivers see the name and the type as part of the text, and no key record.
    .fix = { publish-key }
dkim-key-malformed--private =
    .summary = A PRIVATE KEY stands at { its-place } for everybody to read.
    .why = Whoever has read it can sign mail as this domain. DNS keeps copies for hours, and collectors keep them for ever: the key is lost.
    .fix = Never sign with that key again: make a new pair wherever it came from, and take its public key out of DNS too. { publish-key }
dkim-key-malformed--private-ours =
    .summary = The PRIVATE half of the key that we sign with stands at { its-place } for everybody to read.
    .why = Whoever has read it can sign mail as this domain. DNS keeps copies for hours, and collectors keep them for ever: the key is lost.
    .fix = In the zone { $zone }, remove the TXT record with the host { $host } at once, and have this domain's DKIM key rotated; do not publish the old key again.
dkim-key-malformed--length =
    .summary = The p= at { its-place } has { $count } characters, which is no whole base64 text: characters or the = signs at its end are missing.
    .why = Many receivers refuse base64 that is not padded to a multiple of four (RFC 4648 section 3.2).
    .fix = { publish-key }
dkim-key-malformed--alphabet =
    .summary = The p= at { its-place } holds “{ $character }” at character { $at }, which base64 does not know.
    .why = A key is written in letters, digits, + and / alone (RFC 4648 section 4); receivers cannot read this one.
    .fix = { publish-key }
dkim-key-malformed--after-padding =
    .summary = In the p= at { its-place } something stands behind the = signs that end a base64 text.
    .why = Two texts were joined, or a piece of another; receivers cannot read the key.
    .fix = { publish-key }
dkim-key-malformed--cut =
    .summary = The key at { its-place } breaks off: { $seen } of { $total } characters arrived.
    .why = Half a key verifies nothing. Forms that take 255 characters at most cut longer values without a word.
    .fix = { publish-key } Where the form takes 255 characters at most, enter it as one record with two strings in quotes, as the provider describes.
dkim-key-malformed--pkcs1 =
    .summary = { $whose ->
        [ours] The key at { its-place } is ours, in a wrapping that many receivers cannot read (PKCS#1, “BEGIN RSA PUBLIC KEY”).
       *[other] The key at { its-place } is in a wrapping that many receivers cannot read (PKCS#1, “BEGIN RSA PUBLIC KEY”).
    }
    .why = Verifiers read a SubjectPublicKeyInfo (“BEGIN PUBLIC KEY”); OpenDKIM, Rspamd and SpamAssassin among others refuse the bare form, though RFC 6376 section 3.6.1 can be read to mean it (erratum 3017).
    .fix = { publish-key }
dkim-key-malformed--ed25519-info =
    .summary = { $whose ->
        [ours] The Ed25519 key at { its-place } is ours, with a header in front of its 32 bytes.
       *[other] The Ed25519 key at { its-place } has a header in front of its 32 bytes.
    }
    .why = Receivers expect the 32 bytes alone (RFC 8463 section 4.2): 44 characters of base64.
    .fix = { publish-key }
dkim-key-malformed--ed25519-length =
    .summary = The Ed25519 key at { its-place } has { $count } bytes instead of 32.
    .why = Receivers expect exactly 32 bytes (RFC 8463 section 4.2): 44 characters of base64.
    .fix = { publish-key }
dkim-key-malformed--kind =
    .summary = The record at { its-place } promises a key of the kind { $kind } and holds one of the kind { $found }.
    .why = Receivers read the key as k= says, or as RSA where it is left out, and cannot.
    .fix = { publish-key }
dkim-key-malformed--certificate =
    .summary = The p= at { its-place } holds a certificate instead of a key.
    .why = Receivers expect the public key alone (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-key-malformed--trailing =
    .summary = In the p= at { its-place } { $count } bytes too many stand behind the key.
    .why = Some receivers read the key all the same, others refuse it.
    .fix = { publish-key }
dkim-key-malformed--case =
    .summary = The key at { its-place } is ours with its capital and small letters changed.
    .why = Base64 tells capitals from small letters; receivers cannot read this one. Some forms fold whatever is typed.
    .fix = { publish-key }
dkim-key-malformed--plus =
    .summary = The key at { its-place } is ours without its plus signs.
    .why = A form took + for a blank; receivers cannot read what is left.
    .fix = { publish-key }
dkim-key-malformed--surplus =
    .summary = The key at { its-place } is ours with something too much from character { $at } on: { $seen }.
    .why = A single letter too many makes it another text, and every signature fails against it.
    .fix = { publish-key }
dkim-key-malformed--altered =
    .summary = The key at { its-place } is ours except from character { $at } on: { $seen } instead of { $wanted }.
    .why = A single wrong letter is enough, and receivers cannot read the key.
    .fix = { publish-key }

dkim-revoked =
    .summary = The key at { its-place } is revoked: its p= is empty.
    .why = Receivers fail every signature made with this selector (RFC 6376 section 6.1.2).
    .fix = { publish-key }
dkim-wrong-type =
    .summary = The record at { its-place } has k={ $kind }; we sign with a key of the kind { $wanted }.
    .why = Receivers cannot check our signatures with a key of another kind (RFC 6376 section 6.1.2).
    .fix = { publish-key }
dkim-wrong-type--absent =
    .summary = The record at { its-place } has no k=, which means rsa; we sign with a key of the kind { $wanted }.
    .why = Receivers take the key for an RSA key and cannot read it (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-wrong-type--case =
    .summary = The record at { its-place } has k={ $kind }, and not in small letters.
    .why = Values are compared as written (RFC 6376 section 3.2): some receivers take no notice, others see an unknown kind of key and ignore the record.
    .fix = { publish-key }
dkim-wrong-type--unknown =
    .summary = The record at { its-place } has k={ $kind }, a kind of key that receivers do not know.
    .why = Receivers know rsa and ed25519 (RFC 8463) and ignore records of any other kind (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-version =
    .summary = The version at { its-place } is v={ $version } instead of v=DKIM1.
    .why = Receivers must discard a record with any other version (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-version--case =
    .summary = The version at { its-place } is v={ $version }; it must be v=DKIM1 in capitals.
    .why = The version is compared as written, and receivers must discard a record with any other (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-version--semicolon =
    .summary = The semicolon behind v=DKIM1 is missing at { its-place }: { $current }.
    .why = Receivers read all up to the next semicolon as the version, and must discard a record with an unknown one (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-version--not-first =
    .summary = In the record at { its-place } v=DKIM1 does not stand first: { $current }.
    .why = Where v= stands at all, it must be the first tag (RFC 6376 section 3.6.1); some receivers ignore the record otherwise.
    .fix = { publish-key }
dkim-hash =
    .summary = The key at { its-place } allows the hashes { $list } alone; sha256, which signatures are made with, is not among them.
    .why = Receivers must ignore a key whose h= leaves out the signature's hash (RFC 6376 section 6.1.2); SHA-1 is refused everywhere (RFC 8301).
    .fix = { publish-key }
dkim-hash--case =
    .summary = The key at { its-place } allows the hashes { $list }; sha256 must stand in small letters.
    .why = Values are compared as written (RFC 6376 section 3.2), and some receivers see an unknown hash.
    .fix = { publish-key }
dkim-service =
    .summary = The key at { its-place } is not for mail: its s= is { $list }.
    .why = Receivers must ignore a key for mail unless s= is left out or holds email or * (RFC 6376 section 3.6.1).
    .fix = { publish-key }
dkim-service--case =
    .summary = The key at { its-place } is meant for { $list }; email must stand in small letters.
    .why = Values are compared as written (RFC 6376 section 3.2), and some receivers see an unknown service.
    .fix = { publish-key }
dkim-testing =
    .summary = The key at { its-place } is marked as a test (t=y).
    .why = Receivers treat mail signed with it as if it were unsigned (RFC 6376 section 3.6.1), so the signature earns no trust.
    .fix = { $known ->
        [yes] Once mail goes out signed, take t=y out. { publish-key }
       *[no] Once mail goes out signed, take t=y out of the TXT record with the host { $host } in the zone { $zone }.
    }
dkim-weak =
    .summary = The RSA key at { its-place } has { $bits } bits; 2048 are the norm today.
    .why = Keys under 2048 bits can be broken with means that attackers have or will have, and some receivers trust them less (RFC 8301 section 3.2).
    .fix = Make a new key of 2048 bits where the mail is signed, publish it at a new selector, and sign with that.
dkim-weak--refused =
    .summary = The RSA key at { its-place } has { $bits } bits; receivers must refuse keys under 1024.
    .why = Such keys are broken in hours, so RFC 8301 section 3.2 forbids receivers to accept them.
    .fix = Make a new key of 2048 bits where the mail is signed, and publish it with the host { $host } in the zone { $zone } or at a new selector.
value-pem--dkim =
    .summary = The value at { its-place } contains the lines of a key file (“-----BEGIN …”).
    .why = p= takes the base64 text alone (RFC 6376 section 3.6.1); with header and footer in it receivers cannot read the key.
    .fix = { publish-key }
