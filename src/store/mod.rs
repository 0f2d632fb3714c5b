//! The only module that knows redb: tables, keys, column codecs, rollups, retention.
