//! What somebody asks to change of errors: the body of a PATCH, read field by field, so that a mistake names its field.

use serde_json::{Map, Value};

use crate::api::error::Error;
use crate::model::time::Timestamp;
use crate::model::triage::{Change, LabelChange, Period, State, Turn};
use crate::query::{suggestion, time};

/// Labels in one request: more than an error may have is a mistake.
const LABELS_MAX: usize = crate::store::LABELS_MAX;

/// Bytes of a label's name.
const NAME_BYTES_MAX: usize = 100;

/// Bytes of a label's value: a team, a ticket, a link.
const VALUE_BYTES_MAX: usize = 1000;

/// Characters of a person's name.
const PERSON_CHARS_MAX: usize = 200;

/// Bytes of a note: a page of text.
const NOTE_BYTES_MAX: usize = 10_000;

/// The fields there are.
const FIELDS: [&str; 7] = ["state", "resolved_in", "muted_until", "labels", "labels_by_rule", "assignee", "note"];

/// Reads a change that `who` asks for at `now`. `place` stands before the fields' names in messages.
///
/// # Errors
/// For the first field that is unknown or wrong.
pub(super) fn read(body: &Map<String, Value>, place: &str, who: &str, now: Timestamp) -> Result<Change, Error> {
    if let Some(unknown) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let known = suggestion::known(unknown, FIELDS);
        return Err(Error::bad_param(format!("{place}{unknown}"), format!("there is no field {unknown:?}{known}")));
    }
    let reader = Reader { body, place, who, now };
    let mut change = Change { state: reader.turn()?, ..Change::default() };
    reader.labels(&mut change)?;
    change.assignee = reader.text("assignee", Reader::person)?;
    change.note = reader.text("note", Reader::note)?;
    let nothing = Change::default();
    if change == nothing {
        let fields = FIELDS.join(", ");
        return Err(Error::bad_request(format!("nothing is to be changed; give at least one of {fields}")));
    }
    Ok(change)
}

struct Reader<'a> {
    body: &'a Map<String, Value>,
    place: &'a str,
    who: &'a str,
    now: Timestamp,
}

impl Reader<'_> {
    fn wrong(&self, field: &str, detail: impl Into<String>) -> Error {
        Error::bad_param(format!("{}{field}", self.place), detail)
    }

    fn turn(&self) -> Result<Option<Turn>, Error> {
        let state = match self.body.get("state") {
            None => None,
            Some(Value::String(word)) => Some(State::from_name(word).ok_or_else(|| {
                let known = suggestion::known(word, State::ALL.map(State::name));
                self.wrong("state", format!("there is no state {word:?}{known}"))
            })?),
            Some(_) => return Err(self.wrong("state", "state is to be \"open\", \"resolved\" or \"muted\"")),
        };
        let resolved_in = self.body.get("resolved_in").filter(|value| !value.is_null());
        let muted_until = self.body.get("muted_until").filter(|value| !value.is_null());
        let only_with =
            |field: &str, state: State| self.wrong(field, format!("{field} goes with \"state\": \"{state}\""));
        if resolved_in.is_some() && state != Some(State::Resolved) {
            return Err(only_with("resolved_in", State::Resolved));
        }
        if muted_until.is_some() && state != Some(State::Muted) {
            return Err(only_with("muted_until", State::Muted));
        }
        Ok(match state {
            None => None,
            Some(State::Open) => Some(Turn::Open),
            Some(State::Resolved) => Some(match resolved_in {
                None => Turn::Resolve,
                Some(release) => self.release(release)?,
            }),
            Some(State::Muted) => Some(Turn::Mute(match muted_until {
                None => Period::Forever,
                Some(until) => self.period(until)?,
            })),
        })
    }

    fn release(&self, release: &Value) -> Result<Turn, Error> {
        let wrong = |field: &str, detail: &str| self.wrong(&format!("resolved_in{field}"), detail);
        let release = self.object("resolved_in", release, &["label", "version"])?;
        let text = |field: &str| match release.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && text.len() <= VALUE_BYTES_MAX => Ok(Some(text.clone())),
            Some(_) => {
                let detail = format!("{field} is to be a text of 1 to {VALUE_BYTES_MAX} bytes");
                Err(wrong(&format!(".{field}"), &detail))
            }
        };
        let label = text("label")?.unwrap_or_else(|| "version".to_owned());
        Ok(Turn::ResolveIn { label, version: text("version")? })
    }

    fn period(&self, until: &Value) -> Result<Period, Error> {
        let until = self.object("muted_until", until, &["time", "count", "escalation"])?;
        let mut fields = until.iter().filter(|(_, value)| !value.is_null());
        let (Some((field, value)), None) = (fields.next(), fields.next()) else {
            let detail = "muted_until is to have one of time, count and escalation; without it the mute has no end";
            return Err(self.wrong("muted_until", detail));
        };
        let place = format!("muted_until.{field}");
        match (field.as_str(), value) {
            ("time", Value::String(_) | Value::Number(_)) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let time =
                    time::parse_time("time", &text, self.now).map_err(|error| self.wrong(&place, error.to_string()))?;
                if time <= self.now {
                    return Err(self.wrong(&place, format!("{time} is in the past: it is {} now", self.now)));
                }
                Ok(Period::Until(time))
            }
            ("count", Value::Number(number)) => match number.as_u64().filter(|count| *count > 0) {
                Some(count) => Ok(Period::More(count)),
                None => Err(self.wrong(&place, format!("count is to be a whole number above 0, not {number}"))),
            },
            ("escalation", Value::Bool(true)) => Ok(Period::Escalation),
            ("time", _) => {
                Err(self.wrong(&place, "time is to be a text such as \"now+2h\" or RFC 3339, or Unix seconds"))
            }
            ("count", _) => Err(self.wrong(&place, "count is to be a whole number above 0")),
            _ => Err(self.wrong(&place, "escalation is to be true")),
        }
    }

    fn labels(&self, change: &mut Change) -> Result<(), Error> {
        if let Some(labels) = self.body.get("labels") {
            let Value::Object(labels) = labels else {
                return Err(self.wrong("labels", "labels is to be an object of names and values; null takes one away"));
            };
            if labels.len() > LABELS_MAX {
                let detail = format!("{} labels are more than the {LABELS_MAX} an error may have", labels.len());
                return Err(self.wrong("labels", detail));
            }
            for (name, value) in labels {
                self.label_name("labels", name)?;
                let asked = match value {
                    Value::Null => LabelChange::Remove,
                    Value::String(value) => LabelChange::Set(self.label_value(name, value)?),
                    _ => {
                        let detail = format!("the value of label {name:?} is to be a text, or null to take it away");
                        return Err(self.wrong(&format!("labels.{name}"), detail));
                    }
                };
                change.labels.push((name.clone(), asked));
            }
        }
        let names = match self.body.get("labels_by_rule") {
            None => return Ok(()),
            Some(Value::Array(names)) if names.len() <= LABELS_MAX => names,
            Some(_) => {
                let detail = format!("labels_by_rule is to be a list of at most {LABELS_MAX} names of labels");
                return Err(self.wrong("labels_by_rule", detail));
            }
        };
        for name in names {
            let Value::String(name) = name else {
                return Err(self.wrong("labels_by_rule", "labels_by_rule is to be a list of names of labels"));
            };
            self.label_name("labels_by_rule", name)?;
            if change.labels.iter().any(|(other, _)| other == name) {
                let detail = format!("label {name:?} can not be both set and left to the rules");
                return Err(self.wrong("labels_by_rule", detail));
            }
            change.labels.push((name.clone(), LabelChange::Follow));
        }
        Ok(())
    }

    /// Names are those that the query language can say.
    fn label_name(&self, field: &str, name: &str) -> Result<(), Error> {
        let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
        let wrong =
            |why: &str| self.wrong(&format!("{field}.{shown}"), format!("a label can not be called {shown:?}: {why}"));
        if name.is_empty() {
            return Err(self.wrong(field, "the name of a label is empty"));
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(wrong(&format!("the name has {} bytes, at most {NAME_BYTES_MAX} are kept", name.len())));
        }
        if name.starts_with("__") {
            return Err(wrong("names that begin with __ are reserved"));
        }
        if !name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-' | '/')) {
            return Err(wrong("names are made of letters, digits and _ . - /"));
        }
        Ok(())
    }

    fn label_value(&self, name: &str, value: &str) -> Result<String, Error> {
        let wrong = |detail: String| self.wrong(&format!("labels.{name}"), detail);
        if value.is_empty() {
            return Err(wrong(format!("the value of label {name:?} is empty; null takes the label away")));
        }
        if value.len() > VALUE_BYTES_MAX {
            let bytes = value.len();
            return Err(wrong(format!(
                "the value of label {name:?} has {bytes} bytes, at most {VALUE_BYTES_MAX} are kept"
            )));
        }
        if value.chars().any(char::is_control) {
            return Err(wrong(format!("the value of label {name:?} has control characters")));
        }
        Ok(value.to_owned())
    }

    /// A text that may be null.
    #[expect(clippy::option_option, reason = "a field may be missing, null, or a text")]
    fn text(
        &self,
        field: &str,
        check: impl Fn(&Self, &str) -> Result<String, Error>,
    ) -> Result<Option<Option<String>>, Error> {
        match self.body.get(field) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => check(self, text).map(|text| Some(Some(text))),
            Some(_) => Err(self.wrong(field, format!("{field} is to be a text, or null for none"))),
        }
    }

    fn person(&self, name: &str) -> Result<String, Error> {
        let name = name.trim();
        let name = match name {
            "me" if self.who.is_empty() => {
                let detail = "\"me\" is whoever asks, and this request does not say who that is: give a name in the header \
                              X-Hydrophone-User";
                return Err(self.wrong("assignee", detail));
            }
            "me" => self.who,
            name => name,
        };
        if name.is_empty() {
            return Err(self.wrong("assignee", "the assignee's name is empty; null is nobody"));
        }
        if name.chars().count() > PERSON_CHARS_MAX {
            return Err(self.wrong("assignee", format!("the name has more than {PERSON_CHARS_MAX} characters")));
        }
        if name.chars().any(char::is_control) {
            return Err(self.wrong("assignee", "the name has control characters"));
        }
        Ok(name.to_owned())
    }

    fn note(&self, text: &str) -> Result<String, Error> {
        if text.trim().is_empty() {
            return Err(self.wrong("note", "the note is empty; null takes it away"));
        }
        if text.len() > NOTE_BYTES_MAX {
            let bytes = text.len();
            return Err(self.wrong("note", format!("the note has {bytes} bytes, at most {NOTE_BYTES_MAX} are kept")));
        }
        if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
            return Err(self.wrong("note", "the note has control characters"));
        }
        Ok(text.to_owned())
    }

    fn object<'b>(
        &self,
        field: &str,
        value: &'b Value,
        known: &[&'static str],
    ) -> Result<&'b Map<String, Value>, Error> {
        let Value::Object(object) = value else {
            return Err(self.wrong(field, format!("{field} is to be an object with {}", known.join(", "))));
        };
        match object.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => {
                let words = suggestion::known(unknown, known.iter().copied());
                Err(self.wrong(&format!("{field}.{unknown}"), format!("there is no field {unknown:?}{words}")))
            }
            None => Ok(object),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    const NOW: Timestamp = Timestamp(1_795_168_800_000);

    fn read_json(body: &str) -> Result<Change, Error> {
        let Value::Object(body) = serde_json::from_str(body).unwrap() else { panic!("{body}") };
        read(&body, "", "ada", NOW)
    }

    #[test]
    fn a_change_says_what_is_asked() {
        for (body, state) in [
            (r#"{"state":"open"}"#, Turn::Open),
            (r#"{"state":"resolved","resolved_in":null}"#, Turn::Resolve),
            (
                r#"{"state":"resolved","resolved_in":{}}"#,
                Turn::ResolveIn { label: "version".to_owned(), version: None },
            ),
            (
                r#"{"state":"resolved","resolved_in":{"label":"release","version":"1.2.3"}}"#,
                Turn::ResolveIn { label: "release".to_owned(), version: Some("1.2.3".to_owned()) },
            ),
            (r#"{"state":"muted"}"#, Turn::Mute(Period::Forever)),
            (
                r#"{"state":"muted","muted_until":{"time":"now+2h"}}"#,
                Turn::Mute(Period::Until(NOW.plus(Millis::from_seconds(7200)))),
            ),
            (r#"{"state":"muted","muted_until":{"count":7}}"#, Turn::Mute(Period::More(7))),
            (r#"{"state":"muted","muted_until":{"escalation":true}}"#, Turn::Mute(Period::Escalation)),
        ] {
            assert_eq!(read_json(body).unwrap(), Change::from(state), "{body}");
        }
        let change = read_json(
            r#"{"labels":{"team":"payments","tier":null},"labels_by_rule":["kind"],"assignee":"me","note":null}"#,
        );
        let change = change.unwrap();
        let labels = [
            ("team".to_owned(), LabelChange::Set("payments".to_owned())),
            ("tier".to_owned(), LabelChange::Remove),
            ("kind".to_owned(), LabelChange::Follow),
        ];
        assert_eq!(change.labels, labels);
        assert_eq!((change.assignee, change.note), (Some(Some("ada".to_owned())), Some(None)));
    }

    #[test]
    fn a_mistake_names_its_field() {
        let long = "x".repeat(10_240);
        let many: Vec<String> = (0..10_000).map(|number| format!(r#""l{number}":"x""#)).collect();
        for (body, field, detail) in [
            ("{}", None, "nothing is to be changed"),
            (r#"{"stat":"open"}"#, Some("stat"), r#"did you mean "state"?"#),
            (r#"{"state":"closed"}"#, Some("state"), "there is no state \"closed\""),
            (r#"{"state":1}"#, Some("state"), "state is to be"),
            (r#"{"state":"open","resolved_in":{}}"#, Some("resolved_in"), "goes with \"state\": \"resolved\""),
            (r#"{"muted_until":{"count":1}}"#, Some("muted_until"), "goes with \"state\": \"muted\""),
            (r#"{"state":"muted","muted_until":{"count":0}}"#, Some("muted_until.count"), "above 0"),
            (r#"{"state":"muted","muted_until":{"count":1.5}}"#, Some("muted_until.count"), "above 0"),
            (r#"{"state":"muted","muted_until":{"time":"now-1h"}}"#, Some("muted_until.time"), "is in the past"),
            (r#"{"state":"muted","muted_until":{"time":"soon"}}"#, Some("muted_until.time"), "is no time"),
            (r#"{"state":"muted","muted_until":{"day":1}}"#, Some("muted_until.day"), "known: time, count, escalation"),
            (r#"{"state":"muted","muted_until":{}}"#, Some("muted_until"), "one of time, count and escalation"),
            (r#"{"labels":{"":"x"}}"#, Some("labels"), "the name of a label is empty"),
            (r#"{"labels":{"__name__":"x"}}"#, Some("labels.__name__"), "reserved"),
            (r#"{"labels":{"a b":"x"}}"#, Some("labels.a b"), "letters, digits"),
            (r#"{"labels":{"team":""}}"#, Some("labels.team"), "null takes the label away"),
            (r#"{"labels":{"team":1}}"#, Some("labels.team"), "is to be a text"),
            (&format!(r#"{{"labels":{{"team":"{long}"}}}}"#), Some("labels.team"), "has 10240 bytes, at most 1000"),
            (&format!(r#"{{"labels":{{{}}}}}"#, many.join(",")), Some("labels"), "10000 labels are more than the 64"),
            (r#"{"labels":{"a":"x"},"labels_by_rule":["a"]}"#, Some("labels_by_rule"), "both set and left"),
            (r#"{"assignee":" "}"#, Some("assignee"), "is empty"),
            (&format!(r#"{{"note":"{long}"}}"#), Some("note"), "at most 10000"),
            (r#"{"note":"\u0000"}"#, Some("note"), "control characters"),
        ] {
            let problem = read_json(body).unwrap_err().problem();
            assert_eq!(problem.status, 400);
            assert_eq!(problem.param.as_deref(), field, "{body:.80}");
            assert!(problem.detail.contains(detail), "{body:.80}: {}", problem.detail);
        }
    }
}
