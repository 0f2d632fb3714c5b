//! `hydrophone token`: API tokens.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::{positive, print};
use crate::clock::Clock;
use crate::door::token;
use crate::model::role::Role;
use crate::model::time::Millis;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print its secret, once: nobody can find it out again.
    Create {
        /// Its name, which stands in the activity as token:NAME.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it may do: read, triage (states, labels, views) or admin (backups, reload).
        #[arg(long, value_parser = role)]
        role: Role,
        /// When it ends, such as 30d. Never by default.
        #[arg(long, value_name = "DURATION", value_parser = lifetime)]
        expires: Option<Millis>,
        #[command(flatten)]
        storage: StorageFlags,
    },
    /// List all tokens: name, role, when each was made and when it ends.
    List {
        #[command(flatten)]
        storage: StorageFlags,
    },
    /// Take a token away, at once.
    Revoke {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        storage: StorageFlags,
    },
}

#[derive(Debug, Args)]
pub(super) struct StorageFlags {
    /// The data directory.
    #[arg(long = "storage.path", default_value = "data", value_name = "DIR")]
    storage_path: PathBuf,
}

impl StorageFlags {
    /// The data directory, if it is one; nothing is made of a path that was mistyped.
    fn known(&self, consequence: &str) -> Result<&Path> {
        let path = self.storage_path.as_path();
        if !path.join("FORMAT").try_exists().with_context(|| format!("can not look into {}", path.display()))? {
            bail!("{} is no data directory: {consequence}", path.display());
        }
        Ok(path)
    }
}

/// Does what the command says.
///
/// # Errors
/// When it can not be done.
pub(super) fn token(command: Token) -> Result<()> {
    let now = Clock::system().now();
    match command {
        Token::Create { name, role, expires, storage } => {
            // A mistyped path would give a token that opens nothing.
            let path = storage.known("start a server with it once, then make tokens")?;
            let expires = expires.map(|length| now.plus(length));
            let secret = token::create(path, &name, role, expires, now)?;
            if let Err(error) = writeln!(io::stdout(), "{}", secret.expose()) {
                // Nobody has it, and nobody can find it out any more.
                let kept = "its secret can not be printed, and it could not be taken away again: revoke it";
                token::revoke(path, &name).with_context(|| format!("token {name:?}: {kept}"))?;
                return Err(error)
                    .with_context(|| format!("there is no token {name:?}: its secret can not be printed"));
            }
        }
        Token::List { storage } => {
            for token in token::list(storage.known("it has no tokens")?)? {
                let ends = match token.expires {
                    None => "never ends".to_owned(),
                    Some(at) if token.has_ended(now) => format!("ended {at}"),
                    Some(at) => format!("ends {at}"),
                };
                print(&format!("{}\t{}\tmade {}\t{ends}", token.name, token.role, token.created));
            }
        }
        Token::Revoke { name, storage } => token::revoke(storage.known("nothing was revoked")?, &name)?,
    }
    Ok(())
}

fn lifetime(text: &str) -> Result<Millis, String> {
    let length = positive(text)?;
    if token::can_end(Clock::system().now().plus(length)) {
        return Ok(length);
    }
    Err("it would end after the year 9999, and what is later can not be written down".to_owned())
}

fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::name).join(", ");
    Role::from_name(text).ok_or_else(|| format!("there is no role {text:?}; there are {known}"))
}
