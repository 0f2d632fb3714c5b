//! Secrets in a list of lines that only several of them give away: a private key, a form's part, JSON that is laid out.
//!
//! Clients send a stack line by line, and some of them the message in it as well. The lines are looked at as one text; of a
//! secret that goes over several lines each line's piece is hidden, so lines stay lines.

use std::ops::Range;

use super::{CUT, Hits, Kind, MARK, ROUNDS_MAX, Redactor, Span, replace};

impl Redactor {
    /// Hides what is secret in the lines of a stack; whether there was anything.
    pub fn frames(&self, frames: &mut [String], hits: &mut Hits) -> bool {
        if !self.enabled {
            return false;
        }
        let (frames, cut) = match frames.split_last_mut() {
            Some((last, frames)) if last == CUT => (frames, true),
            _ => (frames, false),
        };
        for round in 0..ROUNDS_MAX {
            let text = frames.join("\n");
            let mut spans = self.spans(&text, cut);
            if spans.is_empty() {
                return round > 0;
            }
            let places = places(frames);
            // What nothing closes has its end on its own line: the rest of the stack is no secret.
            let closed = |span: &Span| cut || span.kind == Kind::Token || span.at.end < text.len();
            spans.retain(|span| {
                closed(span) || places.iter().any(|line| line.start <= span.at.start && span.at.end <= line.end)
            });
            let mut found = false;
            for (frame, place) in frames.iter_mut().zip(places) {
                let pieces: Vec<Span> = spans.iter().filter_map(|span| piece(&place, span, &text)).collect();
                if !pieces.is_empty() {
                    found = true;
                    *frame = replace(frame, pieces, hits);
                }
                found |= self.whole(frame, false, hits);
            }
            if !found {
                return round > 0;
            }
        }
        true
    }
}

/// Where each line stands in the text of all.
fn places(frames: &[String]) -> Vec<Range<usize>> {
    let mut begin = 0;
    let place = |frame: &String| {
        let place = begin..begin + frame.len();
        begin = place.end + 1;
        place
    };
    frames.iter().map(place).collect()
}

/// What of `span` stands in the line at `place`, without blanks around it; `None` where that is nothing, or hidden already.
fn piece(place: &Range<usize>, span: &Span, text: &str) -> Option<Span> {
    let from = span.at.start.max(place.start);
    let to = span.at.end.min(place.end);
    let hidden = text.get(from..to)?;
    let trimmed = hidden.trim();
    if trimmed.is_empty() || trimmed == MARK {
        return None;
    }
    let begin = from - place.start + (hidden.len() - hidden.trim_start().len());
    let at = begin..begin + trimmed.len();
    let first = span.at.start == from;
    let quote = span.quote.clone().filter(|quote| first && quote.start >= place.start);
    let quote = quote.map(|quote| quote.start - place.start..quote.end - place.start);
    Some(Span { at, kind: span.kind, quote })
}
