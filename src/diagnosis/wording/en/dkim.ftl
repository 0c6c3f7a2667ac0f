# Findings of DKIM (RFC 6376 section 3.6.1).

dkim-missing =
    .summary = No DKIM key stands at { $name }.
    .why = Receivers cannot check our signatures, so mail counts as unsigned.
    .fix = Add a TXT record with the host { $host } and the value shown here, in one piece.
dkim-multiple =
    .summary = { $count } TXT records stand at { $name }; a selector must have exactly one.
    .why = Which of them receivers use is undefined, and many fail the signature.
    .fix = Keep one TXT record at the host { $host }, the one with the value shown here, and remove the others.
dkim-key-mismatch =
    .summary = The key at { $name } is a valid DKIM key, but not the one that we sign with.
    .why = Every signature of ours fails against it.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-key-mismatch--older =
    .summary = The key at { $name } is an older key of this domain, not the one that we sign with now.
    .why = Every signature made with the present key fails against it.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-key-truncated =
    .summary = The key at { $name } is ours, but cut off: only its beginning arrived.
    .why = Half a key verifies nothing. Forms that take 255 characters at most cut longer values without a word.
    .fix = Enter the whole value at the host { $host } again; if the form takes 255 characters at most, split it into two strings as the provider describes.
dkim-key-malformed =
    .summary = The record at { $name } is no usable DKIM key: { $current }.
    .why = Receivers treat the signature as if no key were there.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-key-malformed--unrelated =
    .summary = The TXT record at { $name } is not a DKIM key: { $current }.
    .why = Receivers look for the key at exactly this name and find something else.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-revoked =
    .summary = The key at { $name } is revoked: its p= is empty.
    .why = Receivers fail every signature made with this selector.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-wrong-type =
    .summary = The key at { $name } is of the kind “{ $kind }”, which is not the kind that we sign with.
    .why = Receivers cannot check our signatures with it.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-version =
    .summary = The record at { $name } does not begin with v=DKIM1: { $current }.
    .why = Where v= stands, it must come first and be DKIM1; receivers ignore the record otherwise.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
dkim-hash =
    .summary = The key at { $name } allows only hashes that receivers no longer accept: h= lacks sha256.
    .why = SHA-1 signatures are refused everywhere (RFC 8301), and ours use SHA-256.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here, without h=.
dkim-service =
    .summary = The key at { $name } is not meant for e-mail: its s= names another service.
    .why = Receivers must not use it for mail.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here, without s=.
dkim-testing =
    .summary = The key at { $name } is marked as a test (t=y).
    .why = Receivers may treat signed mail as if it were unsigned.
    .fix = Remove t=y once everything works.
dkim-weak =
    .summary = The RSA key at { $name } has { $bits } bits; 2048 are the norm today.
    .why = Short keys can be broken, and some receivers distrust them.
    .fix = Rotate to a key of 2048 bits.
dkim-weak--refused =
    .summary = The RSA key at { $name } has { $bits } bits; receivers must refuse keys under 1024.
    .why = RFC 8301 forbids receivers to accept it.
    .fix = Publish a key of 2048 bits at the host { $host }.
value-quoted--dkim =
    .summary = The value at { $name } contains quotation marks or backslashes that do not belong to it: { $current }.
    .why = They were pasted along, and receivers read them as part of the key.
    .fix = Enter the value at the host { $host } again without any quotation marks or backslashes.
value-whitespace--dkim =
    .summary = The value at { $name } begins with a blank or line break: { $current }.
    .why = Receivers do not recognise the record as a DKIM key.
    .fix = Enter the value at the host { $host } again without blanks in front.
value-pem--dkim =
    .summary = The value at { $name } contains the lines of a key file (-----BEGIN …).
    .why = p= takes the bare base64 text, without header and footer.
    .fix = Replace the value of the TXT record at the host { $host } with the value shown here.
