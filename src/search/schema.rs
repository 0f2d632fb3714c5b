//! What an index holds, and how an occurrence becomes documents.
//!
//! Two kinds of documents stand in an index. An **occurrence** has what is its own: message, messages of its causes, URL,
//! headers. A **shared text** has what many occurrences share: class, classes of the causes, stacks; it is indexed once for
//! each partition and each of its occurrences names it. Nothing is stored: columns say which occurrence a document is, and
//! what is asked for most.
//!
//! Documents are sorted by time, newest first; shared texts come last because their time is before all times.

use tantivy::schema::{BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{IndexSettings, IndexSortByField, Order, TantivyDocument};

use super::condition::Document;
use super::pattern::{ANYS_MAX, VALUE_BYTES_MAX};
use super::token;
use crate::model::id::OccurrenceId;
use crate::model::time::Timestamp;

/// Version of this file and of what [`token`] does: an index of another one is made anew.
pub(super) const VERSION: &str = "1.1";
const _: () = assert!(token::VERSION == 1, "the second number of VERSION is token's");

/// In the place of a shared text's time; before [`TIME_MIN`].
pub(super) const TIME_SHARED: i64 = -(1 << 42);
/// Times before are taken for this one (the year 1900): no exception is older, and clocks that say so are wrong.
pub(super) const TIME_MIN: i64 = -(1 << 41);
/// Times after are taken for this one, for the same reason.
pub(super) const TIME_MAX: i64 = 1 << 48;

/// Tokens that stand where a header's name and its value begin. No text has them: they are separators.
pub(super) const NAME_MARK: &str = "\u{1}";
pub(super) const VALUE_MARK: &str = "\u{2}";

/// What an occurrence has, as bits of the column `has`.
pub(super) mod has {
    pub(in crate::search) const CLASS: u64 = 1;
    pub(in crate::search) const MESSAGE: u64 = 1 << 1;
    pub(in crate::search) const CAUSE: u64 = 1 << 2;
    pub(in crate::search) const STACK: u64 = 1 << 3;
    pub(in crate::search) const URL: u64 = 1 << 4;
    pub(in crate::search) const HEADER: u64 = 1 << 5;
    pub(in crate::search) const METHOD: u64 = 1 << 6;
    pub(in crate::search) const ANY: u64 = CLASS | MESSAGE | CAUSE | STACK | URL | HEADER;
}

/// Names of columns, in which values are found by document.
pub(super) mod column {
    pub(in crate::search) const TIME: &str = "time";
    pub(in crate::search) const COMMIT: &str = "commit";
    pub(in crate::search) const INDEX: &str = "index";
    pub(in crate::search) const AGGREGATE: &str = "aggregate";
    pub(in crate::search) const TARGET: &str = "target";
    pub(in crate::search) const SHARED: &str = "shared";
    pub(in crate::search) const HAS: &str = "has";
}

/// The fields of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    time: Field,
    commit: Field,
    index: Field,
    aggregate: Field,
    target: Field,
    pub(super) shared: Field,
    has: Field,
    pub(super) message: Field,
    pub(super) cause: Field,
    pub(super) url: Field,
    pub(super) header: Field,
    pub(super) method: Field,
    pub(super) class: Field,
    pub(super) class_value: Field,
    pub(super) cause_class: Field,
    pub(super) stack: Field,
    pub(super) shared_key: Field,
}

/// The schema, which is the same for every index.
pub(super) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let fast = NumericOptions::default().set_fast();
    let text = |tokenizer: &str, option: IndexRecordOption| {
        let indexing =
            TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option).set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let positions = IndexRecordOption::WithFreqsAndPositions;
    let fields = Fields {
        time: schema.add_i64_field(column::TIME, fast.clone()),
        commit: schema.add_u64_field(column::COMMIT, fast.clone()),
        index: schema.add_u64_field(column::INDEX, fast.clone()),
        aggregate: schema.add_u64_field(column::AGGREGATE, fast.clone()),
        target: schema.add_u64_field(column::TARGET, fast.clone()),
        // Few shared texts are found faster by their documents, many by the column.
        shared: schema.add_u64_field(column::SHARED, fast.clone().set_indexed()),
        has: schema.add_u64_field(column::HAS, fast),
        message: schema.add_text_field("message", text(CODE, positions)),
        cause: schema.add_text_field("cause", text(CODE, positions)),
        url: schema.add_text_field("url", text(CODE, positions)),
        header: schema.add_text_field("header", text(HEADER, positions)),
        method: schema.add_text_field("method", text(CODE, positions)),
        class: schema.add_text_field("class", text(CODE, positions)),
        class_value: schema.add_text_field("class_value", text("raw", IndexRecordOption::Basic)),
        cause_class: schema.add_text_field("cause_class", text(CODE, positions)),
        stack: schema.add_text_field("stack", text(CODE, positions)),
        shared_key: schema.add_bytes_field("shared_key", BytesOptions::default().set_indexed()),
    };
    (schema.build(), fields)
}

/// The settings, which are the same for every index.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        sort_by_field: Some(IndexSortByField { field: column::TIME.to_owned(), order: Order::Desc }),
        docstore_compression: tantivy::store::Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// Registers our tokenizers; an index that is opened without them refuses documents.
pub(super) fn register(tokenizers: &TokenizerManager) {
    tokenizers.register(CODE, Code { header: false });
    tokenizers.register(HEADER, Code { header: true });
}

/// When an occurrence happened: by the client's clock, within bounds; without it, when the day of its ingestion began.
pub(super) fn time_of(day: u32, timestamp: Option<Timestamp>) -> Timestamp {
    let time = timestamp.map_or(i64::from(day) * 86_400_000, |time| time.0);
    Timestamp(time.clamp(TIME_MIN, TIME_MAX))
}

/// A hash of what is indexed once for all occurrences that share it.
pub(super) fn shared_key(document: &Document<'_>) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    let mut text = |kind: u8, text: &str| {
        hasher.update(&[kind]);
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    text(0, document.class);
    for cause in document.causes {
        text(1, &cause.class);
    }
    for stack in document.stacks() {
        text(2, "");
        for frame in &stack.frames {
            text(3, frame);
        }
    }
    hasher.digest128()
}

impl Fields {
    /// The document of a shared text.
    pub(super) fn shared_document(&self, key: u128, id: u32, document: &Document<'_>) -> TantivyDocument {
        let mut out = TantivyDocument::default();
        out.add_i64(self.time, TIME_SHARED);
        for field in [self.commit, self.index, self.aggregate, self.target, self.has] {
            out.add_u64(field, 0);
        }
        out.add_u64(self.shared, u64::from(id));
        out.add_bytes(self.shared_key, &key.to_be_bytes());
        out.add_text(self.class, document.class);
        out.add_text(self.class_value, token::fold(document.class, VALUE_BYTES_MAX));
        for cause in document.causes {
            out.add_text(self.cause_class, &cause.class);
        }
        for stack in document.stacks() {
            // A line's end separates words as anything else does.
            out.add_text(self.stack, stack.frames.join("\n"));
        }
        out
    }

    /// The document of an occurrence, and how many bytes of text it has.
    pub(super) fn occurrence_document(
        &self,
        id: OccurrenceId,
        time: Timestamp,
        shared: u32,
        document: &Document<'_>,
    ) -> (TantivyDocument, usize) {
        let (mut out, mut bytes) = (TantivyDocument::default(), 0);
        out.add_i64(self.time, time.0);
        out.add_u64(self.commit, id.commit);
        out.add_u64(self.index, u64::from(id.index));
        out.add_u64(self.aggregate, u64::from(document.aggregate.0));
        out.add_u64(self.target, u64::from(document.target.map_or(u32::MAX, |target| target.0)));
        out.add_u64(self.shared, u64::from(shared));
        out.add_u64(self.has, presence(document));
        let mut text = |field: Field, text: &str| {
            if !text.is_empty() {
                bytes += text.len();
                out.add_text(field, text);
            }
        };
        text(self.message, document.message);
        for cause in document.causes {
            text(self.cause, &cause.message);
        }
        if let Some(http) = document.http {
            text(self.url, &http.url);
            text(self.method, &http.method);
        }
        let unmarked = |text: &str| text.replace(['\u{1}', '\u{2}'], " ");
        for (name, value) in document.headers() {
            text(self.header, &format!("{NAME_MARK}{}{VALUE_MARK}{}", unmarked(name), unmarked(value)));
        }
        (out, bytes)
    }
}

fn presence(document: &Document<'_>) -> u64 {
    let (url, method) = document.http.map_or((false, false), |http| (!http.url.is_empty(), !http.method.is_empty()));
    let cause = document.causes.iter().any(|cause| !cause.class.is_empty() || !cause.message.is_empty());
    let stack = document.stacks().any(|stack| !stack.frames.is_empty());
    let header = document.headers().next().is_some();
    let all = [
        (has::CLASS, !document.class.is_empty()),
        (has::MESSAGE, !document.message.is_empty()),
        (has::CAUSE, cause),
        (has::STACK, stack),
        (has::URL, url),
        (has::HEADER, header),
        (has::METHOD, method),
    ];
    all.into_iter().filter(|(_, has)| *has).map(|(bit, _)| bit).sum()
}

const CODE: &str = "code";
const HEADER: &str = "header";

/// The position of a text's first word. Texts of one field follow each other in positions: so much is between them at
/// least, which no sequence bridges.
const FIRST_POSITION: usize = ANYS_MAX + 1;

/// Our tokens for tantivy: all tokens of a word stand at the word's position.
#[derive(Clone)]
struct Code {
    /// Texts are a mark, a name, a mark and a value; marks become tokens.
    header: bool,
}

impl Tokenizer for Code {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream {
            words: Box::new(token::words(text)),
            value_at: if self.header { text.find(VALUE_MARK) } else { None },
            pending: Vec::new(),
            position: FIRST_POSITION,
            next: None,
            stage: if self.header { Stage::Name } else { Stage::Text },
            token: Token { position_length: 1, ..Token::default() },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The mark of a name is next.
    Name,
    /// Words of the name, then the value's mark.
    InName,
    /// Words up to the end.
    Text,
}

struct Stream<'a> {
    words: Box<dyn Iterator<Item = token::Word<'a>> + 'a>,
    /// Where the value's mark stands.
    value_at: Option<usize>,
    /// Tokens of the word at `position` that are still to come, in reverse.
    pending: Vec<String>,
    position: usize,
    /// A word that was read and whose turn comes.
    next: Option<token::Word<'a>>,
    stage: Stage,
    token: Token,
}

impl Stream<'_> {
    fn emit(&mut self, text: &str) -> bool {
        self.token.text.clear();
        self.token.text.push_str(text);
        self.token.position = self.position;
        true
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        if let Some(token) = self.pending.pop() {
            self.token.text = token;
            self.token.position = self.position - 1;
            return true;
        }
        if self.stage == Stage::Name {
            self.stage = Stage::InName;
            return self.emit(NAME_MARK);
        }
        let word = self.next.take().or_else(|| self.words.next());
        if self.stage == Stage::InName && word.is_none_or(|word| self.value_at.is_some_and(|at| word.at > at)) {
            self.stage = Stage::Text;
            self.next = word;
            return self.emit(VALUE_MARK);
        }
        let Some(word) = word else { return false };
        let mut pending = std::mem::take(&mut self.pending);
        let mut first = true;
        token::tokens(word.text, |token| {
            if std::mem::take(&mut first) {
                self.emit(token);
            } else {
                pending.push(token.to_owned());
            }
        });
        self.pending = pending;
        self.position += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
