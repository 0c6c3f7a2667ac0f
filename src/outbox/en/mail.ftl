# What people are sent: `alert--KIND`, `digest`, `test`, `reset`, each with `subject` and `body`; the rest are parts.

alert--first_verified =
    .subject = { $domain } is verified
    .body = Every record that { $domain } needs is in place; the last one was seen on { $at }. You can send from it now. It is looked at twice a day from here on, and you are told if a record is lost.
    .line = verified for the first time

alert--at_risk =
    .subject = { $domain } is at risk: a record was lost
    .body = { $domain } was found at risk on { $since }, and a second look agreed. Mail still goes out. If the record is not back by { $until }, sending from { $domain } stops.
    .line = at risk: a record was lost

alert--recovered =
    .subject = { $domain } is well again
    .body = Every record that { $domain } needs was seen in place again on { $at }. There is nothing left to do.
    .line = well again

alert--failed =
    .subject = { $domain } has failed: sending stopped
    .body = A required record of { $domain } has been wrong since { $since }, longer than the 72 hours of grace, so nothing is sent from it any more. Once the record is published, press Verify on the domain's page: sending goes on as soon as it is seen.
    .line = failed: sending stopped

alert--unreachable =
    .subject = The DNS of { $domain } cannot be asked
    .body = For a day, the nameservers of { $domain } gave no usable answer, while those of other domains did. Its status stands, and nothing was counted against it. Receivers may have the same trouble, and then refuse its mail.
    .line = its DNS could not be asked for a day

alert--profile_broken =
    .subject = The sending profile is broken
    .body = A name of your own platform, which every customer's records point to, does not work. What hangs on it is judged unknown until it does: customers are not blamed for it.
    .line = the sending profile is broken

alert--many_at_once =
    .subject = { $count } domains seem to have turned bad at once
    .body = { $count } domains seemed to have lost records at once, and so had domains that were good a moment before. That is rather the sight of this console than the domains: its resolver, its network, or one large DNS provider. All statuses are held, and the domains are looked at again in a few minutes. Look at the resolver and the network of this console.
    .line = many domains seemed to turn bad at once

digest =
    .subject = { $count } changes to your domains
    .body = { $count } things happened to your domains within ten minutes; this one message tells them all.
    .more = { $count ->
        [one] One more is in the list of domains.
       *[other] { $count } more are in the list of domains.
    }

test =
    .subject = A test from signet
    .body = Somebody of your team pressed “Send a test” on { $at }. Alerts for this address arrive like this message.

reset =
    .subject = A new password for signet
    .body = Somebody, probably you, asked for a link to set a new password for { $email }. The link works once, until { $until }. Who did not ask for it need not do anything: the password stays as it is.

part-fix = What to do: { $text }
part-publish = { $count ->
        [one] Publish this record in the zone { $zone }:
       *[other] Publish these records in the zone { $zone }:
    }
part-type = Type
part-host = Host
part-name = Full name
part-value = Value
part-priority = Priority
part-open-domain = Open the domain's page
part-open-list = Open the list of domains
part-open-profile = Open the sending profile
part-open-settings = Open the settings of alerts
part-open-reset = Set a new password
part-why = You get this because { $email } stands in the alert settings of a team on { $console }.
part-unsubscribe = Unsubscribe this address

moment = { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }, { $time } { $zone }
