//! Annotation labels: what people chose, what rules give, and what comes of both.
//!
//! A person's choice stands above every rule, also the choice that a label should not be there. The rules' labels are kept
//! beside it, so that a label can be left to the rules again.

use super::label::Labels;

/// What a person chose for a label.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The labels of an aggregate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// What comes of both.
    labels: Labels,
    /// People's choices, by name.
    chosen: Vec<(String, Choice)>,
    /// What the rules give.
    ruled: Labels,
}

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
        let mut annotations = Self { labels: ruled.clone(), chosen: Vec::new(), ruled };
        for (name, choice) in chosen {
            annotations.choose(&name, Some(choice));
        }
        annotations
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
        &self.labels
    }

    /// People's choices in the order of their names.
    #[must_use]
    pub fn chosen(&self) -> &[(String, Choice)] {
        &self.chosen
    }

    /// What the rules give.
    #[must_use]
    pub fn ruled(&self) -> &Labels {
        &self.ruled
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.labels.get(name)
    }

    /// Where the value of a label comes from.
    #[must_use]
    pub fn worn(&self, name: &str) -> Worn {
        let chosen = self.position(name).ok().and_then(|at| self.chosen.get(at)).map(|(_, choice)| choice.clone());
        Worn { chosen, ruled: self.ruled.get(name).map(str::to_owned) }
    }

    /// Sets a person's choice, or takes it back. An empty value means that the label is not there.
    pub fn choose(&mut self, name: &str, choice: Option<Choice>) {
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

    /// Sets what the rules give; says for which labels that is something else than before, and both.
    pub fn rule(&mut self, ruled: &Labels) -> Vec<(String, Worn, Worn)> {
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
}
