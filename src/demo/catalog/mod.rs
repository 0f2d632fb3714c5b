//! What goes wrong in programs: kinds of errors of four languages, as templates that each service fills with its own
//! packages, entities and neighbours.

mod go;
mod java;
mod python;
mod ruby;

/// The language a service is written in, and with it the client library that exposes its exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Scala,
    Python,
    Go,
    Ruby,
}

/// Where in a program an error happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// While a request is served: its occurrences have an HTTP context.
    Request,
    /// In a background job, a consumer or at start: no HTTP context.
    Job,
}

/// How an error's rate moves over time when nothing special happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// With the service's traffic.
    Traffic,
    /// Always the same.
    Steady,
    /// Only while the nightly jobs run.
    Nightly,
    /// Nothing for hours, then a burst.
    Bursts,
}

/// One kind of error. `{holes}` in its texts are filled by the service or, if they differ from one exception to the next,
/// by each occurrence.
#[derive(Debug)]
pub(crate) struct Template {
    /// Class or type; empty for a message that is no exception.
    pub(crate) class: &'static str,
    pub(crate) message: &'static str,
    /// The client's word: `error`, `warning`, `info`, or nothing.
    pub(crate) severity: &'static str,
    /// Lines of the stack trace in the language's order. `{app}` stands for the service's own frames, `{web}` and
    /// `{worker}` for those of its framework.
    pub(crate) frames: &'static [&'static str],
    /// What caused it, outermost first.
    pub(crate) causes: &'static [Link],
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    /// How often it happens a minute, in a service of average size at its busiest time.
    pub(crate) rate: f64,
    /// Into how many aggregates the client splits it (Go: the message is part of the key).
    pub(crate) variants: u64,
    /// The only service that has it; empty for any.
    pub(crate) only: &'static str,
    /// Only a bad release throws it.
    pub(crate) bad_release: bool,
}

/// One link of a cause chain.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) class: &'static str,
    pub(crate) message: &'static str,
    pub(crate) frames: &'static [&'static str],
}

/// What most templates have in common.
const PLAIN: Template = Template {
    class: "",
    message: "",
    severity: "error",
    frames: &[],
    causes: &[],
    place: Place::Request,
    shape: Shape::Traffic,
    rate: 0.05,
    variants: 1,
    only: "",
    bad_release: false,
};

impl Language {
    /// All kinds of errors of the language.
    pub(crate) fn templates(self) -> &'static [Template] {
        match self {
            Self::Scala => java::TEMPLATES,
            Self::Python => python::TEMPLATES,
            Self::Go => go::TEMPLATES,
            Self::Ruby => ruby::TEMPLATES,
        }
    }

    /// Frames of the framework below or above a request's own code.
    pub(crate) fn web(self) -> &'static [&'static str] {
        match self {
            Self::Scala => java::WEB,
            Self::Python => python::WEB,
            Self::Go => go::WEB,
            Self::Ruby => ruby::WEB,
        }
    }

    /// Frames of the framework that runs jobs.
    pub(crate) fn worker(self) -> &'static [&'static str] {
        match self {
            Self::Scala => java::WORKER,
            Self::Python => python::WORKER,
            Self::Go => go::WORKER,
            Self::Ruby => ruby::WORKER,
        }
    }
}
