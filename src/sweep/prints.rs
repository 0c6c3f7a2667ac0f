//! What is kept of a look that found everything as remembered: its questions and the print of the answers.

use time::{Duration, OffsetDateTime};

use crate::diagnosis::{Question, RecordType};
use crate::dns::asked_again::Asked;
use crate::dns::print::{self, Print};
use crate::records::OwnerName;
use crate::records::profile::ProfileInForce;
use crate::store::sweep_slots::Met;

/// However alike the answers are, a domain is judged anew after this.
const JUDGED_FOR: Duration = Duration::days(7);
/// A look that asks more is a rare one, and judged each time.
const MAX_QUESTIONS: usize = 40;
/// The domain itself, in a kept name.
const SELF: &str = "@";

/// What verdicts depend on beside the answers: this program, and what it asks for now.
pub fn judged_by(profile: &ProfileInForce) -> Print {
    print::digest(format!("{} {profile:?}", env!("CARGO_PKG_VERSION")).as_bytes())
}

/// What to ask of a domain, and the print to expect; `None` where it is to be judged whatever it answers. It is asked
/// all the same, for who is silent is not to be waited for by a judge.
pub fn known(met: &Met, judged_by: &Print, now: OffsetDateTime) -> (Asked, Option<Print>) {
    let domain = OwnerName::new(&met.name);
    match met.asked.as_deref().and_then(|asked| read(asked, &domain)) {
        Some(questions) => (Asked { domain, questions }, expected(met, judged_by, now)),
        None => {
            let questions = vec![Question::new(domain.clone(), RecordType::Txt)];
            (Asked { domain, questions }, None)
        }
    }
}

fn expected(met: &Met, judged_by: &Print, now: OffsetDateTime) -> Option<Print> {
    let age = now - met.judged_at?;
    let is_valid = met.judged_by.as_deref() == Some(judged_by) && age >= Duration::ZERO && age < JUDGED_FOR;
    Print::try_from(met.print.as_deref().filter(|_| is_valid)?).ok()
}

/// A line a question, names relative to the domain; `None` where they are too many.
pub fn write(questions: &[Question], domain: &OwnerName) -> Option<String> {
    if questions.len() > MAX_QUESTIONS {
        return None;
    }
    let lines = questions.iter().map(|question| {
        let name = match &question.name {
            name if name == domain => SELF.to_owned(),
            name if name.is_within(domain) => format!("{}.{SELF}", name.host_in(domain)),
            name => name.as_str().to_owned(),
        };
        format!("{} {name}", question.rtype.as_str())
    });
    Some(lines.collect::<Vec<_>>().join("\n"))
}

fn read(text: &str, domain: &OwnerName) -> Option<Vec<Question>> {
    let question = |line: &str| {
        let (rtype, name) = line.split_once(' ')?;
        let name = match name.strip_suffix(SELF) {
            Some("") => domain.clone(),
            Some(host) => domain.prefixed(host.strip_suffix('.')?),
            None => OwnerName::new(name),
        };
        Some(Question::new(name, find(rtype)?))
    };
    text.lines().map(question).collect()
}

/// The type of that name.
fn find(name: &str) -> Option<RecordType> {
    use RecordType::{A, Aaaa, Cname, Mx, Ns, Ptr, Soa, Spf, Txt};
    [A, Aaaa, Cname, Mx, Ns, Ptr, Soa, Spf, Txt].into_iter().find(|rtype| rtype.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_read_as_they_were_written() {
        let domain = OwnerName::new("mail.example.com");
        let names = [
            "mail.example.com",
            "s1._domainkey.mail.example.com",
            "example.com",
            "spf.mta.example",
            "",
            "xmail.example.com",
        ];
        let questions: Vec<Question> = names
            .iter()
            .flat_map(|name| [RecordType::Txt, RecordType::Mx].map(|rtype| Question::new(OwnerName::new(name), rtype)))
            .collect();
        let text = write(&questions, &domain).unwrap();
        assert!(text.starts_with("TXT @\nMX @\nTXT s1._domainkey.@\n"), "{text}");
        assert_eq!(read(&text, &domain), Some(questions.clone()));
        assert_eq!(read("NSEC @", &domain), None);
        let many: Vec<Question> = questions.iter().cycle().take(MAX_QUESTIONS + 1).cloned().collect();
        assert_eq!(write(&many, &domain), None);
    }

    #[test]
    fn an_old_print_and_one_of_another_profile_are_judged_anew() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let profile = ProfileInForce::default();
        let by = judged_by(&profile);
        let met = |age: Duration| Met {
            id: uuid::Uuid::nil(),
            name: "example.com".into(),
            touched: 1,
            asked: Some("TXT @".into()),
            print: Some(vec![7; 32]),
            judged_by: Some(by.to_vec()),
            judged_at: Some(now - age),
        };
        let expected = |met: &Met, by: &Print| known(met, by, now).1;
        assert_eq!(expected(&met(Duration::HOUR), &by), Some([7; 32]));
        assert_eq!(expected(&met(Duration::days(8)), &by), None);
        assert_eq!(expected(&met(-Duration::HOUR), &by), None);
        let other = judged_by(&ProfileInForce { number: 2, ..profile });
        assert_eq!(expected(&met(Duration::HOUR), &other), None);
        let touched = Met { print: None, ..met(Duration::HOUR) };
        assert_eq!(expected(&touched, &by), None);
        assert_eq!(known(&touched, &by, now).0.questions.len(), 1);
        let never = Met { asked: None, print: None, ..met(Duration::HOUR) };
        assert_eq!(known(&never, &by, now).0.questions, known(&touched, &by, now).0.questions);
    }
}
