//! A kind of error in one service: the aggregate that its clients expose, with its key, stack trace and rate.

use std::sync::Arc;

use super::catalog::{Language, Link, Place, Shape, Template};
use super::rng::{Rng, fnv32, mix};
use super::service::{Code, Service};
use super::text::{camel, expand, fill_in, pascal};
use crate::model::occurrence::Stack;
use crate::model::severity::Severity;

/// One aggregate of one service, before anything of it happened.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The aggregation key as the language's client makes it.
    pub(crate) key: String,
    /// Class; empty for a message that is no exception.
    pub(crate) class: &'static str,
    /// Message with holes that each occurrence fills.
    pub(crate) message: String,
    /// The client's word for the severity, which may be empty.
    pub(crate) severity_word: &'static str,
    pub(crate) severity: Severity,
    pub(crate) trace: Trace,
    /// What caused it, outermost first.
    pub(crate) causes: Vec<Cause>,
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    /// How often a minute at the service's busiest time, over all instances.
    pub(crate) rate: f64,
    pub(crate) bad_release: bool,
    /// About how many bytes one sample takes in an exposition.
    pub(crate) sample_bytes: u64,
}

/// One link of a cause chain.
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) class: &'static str,
    pub(crate) message: String,
    pub(crate) trace: Trace,
}

/// A stack trace.
#[derive(Debug)]
pub(crate) enum Trace {
    /// The client sends none.
    None,
    /// The same lines each time.
    Fixed(Arc<Stack>),
    /// Lines with holes (goroutine ids, addresses).
    Varying(Vec<String>),
}

impl Trace {
    fn of(lines: Vec<String>) -> Self {
        if lines.is_empty() {
            Self::None
        } else if lines.iter().any(|line| line.contains("{id}") || line.contains("{addr}") || line.contains("{hex}")) {
            Self::Varying(lines)
        } else {
            Self::Fixed(Arc::new(Stack { frames: lines }))
        }
    }

    /// The trace of one occurrence.
    pub(crate) fn stack(&self, rng: &mut Rng) -> Option<Arc<Stack>> {
        match self {
            Self::None => None,
            Self::Fixed(stack) => Some(Arc::clone(stack)),
            Self::Varying(lines) => {
                Some(Arc::new(Stack { frames: lines.iter().map(|line| fill_in(line, rng)).collect() }))
            }
        }
    }

    fn bytes(&self) -> usize {
        let lines = match self {
            Self::None => return 4,
            Self::Fixed(stack) => &stack.frames,
            Self::Varying(lines) => lines,
        };
        lines.iter().map(|line| line.len() + 3).sum()
    }
}

/// All kinds of one service. They are the same for every seed: a fleet's errors have their names, its seed decides when
/// they happen. About a sixth of what the language knows is left out, so that services differ, but nothing that is
/// `needed`.
pub(crate) fn of_service(service: &Service, needed: impl Fn(&str) -> bool) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (index, template) in service.language.templates().iter().enumerate() {
        let chance = mix(u64::from(fnv32([service.name, template.class])) + index as u64);
        let foreign = !template.only.is_empty() && template.only != service.name;
        let wanted = template.only == service.name || template.class.is_empty() || needed(template.class);
        if foreign || (!wanted && chance.is_multiple_of(6)) {
            continue;
        }
        for variant in 0..template.variants.max(1) {
            kinds.push(kind(service, template, mix(chance ^ variant)));
        }
    }
    kinds
}

fn kind(service: &Service, template: &Template, chance: u64) -> Kind {
    let mut rng = Rng::of(&[chance]);
    let setting = Setting { service, upstream: rng.word(service.upstreams), first: rng.next() as usize };
    let mut message = setting.fill(template.message);
    if service.language == Language::Go {
        // The Go client hashes the message into the key: one aggregate has one message.
        message = fill_in(&message, &mut rng);
    }
    let trace = Trace::of(setting.frames(template.frames, template.place, &mut rng));
    let causes: Vec<Cause> = template.causes.iter().map(|link| setting.cause(link, template.place, &mut rng)).collect();
    let sample_bytes = 420 + message.len() + trace.bytes() + causes.iter().map(|c| 60 + c.trace.bytes()).sum::<usize>();
    Kind {
        key: key(service.language, template.class, &message, &trace),
        class: template.class,
        severity_word: template.severity,
        severity: Severity::from_wire(template.severity),
        trace,
        causes,
        message,
        place: template.place,
        shape: template.shape,
        // No two services are the same: between a third and three times the template's rate.
        rate: template.rate * service.scale * 3f64.powf(2.0 * rng.unit() - 1.0) / template.variants.max(1) as f64,
        bad_release: template.bad_release,
        sample_bytes: sample_bytes as u64,
    }
}

/// The aggregation key, in each client's own form. (The JVM's, Python's and Ruby's hashes are other functions over the
/// same lines: Murmur3 and MD5.)
fn key(language: Language, class: &str, message: &str, trace: &Trace) -> String {
    let lines: &[String] = match trace {
        Trace::None => &[],
        Trace::Fixed(stack) => &stack.frames,
        Trace::Varying(lines) => lines,
    };
    let first = |n: usize| lines.iter().take(n).map(String::as_str);
    match language {
        // A message without an exception has a key of the programmer's choice.
        Language::Scala | Language::Ruby if class.is_empty() => {
            let words = message.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 3).take(4);
            words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
        }
        Language::Scala => format!("{class}@{:x}", fnv32(first(5).chain([class]))),
        Language::Go => format!("{class}@{:08x}", fnv32([message].into_iter().chain(first(4)))),
        Language::Python | Language::Ruby => format!("{class}@{:08x}", fnv32(first(5).chain([class])).rotate_left(7)),
    }
}

/// What fills the holes of a template that are the same for all occurrences.
struct Setting<'a> {
    service: &'a Service,
    upstream: &'static str,
    /// Where in the service's code the error begins.
    first: usize,
}

impl Setting<'_> {
    fn fill(&self, template: &str) -> String {
        let service = self.service;
        let mut text = String::with_capacity(template.len() + 16);
        expand(template, &mut text, |hole, out| {
            match hole {
                "entity" => out.push_str(service.entity),
                "Entity" => out.push_str(&pascal(service.entity)),
                "table" => out.push_str(service.table),
                "topic" => out.push_str(service.topic),
                "upstream" => out.push_str(self.upstream),
                "pkg" => out.push_str(&service.name.replace('-', "")),
                _ => return false,
            }
            true
        });
        text
    }

    fn frames(&self, templates: &[&str], place: Place, rng: &mut Rng) -> Vec<String> {
        let language = self.service.language;
        let mut lines = Vec::new();
        for template in templates {
            match *template {
                "{app}" => self.own_frames(place, Notation::of(language), rng, &mut lines),
                "{panicking}" => self.own_frames(place, Notation::GoPanic, rng, &mut lines),
                "{web}" => lines.extend(language.web().iter().map(|line| self.fill(line))),
                "{worker}" => lines.extend(language.worker().iter().map(|line| self.fill(line))),
                line => lines.push(self.fill(line)),
            }
        }
        lines
    }

    fn cause(&self, link: &Link, place: Place, rng: &mut Rng) -> Cause {
        let trace = Trace::of(self.frames(link.frames, place, rng));
        Cause { class: link.class, message: self.fill(link.message), trace }
    }

    /// The service's own frames in the language's order and notation.
    fn own_frames(&self, place: Place, notation: Notation, rng: &mut Rng, lines: &mut Vec<String>) {
        let code = self.service.code;
        // Callers stand last; a request ends in the handler, a job somewhere before it.
        let depth = 2 + self.first % 3;
        let last = if place == Place::Request { code.len() } else { code.len().saturating_sub(1) };
        let begin = last.saturating_sub(depth);
        let part = code.get(begin..last).unwrap_or(code);
        let mut frames: Vec<String> = Vec::new();
        for (at, piece) in part.iter().enumerate() {
            let inner = at.checked_sub(1).and_then(|at| part.get(at)).copied();
            self.frame(*piece, inner, (notation, rng.between(18, 340)), &mut frames);
        }
        if notation == Notation::Python {
            frames.reverse();
        }
        lines.extend(frames);
    }

    fn frame(&self, code: Code, inner: Option<Code>, (notation, line): (Notation, u64), lines: &mut Vec<String>) {
        let (module, class, function) = code;
        let (package, entity) = (self.service.name.replace('-', ""), self.service.entity);
        let (_, inner_class, inner_function) = inner.unwrap_or((module, class, "check"));
        let inner_class = inner_class.to_ascii_lowercase();
        match notation {
            Notation::Jvm => {
                let function = camel(function);
                lines.push(format!("com.acme.{package}.{module}.{class}.$anonfun${function}$2({class}.scala:{line})"));
                lines.push(format!("com.acme.{package}.{module}.{class}.{function}({class}.scala:{})", line - 3));
            }
            Notation::Go => {
                lines.push(format!("/src/{package}/internal/{module}/{}.go:{line}", class.to_ascii_lowercase()));
                let call = format!("{inner_class}.{}(ctx, {entity})", pascal(inner_function));
                lines.push(format!("\t(*{class}).{}: if err := {call}; err != nil {{", pascal(function)));
            }
            Notation::GoPanic => {
                let function = pascal(function);
                lines.push(format!("github.com/acme/{package}/internal/{module}.(*{class}).{function}({{addr}}, 0x{line:x})"));
                let file = class.to_ascii_lowercase();
                lines.push(format!("\t/src/{package}/internal/{module}/{file}.go:{line} +0x{:x}", line * 3));
            }
            Notation::Python => lines.push(format!(
                "  File \"/srv/{package}/{module}.py\", line {line}, in {function}\n    return self._{inner_class}.{inner_function}({entity})\n",
            )),
            Notation::Ruby => lines.push(format!("app/{module}.rb:{line}:in `{function}'")),
        }
    }
}

/// How a language writes one line of a stack trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    Jvm,
    Python,
    Go,
    GoPanic,
    Ruby,
}

impl Notation {
    fn of(language: Language) -> Self {
        match language {
            Language::Scala => Self::Jvm,
            Language::Python => Self::Python,
            Language::Go => Self::Go,
            Language::Ruby => Self::Ruby,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::service::SERVICES;
    use super::*;

    #[test]
    fn the_fleet_has_some_two_hundred_errors_and_no_key_twice_in_a_service() {
        let mut total = 0;
        for service in SERVICES {
            let kinds = of_service(service, |_| false);
            let keys: BTreeSet<&str> = kinds.iter().map(|kind| kind.key.as_str()).collect();
            assert_eq!(keys.len(), kinds.len(), "{}: a key twice", service.name);
            total += kinds.len();
        }
        assert!((150..=300).contains(&total), "{total}");
    }

    #[test]
    fn no_fixed_hole_is_left_in_a_text() {
        for service in SERVICES {
            for kind in of_service(service, |_| true) {
                let mut rng = Rng::of(&[1]);
                let message = fill_in(&kind.message, &mut rng);
                for hole in ["{id}", "{entity}", "{Entity}", "{upstream}", "{pkg}", "{app}", "{web}", "{table}"] {
                    assert!(!message.contains(hole), "{message}");
                    if let Some(stack) = kind.trace.stack(&mut rng) {
                        assert!(stack.frames.iter().all(|line| !line.contains(hole)), "{stack:?}");
                    }
                }
            }
        }
    }
}
