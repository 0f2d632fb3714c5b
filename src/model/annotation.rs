//! Annotation labels: what people chose, what rules give, and what comes of both.
//!
//! A person's choice stands above every rule, also the choice that a label should not be there. The rules' labels are kept
//! beside it, so that a label can be left to the rules again.

use std::collections::HashSet;
use std::sync::Arc;

use super::label::Labels;

/// What a person chose for a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Choice {
    /// This value.
    Value(String),
    /// That it is not there.
    Nothing,
}

/// Where the value of one label comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worn {
    /// What a person chose; `None` leaves it to the rules.
    pub chosen: Option<Choice>,
    /// What the rules say.
    pub ruled: Option<String>,
}

/// The labels of an aggregate. Many have the same ones, so copies share their memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Annotations(
    /// `None` is none at all.
    Option<Arc<Parts>>,
);

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Parts {
    /// What comes of both.
    labels: Labels,
    /// People's choices, by name.
    chosen: Vec<(String, Choice)>,
    /// What the rules give.
    ruled: Labels,
}

static NONE: Parts = Parts { labels: Labels::NONE, chosen: Vec::new(), ruled: Labels::NONE };

impl Worn {
    /// The value that comes of it.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &self.chosen {
            Some(Choice::Value(value)) => Some(value),
            Some(Choice::Nothing) => None,
            None => self.ruled.as_deref(),
        }
    }
}

impl Annotations {
    /// From what people chose and what the rules give.
    #[must_use]
    pub fn new(chosen: Vec<(String, Choice)>, ruled: Labels) -> Self {
        let mut parts = Parts { labels: ruled.clone(), chosen: Vec::new(), ruled };
        for (name, choice) in chosen {
            parts.choose(&name, Some(choice));
        }
        Self::of(parts)
    }

    /// Labels that people chose.
    #[must_use]
    pub fn chosen_by_people(labels: &Labels) -> Self {
        let chosen = labels.iter().map(|(name, value)| (name.to_owned(), Choice::Value(value.to_owned())));
        Self::new(chosen.collect(), Labels::default())
    }

    /// The labels as everybody sees them.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.parts().labels
    }

    /// People's choices in the order of their names.
    #[must_use]
    pub fn chosen(&self) -> &[(String, Choice)] {
        &self.parts().chosen
    }

    /// What the rules give.
    #[must_use]
    pub fn ruled(&self) -> &Labels {
        &self.parts().ruled
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parts().labels.get(name)
    }

    /// Where the value of a label comes from.
    #[must_use]
    pub fn worn(&self, name: &str) -> Worn {
        self.parts().worn(name)
    }

    /// Sets a person's choice, or takes it back. An empty value means that the label is not there.
    pub fn choose(&mut self, name: &str, choice: Option<Choice>) {
        self.change(|parts| parts.choose(name, choice));
    }

    /// Sets what the rules give; says for which labels that is something else than before, and both.
    pub fn rule(&mut self, ruled: &Labels) -> Vec<(String, Worn, Worn)> {
        if self.parts().ruled == *ruled { Vec::new() } else { self.change(|parts| parts.rule(ruled)) }
    }

    /// Shares the memory of those in `pool` that are the same, or is what others will share.
    pub fn share(&mut self, pool: &mut HashSet<Self>) {
        if self.0.is_none() {
            return;
        }
        match pool.get(self) {
            Some(same) => self.clone_from(same),
            None => drop(pool.insert(self.clone())),
        }
    }

    fn parts(&self) -> &Parts {
        self.0.as_deref().unwrap_or(&NONE)
    }

    fn of(parts: Parts) -> Self {
        Self((parts != NONE).then(|| Arc::new(parts)))
    }

    fn change<R>(&mut self, change: impl FnOnce(&mut Parts) -> R) -> R {
        let mut parts = self.0.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        let result = change(&mut parts);
        *self = Self::of(parts);
        result
    }
}

impl Parts {
    fn worn(&self, name: &str) -> Worn {
        let chosen = self.position(name).ok().and_then(|at| self.chosen.get(at)).map(|(_, choice)| choice.clone());
        Worn { chosen, ruled: self.ruled.get(name).map(str::to_owned) }
    }

    fn choose(&mut self, name: &str, choice: Option<Choice>) {
        let choice = match choice {
            Some(Choice::Value(value)) if value.is_empty() => Some(Choice::Nothing),
            other => other,
        };
        match (self.position(name), choice) {
            (Ok(at), Some(choice)) => {
                if let Some(pair) = self.chosen.get_mut(at) {
                    pair.1 = choice;
                }
            }
            (Ok(at), None) => drop(self.chosen.remove(at)),
            (Err(at), Some(choice)) => self.chosen.insert(at, (name.to_owned(), choice)),
            (Err(_), None) => {}
        }
        self.wear(name);
    }

    fn rule(&mut self, ruled: &Labels) -> Vec<(String, Worn, Worn)> {
        let before = std::mem::replace(&mut self.ruled, ruled.clone());
        let names = before.iter().map(|(name, _)| name).chain(ruled.iter().map(|(name, _)| name));
        let mut names: Vec<&str> = names.filter(|name| before.get(name) != ruled.get(name)).collect();
        names.sort_unstable();
        names.dedup();
        let mut changed = Vec::with_capacity(names.len());
        for name in names {
            let to = self.worn(name);
            let from = Worn { ruled: before.get(name).map(str::to_owned), ..to.clone() };
            self.wear(name);
            changed.push((name.to_owned(), from, to));
        }
        changed
    }

    fn wear(&mut self, name: &str) {
        match self.worn(name).value() {
            Some(value) => self.labels.set(name, value),
            None => self.labels.remove(name),
        }
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.chosen.binary_search_by(|(have, _)| have.as_str().cmp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(annotations: &Annotations) -> String {
        annotations.labels().to_string()
    }

    #[test]
    fn a_persons_choice_stands_above_the_rules_until_it_is_taken_back() {
        let mut annotations = Annotations::default();
        let rules = Labels::from_pairs([("team", "search"), ("tier", "1")]);
        assert_eq!(annotations.rule(&rules).len(), 2);
        annotations.choose("team", Some(Choice::Value("payments".to_owned())));
        assert_eq!(shown(&annotations), r#"{team="payments", tier="1"}"#);
        annotations.choose("tier", Some(Choice::Nothing));
        let changed = annotations.rule(&Labels::from_pairs([("team", "billing"), ("tier", "1")]));
        assert_eq!(shown(&annotations), r#"{team="payments"}"#);
        assert_eq!(changed.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["team"]);
        assert!(changed.iter().all(|(_, from, to)| from.value() == to.value()), "{changed:?}");
        annotations.choose("team", None);
        annotations.choose("tier", None);
        assert_eq!(shown(&annotations), r#"{team="billing", tier="1"}"#);
    }
    #[test]
    fn the_same_labels_are_the_same_however_they_came_about_and_share_their_memory() {
        let mut empty = Annotations::chosen_by_people(&Labels::from_pairs([("team", "search")]));
        empty.choose("team", None);
        assert_eq!(empty, Annotations::default());
        let rules = Labels::from_pairs([("team", "search")]);
        let (mut one, mut other) = (Annotations::default(), Annotations::new(Vec::new(), rules.clone()));
        one.rule(&rules);
        assert_eq!(one, other);
        let mut pool = HashSet::new();
        for annotations in [&mut one, &mut other, &mut empty] {
            annotations.share(&mut pool);
        }
        assert!(pool.len() == 1 && std::ptr::eq(one.labels(), other.labels()));
        // What one does with them is not the other's.
        one.choose("team", Some(Choice::Nothing));
        assert_eq!((shown(&one), shown(&other)), ("{}".to_owned(), r#"{team="search"}"#.to_owned()));
    }
}
