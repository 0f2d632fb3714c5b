//! One sample: the exception, its causes, and the request it happened in.
//!
//! Whatever has the wrong type is skipped and makes the sample unusable, but it is read to its end all the same: only
//! damaged JSON ends the whole exposition.

use super::number;
use super::scanner::Raw;
use super::text;
use super::{ALLOCATION_BYTES, Error, Reader};
use crate::model::occurrence::{Cause, Exception, HttpContext, Occurrence};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;

/// Bytes of an occurrence's uuid: a uuid has 36, and some make up their own.
const UUID_BYTES_MAX: usize = 256;
/// Bytes of an HTTP method: the longest registered one has 16.
const METHOD_BYTES_MAX: usize = 64;

impl Reader<'_> {
    /// Reads the list of samples. Of more than the limit allows the newest are kept.
    pub(super) fn occurrences(&mut self) -> Result<Vec<Occurrence>, Error> {
        if self.scanner.take_null()? {
            return Ok(Vec::new());
        }
        if !self.scanner.take(b'[') {
            self.dropped.occurrences += 1;
            return self.scanner.skip_value().map(|()| Vec::new());
        }
        let mut occurrences = Vec::with_capacity(self.samples_before);
        let mut first = true;
        while self.scanner.next_element(&mut first)? {
            let before = self.dropped;
            let Some(mut occurrence) = self.occurrence()? else {
                // What was cut inside it is lost with it and not counted twice.
                self.dropped = before;
                self.dropped.occurrences += 1;
                continue;
            };
            self.redactor.occurrence(&mut occurrence, occurrences.last(), &mut self.redacted);
            let bytes = bytes_of(&occurrence);
            if self.kept_bytes + bytes > self.kept_bytes_max {
                self.starved = true;
                self.dropped = before;
                self.dropped.occurrences += 1;
                continue;
            }
            self.kept_bytes += bytes;
            occurrences.push(occurrence);
            if occurrences.len() > self.limits.occurrences_per_aggregate_max {
                self.drop_oldest(&mut occurrences);
            }
        }
        self.samples_before = occurrences.len();
        Ok(occurrences)
    }

    /// Drops the oldest sample; of several with one time, or without, the one that stands first, since clients append.
    pub(super) fn drop_oldest(&mut self, occurrences: &mut Vec<Occurrence>) {
        let oldest = occurrences.iter().enumerate().min_by_key(|(_, occurrence)| occurrence.timestamp);
        if let Some((at, _)) = oldest {
            let occurrence = occurrences.remove(at);
            self.kept_bytes = self.kept_bytes.saturating_sub(bytes_of(&occurrence));
            self.dropped.occurrences += 1;
        }
    }

    /// Reads one sample; `None` when something in it has the wrong type.
    fn occurrence(&mut self) -> Result<Option<Occurrence>, Error> {
        if !self.scanner.take(b'{') {
            return self.scanner.skip_value().map(|()| None);
        }
        let mut occurrence = Occurrence {
            uuid: String::new(),
            timestamp: None,
            severity: Severity::default(),
            exception: Exception::default(),
            http: None,
        };
        let (mut first, mut good) = (true, true);
        while let Some(key) = self.scanner.next_key(&mut first)? {
            good &= match &*key.name() {
                b"uuid" => self.text(&mut occurrence.uuid, UUID_BYTES_MAX)?,
                b"timestamp" => self.time(&mut occurrence.timestamp)?,
                b"severity" => self.severity(&mut occurrence.severity)?,
                b"error" => self.exception(&mut occurrence.exception)?,
                b"http_context" => self.http(&mut occurrence.http)?,
                _ => self.skip()?,
            };
        }
        Ok(good.then_some(occurrence))
    }

    /// Reads an exception and its causes. The chain is a loop over one level counter, not a recursion: a level needs
    /// nothing but its number, since what belongs to it is stored under that number.
    fn exception(&mut self, exception: &mut Exception) -> Result<bool, Error> {
        *exception = Exception::default();
        if self.scanner.take_null()? {
            return Ok(true);
        }
        if !self.scanner.take(b'{') {
            return self.wrong();
        }
        let depth_max = self.limits.cause_depth_max;
        let (mut depth, mut first, mut good) = (0, true, true);
        loop {
            let Some(key) = self.scanner.next_key(&mut first)? else {
                if depth == 0 {
                    return Ok(good);
                }
                depth -= 1;
                continue;
            };
            let name = key.name();
            if &*name != b"cause" {
                good &= self.exception_field(exception, depth, &name)?;
            } else if self.scanner.take(b'{') {
                exception.causes.truncate(depth);
                depth += 1;
                first = true;
                if depth <= depth_max {
                    exception.causes.push(Cause::default());
                } else {
                    self.dropped.causes += 1;
                }
            } else if self.scanner.take_null()? {
                exception.causes.truncate(depth);
            } else {
                good &= self.wrong()?;
            }
        }
    }

    /// Reads one field of the exception at `depth` of the chain.
    fn exception_field(&mut self, exception: &mut Exception, depth: usize, name: &[u8]) -> Result<bool, Error> {
        let (class, message, stack) = match depth.checked_sub(1) {
            None => (&mut exception.class, &mut exception.message, &mut exception.stack),
            Some(index) => match exception.causes.get_mut(index) {
                Some(cause) => (&mut cause.class, &mut cause.message, &mut cause.stack),
                None => return self.skip(),
            },
        };
        match name {
            b"class" => self.text(class, self.limits.class_bytes_max),
            b"message" => self.text(message, self.limits.message_bytes_max),
            b"stacktrace" => self.stack(depth, stack),
            _ => self.skip(),
        }
    }

    fn http(&mut self, http: &mut Option<HttpContext>) -> Result<bool, Error> {
        *http = None;
        if self.scanner.take_null()? {
            return Ok(true);
        }
        if !self.scanner.take(b'{') {
            return self.wrong();
        }
        let mut context = HttpContext::default();
        let (mut first, mut good) = (true, true);
        while let Some(key) = self.scanner.next_key(&mut first)? {
            good &= match &*key.name() {
                b"request_method" => self.text(&mut context.method, METHOD_BYTES_MAX)?,
                b"request_url" => self.text(&mut context.url, self.limits.url_bytes_max)?,
                b"request_headers" => self.headers(&mut context.headers)?,
                b"request_body" => {
                    let null = self.scanner.peek() == Some(b'n');
                    let mut body = String::new();
                    let text = self.text(&mut body, self.limits.request_body_bytes_max)?;
                    context.body = (text && !null).then_some(body);
                    text
                }
                _ => self.skip()?,
            };
        }
        *http = Some(context);
        Ok(good)
    }

    fn headers(&mut self, headers: &mut Option<Vec<(String, String)>>) -> Result<bool, Error> {
        *headers = None;
        if self.scanner.take_null()? {
            return Ok(true);
        }
        if !self.scanner.take(b'{') {
            return self.wrong();
        }
        let mut taken = Vec::new();
        let (mut first, mut good) = (true, true);
        while let Some(key) = self.scanner.next_key(&mut first)? {
            if taken.len() >= self.limits.headers_max {
                self.dropped.truncated += 1;
                self.scanner.skip_value()?;
                continue;
            }
            let (name, name_cut) = key.decode(self.limits.header_bytes_max);
            let mut value = String::new();
            let mut cut = name_cut;
            let room = self.limits.header_bytes_max - name.len();
            good &= self.header_value(&mut value, room, &mut cut)?;
            if cut {
                text::mark_cut(&mut value, room);
                self.dropped.truncated += 1;
            }
            taken.push((name, value));
        }
        *headers = Some(taken);
        Ok(good)
    }

    /// Reads a header's value of at most `max` bytes: a string, a number or the like, or an array of those, which are
    /// joined as HTTP joins them.
    fn header_value(&mut self, value: &mut String, max: usize, cut: &mut bool) -> Result<bool, Error> {
        if !self.scanner.take(b'[') {
            return self.scalar(value, max, cut);
        }
        let (mut first, mut good) = (true, true);
        while self.scanner.next_element(&mut first)? {
            let mut part = String::new();
            good &= self.scalar(&mut part, max, cut)?;
            for piece in [if value.is_empty() { "" } else { ", " }, &part] {
                let fits = text::cut(piece, max - value.len());
                value.push_str(fits);
                *cut |= fits.len() < piece.len();
            }
        }
        Ok(good)
    }

    fn scalar(&mut self, value: &mut String, max: usize, cut: &mut bool) -> Result<bool, Error> {
        let bytes = match self.scanner.peek() {
            Some(b'"') => {
                let (text, short) = self.scanner.string()?.decode(max);
                *value = text;
                *cut |= short;
                return Ok(true);
            }
            Some(b'{' | b'[') => return self.wrong(),
            Some(b'-' | b'0'..=b'9') => self.scanner.number()?,
            _ if self.scanner.take_null()? => return Ok(true),
            _ => self.scanner.literal()?,
        };
        let (text, short) = Raw { bytes, escaped: false }.decode(max);
        *value = text;
        *cut |= short;
        Ok(true)
    }

    /// Reads a text of at most `max` bytes; null is an empty one; false when it is something else.
    fn text(&mut self, into: &mut String, max: usize) -> Result<bool, Error> {
        into.clear();
        if self.scanner.peek() == Some(b'"') {
            let (text, cut) = self.scanner.string()?.decode(max);
            *into = text;
            if cut {
                text::mark_cut(into, max);
                self.dropped.truncated += 1;
            }
            return Ok(true);
        }
        if self.scanner.take_null()? { Ok(true) } else { self.wrong() }
    }

    /// Reads a time. One that can not be understood is none; false when it is neither string, number nor null.
    pub(super) fn time(&mut self, into: &mut Option<Timestamp>) -> Result<bool, Error> {
        *into = match self.scanner.peek() {
            Some(b'"') => number::rfc3339(self.scanner.string()?),
            Some(b'-' | b'0'..=b'9') => number::unix_seconds(self.scanner.number()?),
            _ if self.scanner.take_null()? => None,
            _ => return self.wrong(),
        };
        Ok(true)
    }

    /// Reads a severity; null, empty and unknown ones are errors; false when it is neither string nor null.
    pub(super) fn severity(&mut self, into: &mut Severity) -> Result<bool, Error> {
        *into = Severity::default();
        if self.scanner.peek() == Some(b'"') {
            let raw = self.scanner.string()?;
            *into = match raw.bytes {
                b"error" => Severity::Error,
                b"warning" => Severity::Warning,
                b"info" => Severity::Info,
                _ => Severity::from_wire(raw.decode(16).0.trim()),
            };
            return Ok(true);
        }
        if self.scanner.take_null()? { Ok(true) } else { self.wrong() }
    }

    /// Goes over a value of the wrong type.
    pub(super) fn wrong(&mut self) -> Result<bool, Error> {
        self.scanner.skip_value().map(|()| false)
    }

    /// Goes over a value that nobody asked for.
    fn skip(&mut self) -> Result<bool, Error> {
        self.scanner.skip_value().map(|()| true)
    }
}

/// Memory that a sample holds, its stacks not included: those are shared and counted where they are made.
fn bytes_of(occurrence: &Occurrence) -> usize {
    let text = |text: &String| text.capacity() + ALLOCATION_BYTES;
    let exception = &occurrence.exception;
    let causes: usize =
        exception.causes.iter().map(|cause| size_of::<Cause>() + text(&cause.class) + text(&cause.message)).sum();
    let http = occurrence.http.as_ref().map_or(0, |http| {
        let headers = http.headers.iter().flatten();
        let headers: usize =
            headers.map(|(name, value)| size_of::<(String, String)>() + text(name) + text(value)).sum();
        headers + text(&http.method) + text(&http.url) + http.body.as_ref().map_or(0, text)
    });
    size_of::<Occurrence>() + text(&occurrence.uuid) + text(&exception.class) + text(&exception.message) + causes + http
}
