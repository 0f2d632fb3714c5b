//! Reads a query: terms side by side all have to hold, `OR` binds less than that, `-` and `NOT` more.

use super::super::{Error, suggestion};
use super::key::{self, Key};
use super::lexer::{Lexer, Next, Written, invalid};
use super::{DEPTH_MAX, Field, Node, Predicate, Property, QUERY_CHARS_MAX, Query, TERMS_MAX, Term, key::text};

impl Query {
    /// Reads a query; blank text selects everything.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `q` with the position of the mistake: an unknown key, a value the key does not take, an open
    /// quote or bracket, or more than the limits allow.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(invalid(QUERY_CHARS_MAX, format!("the query is longer than {QUERY_CHARS_MAX} characters")));
        }
        let mut parser = Parser { lexer: Lexer::new(text), terms: 0 };
        if parser.lexer.peek() == Next::End {
            return Ok(Self::everything());
        }
        let root = parser.any(0)?;
        match parser.lexer.peek() {
            Next::End => Ok(Self { root }),
            _ => Err(invalid(
                parser.lexer.position(),
                "this bracket was not opened; put a bracket that is text in quotes",
            )),
        }
    }
}

/// Reads by descending: each bracket and each negation is a call, so that [`DEPTH_MAX`] bounds the stack.
struct Parser<'a> {
    lexer: Lexer<'a>,
    terms: usize,
}

impl Parser<'_> {
    /// `all OR all …`
    fn any(&mut self, depth: usize) -> Result<Node, Error> {
        let mut nodes = vec![self.all(depth)?];
        while self.lexer.peek() == Next::Or {
            self.lexer.skip(Next::Or);
            nodes.push(self.all(depth)?);
        }
        Ok(list(nodes, Node::Or))
    }

    /// `one one …`, with or without `AND` between them.
    fn all(&mut self, depth: usize) -> Result<Node, Error> {
        let mut nodes = vec![self.one(depth)?];
        loop {
            match self.lexer.peek() {
                Next::End | Next::Close | Next::Or => return Ok(list(nodes, Node::And)),
                Next::And => self.lexer.skip(Next::And),
                Next::Open | Next::Not | Next::Minus | Next::Term => {}
            }
            nodes.push(self.one(depth)?);
        }
    }

    /// A term, a bracket, or the opposite of one.
    fn one(&mut self, depth: usize) -> Result<Node, Error> {
        let next = self.lexer.peek();
        let position = self.lexer.position();
        if depth == DEPTH_MAX && matches!(next, Next::Open | Next::Not | Next::Minus) {
            let message = format!("more than {DEPTH_MAX} brackets and negations stand in each other");
            return Err(invalid(position, message));
        }
        match next {
            Next::Term => self.term(),
            Next::Open => self.brackets(depth, position),
            Next::Not => {
                self.lexer.skip(next);
                self.one(depth + 1).map(not)
            }
            Next::Minus => {
                self.lexer.skip(next);
                if !self.lexer.touches() {
                    let message = "there is nothing after -; put a dash that is text in quotes";
                    return Err(invalid(self.lexer.position(), message));
                }
                // A second dash is text: --verbose excludes the text -verbose.
                let inner = if self.lexer.peek() == Next::Minus { self.term() } else { self.one(depth + 1) };
                inner.map(not)
            }
            Next::And | Next::Or => {
                let word = if next == Next::And { "AND" } else { "OR" };
                let message =
                    format!("there is nothing before {word} to connect; put the word in quotes to look for it");
                Err(invalid(position, message))
            }
            Next::Close => {
                Err(invalid(position, "there is nothing before this bracket; put a bracket that is text in quotes"))
            }
            Next::End => Err(invalid(position, "the query ends where a term is to follow")),
        }
    }

    fn brackets(&mut self, depth: usize, open: usize) -> Result<Node, Error> {
        self.lexer.skip(Next::Open);
        let inside = self.any(depth + 1)?;
        if self.lexer.peek() != Next::Close {
            return Err(invalid(open, "this bracket is not closed; put a bracket that is text in quotes"));
        }
        self.lexer.skip(Next::Close);
        if self.lexer.touches() {
            return Err(invalid(self.lexer.position(), "there is no blank after the closing bracket"));
        }
        Ok(inside)
    }

    fn term(&mut self) -> Result<Node, Error> {
        if self.terms == TERMS_MAX {
            return Err(invalid(self.lexer.position(), format!("the query has more than {TERMS_MAX} terms")));
        }
        self.terms += 1;
        let written = self.lexer.term(|word| Key::read(word).is_some())?;
        Ok(Node::Term(term(written)?))
    }
}

fn term(written: Written<'_>) -> Result<Term, Error> {
    let Some((name, at)) = written.key else {
        let predicate = Predicate::Text(Field::Any, text(&written)?);
        return Ok(Term { predicate, position: written.position });
    };
    let Some(known) = Key::read(name) else {
        let known = suggestion::known(name, key::NAMES);
        let message = format!("there is no key {name:?}{known}; put text that holds a colon in quotes");
        return Err(invalid(at, message));
    };
    if written.value.is_empty() && !written.quoted {
        return Err(invalid(written.position, format!("{name}: has no value; write {name}:\"\" for an empty one")));
    }
    if !written.quoted && written.value.starts_with('(') {
        let message = format!("one value follows {name}:; write ({name}:a OR {name}:b), or put the bracket in quotes");
        return Err(invalid(written.position, message));
    }
    let predicate = known.predicate(name, &written)?;
    let of_label = matches!(predicate, Predicate::Property(Property::Target(_) | Property::Label(_), _));
    Ok(Term { predicate, position: if of_label { at } else { written.position } })
}

/// The list of `nodes`, without lists of its kind in it.
fn list(nodes: Vec<Node>, kind: fn(Vec<Node>) -> Node) -> Node {
    let mut flat = Vec::with_capacity(nodes.len());
    let is_or = matches!(kind(Vec::new()), Node::Or(_));
    for node in nodes {
        match node {
            Node::Or(inner) if is_or => flat.extend(inner),
            Node::And(inner) if !is_or => flat.extend(inner),
            other => flat.push(other),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            kind(flat)
        }
        None => kind(flat),
    }
}

fn not(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        other => Node::Not(Box::new(other)),
    }
}
