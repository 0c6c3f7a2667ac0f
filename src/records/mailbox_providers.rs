//! Domains under which mailbox providers give addresses to the public: nobody else can publish records there, so
//! adding one is a slip of the hand. A name that is missing here costs a domain that never verifies, nothing more.

const DOMAINS: &[&str] = &[
    "126.com", "163.com", "aim.com", "aliyun.com", "aol.com", "att.net", "bellsouth.net", "bk.ru", "bluewin.ch",
    "bt.com", "btinternet.com", "charter.net", "comcast.net", "cox.net", "duck.com", "earthlink.net", "email.com",
    "fastmail.com", "fastmail.fm", "foxmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch",
    "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
    "hotmail.es", "hotmail.fr", "hotmail.it", "hushmail.com", "icloud.com", "inbox.lv", "inbox.ru", "laposte.net",
    "libero.it", "list.ru", "live.co.uk", "live.com", "live.fr", "live.nl", "mac.com", "mail.com", "mail.ru",
    "mailbox.org", "me.com", "msn.com", "naver.com", "o2.pl", "orange.fr", "outlook.com", "outlook.de",
    "outlook.fr", "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rediffmail.com",
    "rocketmail.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "sina.cn", "sina.com", "sky.com", "sohu.com",
    "t-online.de", "tiscali.it", "tuta.com", "tutanota.com", "uol.com.br", "verizon.net", "vip.qq.com",
    "virgilio.it", "wanadoo.fr", "web.de", "wp.pl", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk",
    "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru",
    "yeah.net", "ymail.com", "zoho.com", "zohomail.com",
];

/// Whether `name` (lower-case ASCII) is such a domain itself.
pub fn contains(name: &str) -> bool {
    DOMAINS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(super::DOMAINS.is_sorted());
    }
}
