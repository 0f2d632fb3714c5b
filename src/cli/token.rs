//! `hydrophone token`: API tokens.

use std::path::PathBuf;

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
        #[arg(long, value_name = "DURATION", value_parser = positive)]
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

/// Does what the command says.
///
/// # Errors
/// When it can not be done.
pub(super) fn token(command: Token) -> Result<()> {
    let now = Clock::system().now();
    match command {
        Token::Create { name, role, expires, storage } => {
            let path = &storage.storage_path;
            // A mistyped path would give a token that opens nothing.
            if !path.join("FORMAT").try_exists().with_context(|| format!("can not look into {}", path.display()))? {
                bail!("{} is no data directory: start a server with it once, then make tokens", path.display());
            }
            let expires = expires.map(|length| now.plus(length));
            let secret = token::create(path, &name, role, expires, now)?;
            print(secret.expose());
        }
        Token::List { storage } => {
            for token in token::list(&storage.storage_path)? {
                let ends = match token.expires {
                    None => "never ends".to_owned(),
                    Some(at) if token.has_ended(now) => format!("ended {at}"),
                    Some(at) => format!("ends {at}"),
                };
                print(&format!("{}\t{}\tmade {}\t{ends}", token.name, token.role, token.created));
            }
        }
        Token::Revoke { name, storage } => token::revoke(&storage.storage_path, &name)?,
    }
    Ok(())
}

fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::name).join(", ");
    Role::from_name(text).ok_or_else(|| format!("there is no role {text:?}; there are {known}"))
}
